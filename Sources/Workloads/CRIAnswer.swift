import TextEncoding
package import WorkloadModel

/// Answers of the container runtime interface of Kubernetes (runtime.v1, k8s.io/cri-api), as far as they are
/// asked for.
package enum CRIAnswer {
    /// `ContainerFilter` or `PodSandboxFilter` with an id, in a request's first field.
    package static func request(id: String) -> [UInt8] {
        id.isEmpty ? [] : ProtobufReader.message(1, ProtobufReader.message(1, Array(id.utf8)))
    }

    /// A container, and the sandbox of its pod.
    package struct Container: Sendable {
        package var id = ""
        package var sandbox = ""
        var name = ""
        var image = Workload.Image()
        var created: UInt64 = 0
        var labels: [String: String] = [:]
    }

    /// A pod as its runtime knows it.
    package struct Sandbox: Sendable {
        package var id = ""
        var pod = Pod()
        var created: UInt64 = 0
    }

    /// `ListContainersResponse`.
    package static func containers(_ bytes: [UInt8]) -> [Container] {
        ProtobufReader.fields(bytes[...]).filter { $0.number == 1 }.map { container($0.value) }
    }

    /// `ListPodSandboxResponse`.
    package static func sandboxes(_ bytes: [UInt8]) -> [Sandbox] {
        ProtobufReader.fields(bytes[...]).filter { $0.number == 1 }.map { sandbox($0.value) }
    }

    private static func container(_ value: ProtobufReader.Value) -> Container {
        var result = Container()
        for field in value.fields {
            switch field.number {
            case 1: result.id = field.value.text
            case 2: result.sandbox = field.value.text
            case 3: result.name = text(1, of: field.value)
            case 4: result.image.name = text(1, of: field.value)
            case 5: result.image.id = field.value.text
            case 7: result.created = field.value.number
            case 8: insert(field.value, &result.labels)
            default: break
            }
        }
        // Kubernetes asks for images by digest; the name is in an annotation of the kubelet's at most.
        return result
    }

    private static func sandbox(
        _ value: ProtobufReader.Value, labels: Int = 5, annotations: Int = 6
    ) -> Sandbox {
        var result = Sandbox()
        for field in value.fields {
            switch field.number {
            case 1: result.id = field.value.text
            case 2:
                result.pod.name = text(1, of: field.value)
                result.pod.uid = text(2, of: field.value)
                result.pod.namespace = text(3, of: field.value)
            case 4: result.created = field.value.number
            case labels: insert(field.value, &result.pod.labels)
            case annotations: insert(field.value, &result.pod.annotations)
            default: break
            }
        }
        return result.withoutKubelet
    }

    /// `PodSandboxStatus`: some of the same fields by other numbers.
    static func sandboxStatus(_ value: ProtobufReader.Value) -> Sandbox {
        sandbox(value, labels: 7, annotations: 8)
    }

    /// `ContainerStatus`, which does not say the sandbox.
    static func containerStatus(_ value: ProtobufReader.Value, in sandbox: String) -> Container {
        var result = Container()
        result.sandbox = sandbox
        for field in value.fields {
            switch field.number {
            case 1: result.id = field.value.text
            case 2: result.name = text(1, of: field.value)
            case 4: result.created = field.value.number
            case 8: result.image.name = text(1, of: field.value)
            case 9: result.image.id = field.value.text
            case 12: insert(field.value, &result.labels)
            default: break
            }
        }
        return result
    }

    private static func text(_ number: Int, of value: ProtobufReader.Value) -> String {
        value.fields.first { $0.number == number }?.value.text ?? ""
    }

    private static func insert(_ entry: ProtobufReader.Value, _ map: inout [String: String]) {
        let (key, value) = entry.entry
        if map.count < 1024 { map[key] = value }
    }
}

extension CRIAnswer.Container {
    package func workload(_ runtime: String, _ sandbox: CRIAnswer.Sandbox?) -> Workload {
        var workload = Workload(kind: .container, id: id, name: name, runtime: runtime)
        workload.image = image
        workload.started = created
        workload.labels = labels.filter { !$0.key.hasPrefix("io.kubernetes.") }
        workload.pod = sandbox?.pod
        return workload
    }
}

extension CRIAnswer.Sandbox {
    /// Beside the pod's own the kubelet writes down its name once more.
    var withoutKubelet: Self {
        var result = self
        result.pod.labels = result.pod.labels.filter { !$0.key.hasPrefix("io.kubernetes.") }
        result.pod.annotations = result.pod.annotations.filter { !$0.key.hasPrefix("kubernetes.io/config.") }
        return result
    }

    /// The container that only holds the pod's namespaces.
    package func workload(_ runtime: String) -> Workload {
        var workload = Workload(kind: .container, id: id, runtime: runtime)
        workload.started = created
        workload.pod = pod
        return workload
    }
}
