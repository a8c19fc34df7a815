import TextEncoding

/// Requests of the CRI (runtime.v1, k8s.io/cri-api), as the kubelet makes them, with what tests need. Pods are in the
/// network of the host: nothing of CNI is needed.
enum PodRequest {
    /// Filters by state (`ContainerState`).
    enum State: UInt8 {
        case running = 1
    }

    /// `PodSandboxConfig`.
    /// - Parameter cgroup: above those of its containers.
    static func sandbox(
        name: String, uid: String, namespace: String, labels: [String: String], cgroup: String
    ) -> [UInt8] {
        message(1, text(1, name) + text(2, uid) + text(3, namespace)) + map(6, labels)
            + message(8, text(1, cgroup) + message(2, message(1, hostNetwork)))
    }

    /// `RunPodSandboxRequest`.
    static func run(_ sandbox: [UInt8]) -> [UInt8] { message(1, sandbox) }

    /// `CreateContainerRequest`.
    /// - Parameters:
    ///   - id: of the sandbox.
    ///   - sandbox: its configuration.
    ///   - arguments: of busybox.
    static func create(
        in id: String, _ sandbox: [UInt8], name: String, labels: [String: String], _ arguments: [String]
    ) -> [UInt8] {
        let configuration =
            message(1, text(1, name)) + message(2, text(1, BoxImage.name)) + text(3, "/bin/busybox")
            + arguments.flatMap { text(4, $0) } + map(9, labels)
            + message(15, message(2, message(3, hostNetwork)))
        return text(1, id) + message(2, configuration) + message(3, sandbox)
    }

    /// `StartContainerRequest`, `StopPodSandboxRequest`, `RemovePodSandboxRequest`.
    static func id(_ id: String) -> [UInt8] { text(1, id) }

    /// `ExecSyncRequest`, with ten seconds to end.
    /// - Parameter arguments: of busybox.
    static func exec(in container: String, _ arguments: [String]) -> [UInt8] {
        text(1, container) + (["/bin/busybox"] + arguments).flatMap { text(2, $0) } + number(3, 10)
    }

    /// `ListContainersRequest`: those of a sandbox in a state.
    static func containers(of sandbox: String, _ state: State) -> [UInt8] {
        message(1, message(2, number(1, state.rawValue)) + text(3, sandbox))
    }

    /// `NamespaceOption` with the network of the node (`NamespaceMode.NODE`).
    private static let hostNetwork = number(1, 2)

    private static func number(_ field: UInt8, _ value: UInt8) -> [UInt8] { [field << 3, value] }

    private static func message(_ field: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        ProtobufReader.message(field, bytes)
    }

    private static func text(_ field: UInt8, _ value: String) -> [UInt8] { message(field, Array(value.utf8)) }

    private static func map(_ field: UInt8, _ values: [String: String]) -> [UInt8] {
        values.flatMap { message(field, text(1, $0) + text(2, $1)) }
    }
}
