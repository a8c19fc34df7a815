import TextEncoding
import Workloads

/// Messages of NRI as containerd sends them.
enum NRISample {
    static let sandbox = String(repeating: "0a", count: 32)
    static let container = String(repeating: "0b", count: 32)

    /// `PodSandbox`.
    static func pod(namespace: String = "shop") -> [UInt8] {
        text(1, sandbox) + text(2, "web-1") + text(3, "u-1") + text(4, namespace)
            + CRISample.entry(5, "app", "web") + CRISample.entry(5, "io.kubernetes.pod.name", "web-1")
            + CRISample.entry(6, "note", "x") + CRISample.entry(6, "kubernetes.io/config.seen", "now")
            + text(7, "runc")
    }

    /// `Container`.
    /// - Parameter cgroup: of its OCI configuration.
    static func container(_ name: String = "app", cgroup: String = "", process: UInt8 = 0) -> [UInt8] {
        text(1, container) + text(2, sandbox) + text(3, name) + number(4, 1)
            + CRISample.entry(5, "tier", "edge") + CRISample.entry(5, "io.kubernetes.container.name", name)
            + CRISample.entry(6, "io.kubernetes.cri.image-name", "localhost/box:1")
            + text(7, "sh") + text(8, "PATH=/bin") + message(11, text(5, cgroup)) + number(12, process)
    }

    /// `ConfigureRequest`.
    /// - Parameter patience: of the runtime, milliseconds, below 128.
    static func configuration(_ runtime: String = "containerd", patience: UInt8 = 0) -> [UInt8] {
        text(2, runtime) + text(3, "1.7.24") + number(5, patience)
    }

    /// `CreateContainerRequest`, `StartContainerRequest` and their kin.
    static func subject(_ pod: [UInt8]?, _ container: [UInt8]? = nil) -> [UInt8] {
        (pod.map { message(1, $0) } ?? []) + (container.map { message(2, $0) } ?? [])
    }

    /// `StateChangeEvent`.
    static func change(_ event: UInt8, _ pod: [UInt8], _ container: [UInt8]? = nil) -> [UInt8] {
        number(1, event) + message(2, pod) + (container.map { message(3, $0) } ?? [])
    }

    /// `SynchronizeRequest`.
    static func state(_ pods: [[UInt8]], _ containers: [[UInt8]], hasMore: Bool = false) -> [UInt8] {
        pods.flatMap { message(1, $0) } + containers.flatMap { message(2, $0) }
            + (hasMore ? number(3, 1) : [])
    }

    /// A call of the runtime's.
    static func call(_ method: String, _ payload: [UInt8] = [], stream: UInt32 = 1) -> TTRPCMessage {
        TTRPCMessage(
            .plugin, .request, stream: stream,
            TTRPCCall(NRIMessage.pluginService, method, payload).bytes)
    }

    /// What a call is answered with where all is well.
    static func answer(_ payload: [UInt8] = [], stream: UInt32 = 1) -> TTRPCMessage {
        TTRPCMessage(.plugin, .response, stream: stream, TTRPCAnswer.success(payload).bytes)
    }

    static func message(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        ProtobufReader.message(number, bytes)
    }
    static func text(_ number: UInt8, _ text: String) -> [UInt8] { message(number, Array(text.utf8)) }
    static func number(_ field: UInt8, _ value: UInt8) -> [UInt8] { [field << 3, value] }
}
