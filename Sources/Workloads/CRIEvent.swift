import TextEncoding
package import WorkloadModel

/// `ContainerEventResponse` of the CRI: something happened to a container or to the sandbox of a pod. With it comes what
/// the runtime knows of the whole pod.
package struct CRIEvent: Sendable {
    /// Containers of one pod that are read at most.
    private static let mostContainers = 1024

    /// Of the container, or of the sandbox.
    package private(set) var id = ""
    /// Whether the runtime has forgotten it.
    package private(set) var isDeletion = false
    private var sandbox: CRIAnswer.Sandbox?
    private var statuses: [ProtobufReader.Value] = []

    package init(_ bytes: [UInt8]) {
        for field in ProtobufReader.fields(bytes[...]) {
            switch field.number {
            case 1: id = field.value.text
            // `CONTAINER_DELETED_EVENT`
            case 2: isDeletion = field.value.number == 3
            case 4: sandbox = CRIAnswer.sandboxStatus(field.value)
            case 5: if statuses.count < Self.mostContainers { statuses.append(field.value) }
            default: break
            }
        }
    }

    /// The sandbox and the containers of the pod, as far as the event has them.
    /// - Parameter runtime: what the containers run under.
    package func workloads(_ runtime: String) -> [Workload] {
        guard let sandbox, !sandbox.id.isEmpty else { return [] }
        let containers = statuses.map { CRIAnswer.containerStatus($0, in: sandbox.id) }
        return [sandbox.workload(runtime)]
            + containers.filter { !$0.id.isEmpty }.map { $0.workload(runtime, sandbox) }
    }
}
