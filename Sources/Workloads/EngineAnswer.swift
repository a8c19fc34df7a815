import WorkloadModel

/// Answers of Docker's API (v1.24 and later; Podman's is compatible), as far as they are asked for. Names as
/// the API has them.
enum EngineAnswer {
    /// `/containers/json`.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Listed: Decodable {
        var Id: String
        var Names: [String]?
        var Image: String?
        var ImageID: String?
        var Labels: [String: String]?

        func workload(_ runtime: String) -> Workload {
            let name = EngineAnswer.name(Names?.min { $0.count < $1.count } ?? "")
            var workload = Workload(kind: .container, id: Id, name: name, runtime: runtime)
            workload.image = Workload.Image(name: Image ?? "", id: ImageID ?? "")
            EngineAnswer.apply(Labels ?? [:], to: &workload)
            return workload
        }
    }

    /// `/containers/ID/json`.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Inspected: Decodable {
        var Id: String
        var Name: String?
        var Image: String?
        var State: Running?
        var Config: Settings?
        var HostConfig: Rights?

        struct Running: Decodable {
            var Pid: Int64?
            var StartedAt: String?
        }

        struct Settings: Decodable {
            var Image: String?
            var Labels: [String: String]?
        }

        struct Rights: Decodable {
            var Privileged: Bool?
        }

        func workload(_ runtime: String) -> Workload {
            var workload = Workload(
                kind: .container, id: Id, name: EngineAnswer.name(Name ?? ""), runtime: runtime)
            workload.image = Workload.Image(name: Config?.Image ?? "", id: Image ?? "")
            workload.pid = UInt32(clamping: State?.Pid ?? 0)
            workload.started = State?.StartedAt.map(RFC3339.nanoseconds) ?? 0
            workload.isPrivileged = HostConfig?.Privileged
            EngineAnswer.apply(Config?.Labels ?? [:], to: &workload)
            return workload
        }
    }

    /// A line of `/events`.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    struct Event: Decodable {
        var Action: String?
        var Actor: Actor?
        /// As before version 1.22.
        var status: String?
        var id: String?

        struct Actor: Decodable {
            var ID: String?
        }
    }

    /// Docker writes a slash before names.
    private static func name(_ text: String) -> String {
        text.hasPrefix("/") ? String(text.dropFirst()) : text
    }

    /// Labels; those that the kubelet gives to containers of Docker name the pod.
    private static func apply(_ labels: [String: String], to workload: inout Workload) {
        workload.labels = labels
        guard let pod = labels["io.kubernetes.pod.name"] else { return }
        workload.pod = Pod(
            namespace: labels["io.kubernetes.pod.namespace"] ?? "", name: pod,
            uid: labels["io.kubernetes.pod.uid"] ?? "")
        workload.name = labels["io.kubernetes.container.name"] ?? workload.name
        if workload.name == "POD" { workload.name = "" }
    }
}
