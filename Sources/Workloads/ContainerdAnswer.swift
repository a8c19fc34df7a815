package import WorkloadModel

/// Answers of containerd's own API (containerd.services.…v1), as far as they are asked for.
package enum ContainerdAnswer {
    /// `GetContainerRequest`.
    package static func request(id: String) -> [UInt8] { ProtobufReader.message(1, Array(id.utf8)) }

    /// A container, whether it runs or not.
    package struct Container: Sendable {
        package var id = ""
        package var labels: [String: String] = [:]
        var image = ""
        var created: UInt64 = 0
    }

    /// `ListNamespacesResponse`.
    package static func namespaces(_ bytes: [UInt8]) -> [String] {
        items(bytes).map { text(1, of: $0) }.filter { !$0.isEmpty }
    }

    /// `ListContainersResponse`, and `GetContainerResponse`, which is one of them.
    package static func containers(_ bytes: [UInt8]) -> [Container] { items(bytes).map(container) }

    /// `ListTasksResponse`: first processes by container.
    package static func processes(_ bytes: [UInt8]) -> [String: UInt32] {
        var processes: [String: UInt32] = [:]
        for task in items(bytes) {
            var (container, id, pid) = ("", "", UInt64(0))
            for field in task.fields {
                switch field.number {
                case 1: container = field.value.text
                case 2: id = field.value.text
                case 3: pid = field.value.number
                default: break
                }
            }
            processes[container.isEmpty ? id : container] = UInt32(clamping: pid)
        }
        return processes
    }

    private static func items(_ bytes: [UInt8]) -> [ProtobufReader.Value] {
        ProtobufReader.fields(bytes[...]).filter { $0.number == 1 }.map(\.value)
    }

    private static func container(_ value: ProtobufReader.Value) -> Container {
        var result = Container()
        for field in value.fields {
            switch field.number {
            case 1: result.id = field.value.text
            case 2:
                let (key, text) = field.value.entry
                if result.labels.count < 1024 { result.labels[key] = text }
            case 3: result.image = field.value.text
            case 8: result.created = nanoseconds(field.value)
            default: break
            }
        }
        return result
    }

    /// `google.protobuf.Timestamp`.
    private static func nanoseconds(_ value: ProtobufReader.Value) -> UInt64 {
        var (seconds, rest) = (UInt64(0), UInt64(0))
        for field in value.fields {
            if field.number == 1 { seconds = field.value.number }
            if field.number == 2 { rest = field.value.number }
        }
        // Before 1970 and after 2554 there are no containers.
        let (whole, isTooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLarge || rest >= 1_000_000_000 ? 0 : whole &+ rest
    }

    private static func text(_ number: Int, of value: ProtobufReader.Value) -> String {
        value.fields.first { $0.number == number }?.value.text ?? ""
    }
}

extension ContainerdAnswer.Container {
    package var workload: Workload {
        // nerdctl draws ids, and keeps the name with the container; ctr takes the id for a name.
        let name = labels["nerdctl/name"] ?? id
        var workload = Workload(kind: .container, id: id, name: name, runtime: "containerd")
        workload.image.name = image
        workload.started = created
        workload.labels = labels.filter { key, _ in
            !["nerdctl/", "io.containerd.", "containerd.io/"].contains { key.hasPrefix($0) }
        }
        return workload
    }
}
