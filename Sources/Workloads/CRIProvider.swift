import LinuxSystem
import SystemPackage
import WorkloadModel

/// Containers and pods of containerd or CRI-O, by the interface that the kubelet uses. Those that come are told by
/// events where the runtime offers them to several clients; elsewhere all are asked for every few seconds. In any case
/// one is asked for when its cgroup appears.
public final class CRIProvider: WorkloadProvider {
    public let name: String
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { events?.descriptor }
    /// A sandbox is listed when it runs; containerd has it in its own API before.
    public var hearsLate: Bool { state.isUsable && !isContainerd }

    /// Containers that are remembered at most.
    private static let mostContainers = 16_384
    /// Between lists where nobody tells events, nanoseconds.
    private static let interval: UInt64 = 5_000_000_000
    /// Between lists beside events: none of these is repeated.
    private static let longInterval: UInt64 = 60_000_000_000
    /// Before a stream that broke is opened again, nanoseconds: twice as long each time.
    private let shortestPause: UInt64
    private static let longestPause: UInt64 = 60_000_000_000

    /// A container or sandbox, and whether its status was looked at: only there stand its rights.
    private struct Known: Equatable {
        var workload: Workload
        var hasStatus = false
    }

    private let call: RuntimeCall
    /// Of containerd's own API.
    private let containerCall: RuntimeCall
    private var isContainerd = false
    private var socket: RuntimeSocket
    private var known: [String: Known] = [:]
    /// What the runtime has forgotten since the last list, and before: its first record may not be read yet.
    private var gone: (now: [String: Known], before: [String: Known]) = ([:], [:])
    private var nextList: UInt64 = 0
    private var events: CRIEventStream?
    /// When to open the next stream, monotonic; nil = not at all, as long as this runtime is connected.
    private var nextStream: UInt64?
    private var pause: UInt64
    /// Why the last stream ended; nil when the one of now has told something, or is the first.
    private var fault: String?

    /// - Parameters:
    ///   - name: of the runtime: containerd, cri-o.
    ///   - socket: path of its API.
    public convenience init(name: String, socket: String) {
        self.init(name: name, socket: socket, pause: 1_000_000_000)
    }

    /// - Parameter pause: before a stream of events that ended is opened again, at first.
    package init(name: String, socket: String, pause: UInt64) {
        self.name = name
        (shortestPause, self.pause) = (pause, pause)
        self.socket = RuntimeSocket(path: socket)
        call = RuntimeCall(path: socket, service: "runtime.v1.RuntimeService")
        containerCall = RuntimeCall(path: socket, service: "containerd.services.containers.v1.Containers")
    }

    /// The runtimes of a node, where they listen by default.
    public static var usual: [CRIProvider] {
        [
            CRIProvider(name: "containerd", socket: "/run/containerd/containerd.sock"),
            CRIProvider(name: "cri-o", socket: "/run/crio/crio.sock"),
        ]
    }

    public func begin() -> [FoundWorkload] {
        (events, nextStream) = (nil, nil)
        guard socket.isThere() else {
            state = .absent
            return []
        }
        guard let answer = call.ask("Version", []) else {
            socket.failed()
            state = .failing(Self.noAnswer)
            return []
        }
        let version = CRIVersion(answer)
        isContainerd = version.runtime == "containerd"
        if version.sharesEvents {
            state = fault.map { .polled($0) } ?? .connected
            openStream()
        } else {
            let title = "\(version.runtime) \(version.version)"
            state = .polled("\(title) has no events, or tells each to one client alone")
        }
        return list()
    }

    private static let noAnswer = "its socket does not answer calls of runtime.v1.RuntimeService"

    /// Asks for all that there are. The stream is open by then, so that nothing comes in between.
    private func list() -> [FoundWorkload] {
        nextList = MonotonicClock.now &+ (events == nil ? Self.interval : Self.longInterval)
        guard let sandboxes = call.ask("ListPodSandbox", []), let containers = call.ask("ListContainers", [])
        else {
            events = nil
            state = socket.isThere() ? .failing(Self.noAnswer) : .absent
            socket.failed()
            return []
        }
        let pods = CRIAnswer.sandboxes(sandboxes)
        let byID = Dictionary(pods.map { ($0.id, $0) }) { first, _ in first }
        var current: [String: Known] = [:]
        for pod in pods.prefix(Self.mostContainers) { current[pod.id] = updated(pod.workload(name)) }
        for container in CRIAnswer.containers(containers).prefix(Self.mostContainers) {
            current[container.id] = updated(container.workload(name, byID[container.sandbox]))
        }
        let changed = current.filter { known[$0.key] != $0.value }
        gone = (known.filter { current[$0.key] == nil }, gone.now)
        known = current
        return changed.values.map { FoundWorkload($0.workload) }
    }

