import LinuxSystem
import WorkloadModel

/// Containers and pods of containerd or CRI-O, by the interface that the kubelet uses. Those that come are
/// asked for when their cgroup appears; all of them every few seconds, because labels change.
public final class CRIProvider: WorkloadProvider {
    public let name: String
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { nil }
    /// A pod's sandbox is listed when it runs.
    public var hearsLate: Bool { state == .connected }

    /// Containers that are remembered at most.
    private static let mostContainers = 16_384
    /// Between lists, nanoseconds.
    private static let interval: UInt64 = 5_000_000_000

    private let call: RuntimeCall
    private var socket: RuntimeSocket
    private var known: [String: Workload] = [:]
    private var nextList: UInt64 = 0

    /// - Parameters:
    ///   - name: of the runtime: containerd, cri-o.
    ///   - socket: path of its API.
    public init(name: String, socket: String) {
        self.name = name
        self.socket = RuntimeSocket(path: socket)
        call = RuntimeCall(path: socket, service: "runtime.v1.RuntimeService")
    }

    /// The runtimes of a node, where they listen by default.
    public static var usual: [CRIProvider] {
        [
            CRIProvider(name: "containerd", socket: "/run/containerd/containerd.sock"),
            CRIProvider(name: "cri-o", socket: "/run/crio/crio.sock"),
        ]
    }

    public func begin() -> [FoundWorkload] {
        nextList = MonotonicClock.now &+ Self.interval
        guard socket.isThere() else {
            state = .absent
            return []
        }
        guard let sandboxes = call.ask("ListPodSandbox", []), let containers = call.ask("ListContainers", [])
        else {
            state = .failing("its socket does not answer calls of runtime.v1.RuntimeService")
            return []
        }
        state = .connected
        let pods = CRIAnswer.sandboxes(sandboxes)
        let byID = Dictionary(pods.map { ($0.id, $0) }) { first, _ in first }
        var current: [String: Workload] = [:]
        for pod in pods.prefix(Self.mostContainers) { current[pod.id] = pod.workload(name) }
        for container in CRIAnswer.containers(containers).prefix(Self.mostContainers) {
            current[container.id] = container.workload(name, byID[container.sandbox])
        }
        let changed = current.filter { known[$0.key] != $0.value }
        known = current
        return changed.values.map { FoundWorkload($0) }
    }

    public func changes() -> [FoundWorkload] {
        if state == .connected ? MonotonicClock.now >= nextList : socket.isNew { return begin() }
        return []
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let id = CgroupPathReader.place(of: question.path).id
        guard !id.isEmpty, state == .connected else { return nil }
        if let workload = known[id] { return FoundWorkload(workload) }
        guard let workload = ask(id) else { return nil }
        if known.count < Self.mostContainers { known[id] = workload }
        return FoundWorkload(workload)
    }

    private func ask(_ id: String) -> Workload? {
        let request = CRIAnswer.request(id: id)
        let container = call.ask("ListContainers", request).map(CRIAnswer.containers)?.first { $0.id == id }
        let pod = container?.sandbox ?? id
        let sandbox = call.ask("ListPodSandbox", CRIAnswer.request(id: pod)).map(CRIAnswer.sandboxes)?
            .first { $0.id == pod }
        guard var workload = container?.workload(name, sandbox) else { return sandbox?.workload(name) }
        if let status = call.ask("ContainerStatus", CRIStatus.request(id: id)).map(CRIStatus.init) {
            workload.isPrivileged = status.isPrivileged
            workload.pid = status.process
        }
        return workload
    }
}
