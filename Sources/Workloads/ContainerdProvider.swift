public import LinuxSystem
import WorkloadModel

/// Containers of containerd that no kubelet made (ctr, nerdctl, others), by its own API. Those that come are asked
/// for when their cgroup appears; all of them every few seconds, because labels change.
public final class ContainerdProvider: WorkloadProvider {
    public let name = "containerd-api"
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { nil }

    /// Containers that are remembered at most.
    private static let mostContainers = 16_384
    private static let mostNamespaces = 256
    /// Between lists, nanoseconds.
    private static let interval: UInt64 = 5_000_000_000
    /// Namespaces of others who know more: the CRI, and Docker.
    private static let foreign: Set = ["k8s.io", "moby"]

    private var socket: RuntimeSocket
    private let namespaceCall: RuntimeCall
    private let containerCall: RuntimeCall
    private let taskCall: RuntimeCall
    private let cgroups: CgroupFiles
    private var known: [Key: Known] = [:]
    private var namespaces: [String] = []
    private var nextList: UInt64 = 0

    /// Ids are unique in a namespace.
    private struct Key: Hashable {
        var namespace: String
        var id: String
    }

    private struct Known: Equatable {
        var workload: Workload
        /// Of its cgroup; 0 = it does not run, as far as is known.
        var cgroupID: UInt64
    }

    /// - Parameters:
    ///   - socket: path of containerd's API.
    ///   - hierarchy: that of the containers' cgroups.
    public init(socket: String, hierarchy: CgroupHierarchy) {
        self.socket = RuntimeSocket(path: socket)
        let prefix = "containerd.services."
        namespaceCall = RuntimeCall(path: socket, service: prefix + "namespaces.v1.Namespaces")
        containerCall = RuntimeCall(path: socket, service: prefix + "containers.v1.Containers")
        taskCall = RuntimeCall(path: socket, service: prefix + "tasks.v1.Tasks")
        cgroups = CgroupFiles(hierarchy: hierarchy)
    }

    public func begin() -> [FoundWorkload] {
        nextList = MonotonicClock.now &+ Self.interval
        guard socket.isThere() else {
            state = .absent
            return []
        }
        guard let answer = namespaceCall.ask("List", []) else {
            socket.failed()
            state = .failing("its socket does not answer calls of containerd.services.namespaces.v1")
            return []
        }
        namespaces = ContainerdAnswer.namespaces(answer).filter { !Self.foreign.contains($0) }
        guard namespaces.count <= Self.mostNamespaces else {
            state = .failing("it has \(namespaces.count) namespaces, and \(Self.mostNamespaces) are expected")
            return []
        }
        state = .connected
        var current: [Key: Known] = [:]
        for namespace in namespaces { list(namespace, &current) }
        let changed = current.filter { known[$0.key] != $0.value && $0.value.cgroupID != 0 }
        known = current
        return changed.values.map { FoundWorkload($0.workload, cgroupID: $0.cgroupID) }
    }

    private func list(_ namespace: String, _ current: inout [Key: Known]) {
        guard let answer = containerCall.ask("List", [], namespace: namespace) else { return }
        let containers = ContainerdAnswer.containers(answer)
        guard !containers.isEmpty else { return }
        let tasks = taskCall.ask("List", [], namespace: namespace).map(ContainerdAnswer.processes) ?? [:]
        for container in containers.prefix(Self.mostContainers - current.count) {
            let workload = placed(container.workload, process: tasks[container.id] ?? 0)
            current[Key(namespace: namespace, id: container.id)] = workload
        }
    }

    /// With the cgroup of its first process.
    private func placed(_ workload: Workload, process: UInt32) -> Known {
        var workload = workload
        workload.pid = process
        // A container that could choose the host's cgroup would be the host.
        guard let path = cgroups.path(ofProcess: process), path != "/" else {
            return Known(workload: workload, cgroupID: 0)
        }
        workload.cgroup = path
        return Known(workload: workload, cgroupID: cgroups.id(of: path))
    }

    public func changes() -> [FoundWorkload] {
        let isDue = state == .connected ? MonotonicClock.now >= nextList : socket.isWorthATry
        return isDue ? begin() : []
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        guard state == .connected else { return nil }
        let place = CgroupPathReader.place(of: question.path)
        if place.kind == .container, !place.id.isEmpty {
            return namespaces.lazy.compactMap { [self] in ask(place.id, in: $0) }.first.map {
                answer($0, question)
            }
        }
        // `/NAMESPACE/ID`, unless its maker chose otherwise. Deeper cgroups are made by others than root, too: those
        // are containers only where the list has their first process.
        let parts = question.path.split(separator: "/").map(String.init)
        guard place.kind == .other, parts.count == 2, !Self.foreign.contains(parts[0]) else { return nil }
        return ask(parts[1], in: parts[0]).map { answer($0, question) }
    }

    private func answer(_ workload: Workload, _ question: WorkloadQuestion) -> FoundWorkload {
        var workload = workload
        workload.cgroup = question.path
        return FoundWorkload(workload, cgroupID: question.id)
    }

    private func ask(_ id: String, in namespace: String) -> Workload? {
        if let known = known[Key(namespace: namespace, id: id)] { return known.workload }
        guard Self.isName(namespace), Self.isName(id),
            let answer = containerCall.ask(
                "Get", ContainerdAnswer.request(id: id), namespace: namespace),
            let container = ContainerdAnswer.containers(answer).first(where: { $0.id == id })
        else { return nil }
        return container.workload
    }

    /// What containerd takes for a name: nothing else is put into a header.
    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
            }
    }
}