    /// What is told of a container now, with what only its status says.
    private func updated(_ workload: Workload) -> Known {
        guard let before = known[workload.id], before.hasStatus else { return Known(workload: workload) }
        var workload = workload
        workload.isPrivileged = before.workload.isPrivileged
        workload.pid = before.workload.pid
        return Known(workload: workload, hasStatus: true)
    }

    private func openStream() {
        do throws(Errno) {
            events = try CRIEventStream(call)
        } catch {
            streamEnded(.ended("\(error)"))
        }
    }

    private func streamEnded(_ end: CRIEventStream.End) {
        events = nil
        let reason: String
        switch end {
        case .notOffered: reason = "it has no events"
        case .ended(let cause):
            reason = "the stream of events is opened again and again: \(cause)"
            nextStream = MonotonicClock.now &+ pause
            pause = min(pause &* 2, Self.longestPause)
        }
        fault = reason
        state = .polled(reason)
    }

    public func changes() -> [FoundWorkload] {
        guard state.isUsable else { return socket.isWorthATry ? begin() : [] }
        var found: [FoundWorkload] = []
        if let batch = events?.take() {
            found = batch.events.flatMap { took(CRIEvent($0)) }
            if !batch.events.isEmpty {
                (state, fault, pause) = (.connected, nil, shortestPause)
            }
            if batch.isIncomplete { nextList = 0 }
            if let end = batch.end {
                streamEnded(end)
                nextList = 0
            }
        } else if let nextStream, MonotonicClock.now >= nextStream {
            // It may be another runtime by now.
            return begin()
        }
        return MonotonicClock.now >= nextList ? found + list() : found
    }

    /// Remembers what an event says. Returns what was not known before.
    private func took(_ event: CRIEvent) -> [FoundWorkload] {
        var found: [FoundWorkload] = []
        for workload in event.workloads(name) where known[workload.id] != nil || hasRoom {
            let now = updated(workload)
            if known.updateValue(now, forKey: workload.id) != now {
                found.append(FoundWorkload(now.workload))
            }
        }
        if event.isDeletion, let last = known.removeValue(forKey: event.id) {
            if gone.now.count < Self.mostContainers { gone.now[event.id] = last }
        }
        return found
    }

    private var hasRoom: Bool { known.count < Self.mostContainers }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let id = CgroupPathReader.place(of: question.path).id
        guard !id.isEmpty else { return nil }
        if let last = known[id] {
            guard !last.hasStatus else { return FoundWorkload(last.workload) }
            let complete = withStatus(last.workload)
            known[id] = complete
            return FoundWorkload(complete.workload)
        }
        if let last = gone.now[id] ?? gone.before[id] { return FoundWorkload(last.workload) }
        guard state.isUsable, let answer = ask(id) else { return nil }
        if hasRoom { known[id] = answer }
        return FoundWorkload(answer.workload)
    }

    private func ask(_ id: String) -> Known? {
        let request = CRIAnswer.request(id: id)
        let container = call.ask("ListContainers", request).map(CRIAnswer.containers)?.first { $0.id == id }
        let pod = container?.sandbox ?? id
        let listed = call.ask("ListPodSandbox", CRIAnswer.request(id: pod)).map(CRIAnswer.sandboxes)?
            .first { $0.id == pod }
        let sandbox = listed ?? (container == nil ? sandboxToCome(id) : nil)
        return (container?.workload(name, sandbox) ?? sandbox?.workload(name)).map(withStatus)
    }

    /// A sandbox that does not run yet.
    private func sandboxToCome(_ id: String) -> CRIAnswer.Sandbox? {
        guard isContainerd,
            let answer = containerCall.ask(
                "Get", ContainerdAnswer.request(id: id), namespace: ContainerdSandbox.namespace),
            let sandbox = ContainerdSandbox.sandbox(answer), sandbox.id == id
        else { return nil }
        return sandbox
    }

    /// Looks at the status of a container.
    private func withStatus(_ workload: Workload) -> Known {
        // A sandbox has no name, and no status of this kind.
        guard !workload.name.isEmpty else { return Known(workload: workload, hasStatus: true) }
        var workload = workload
        guard let answer = call.ask("ContainerStatus", CRIStatus.request(id: workload.id)) else {
            return Known(workload: workload)
        }
        let status = CRIStatus(answer)
        workload.isPrivileged = status.isPrivileged
        workload.pid = status.process
        return Known(workload: workload, hasStatus: true)
    }
}
