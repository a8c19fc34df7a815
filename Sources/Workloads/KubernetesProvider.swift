package import KubernetesClient
import KubernetesObjects
import LinuxSystem
import Synchronization
import SystemPackage
import WorkloadModel

/// Pods of this node by the API of the cluster: their labels of now, their owners, and what runtimes do not know.
public final class KubernetesProvider: WorkloadProvider {
    public let name = "kubernetes"
    public private(set) var state = ProviderState.absent
    public var descriptor: Int32? { inbox.descriptor }

    private let reflector: Reflector<KubernetesPod>
    private let inbox: PodInbox
    private let pods: ClusterPods
    private var task: Task<Void, Never>?

    /// - Parameters:
    ///   - node: as the cluster calls it.
    ///   - client: of the cluster.
    ///   - pods: what is known of them, together with what the kubelet says.
    package init(
        node: String, _ client: APIClient, pods: ClusterPods = ClusterPods(), backOff: BackOff = BackOff()
    ) {
        let inbox = PodInbox()
        self.inbox = inbox
        self.pods = pods
        reflector = Reflector(.pods(onNode: node), client, backOff: backOff) { report in
            if case .state(let state) = report { pods.note(state) }
            inbox.put(report)
        }
    }

    deinit { task?.cancel() }

    public func begin() -> [FoundWorkload] {
        if task == nil {
            let reflector = reflector
            task = Task.detached { await reflector.run() }
        }
        return changes()
    }

    public func changes() -> [FoundWorkload] {
        var found: [FoundWorkload] = []
        let (reports, lost) = inbox.take()
        for report in reports {
            if case .state(let now) = report { state = Self.state(now) }
            found += pods.take(report).map { FoundWorkload($0) }
        }
        if lost > 0, state == .connected { state = .partly("\(lost) changes came too fast to be taken") }
        return found
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        pods.find(question).map { FoundWorkload($0) }
    }

    private static func state(_ state: ReflectorState) -> ProviderState {
        if state.staleSince != nil {
            return .failing(state.lastError + (state.isSynced ? "; what it said before stays in use" : ""))
        }
        guard state.isSynced else { return state.lastError.isEmpty ? .absent : .failing(state.lastError) }
        guard state.skipped > 0 else { return .connected }
        return .partly("\(state.skipped) objects are not known, the last since \(state.lastSkipped)")
    }
}

/// What the reflector's task has told, until the provider's thread takes it.
private final class PodInbox: Sendable {
    private struct Books {
        var reports: [ReflectorReport<KubernetesPod>] = []
        var lost: UInt64 = 0
    }

    /// Reports that wait at most: whoever takes them does nothing that lasts.
    private static let mostReports = 65_536

    private let books = Mutex(Books())
    private let bell: EventFD?

    /// Nil where the kernel gave none: then the provider is asked every two seconds.
    let descriptor: Int32?

    init() {
        do throws(Errno) {
            let made = try EventFD()
            descriptor = made.raw
            bell = consume made
        } catch {
            descriptor = nil
            bell = nil
        }
    }

    func put(_ report: ReflectorReport<KubernetesPod>) {
        books.withLock { books in
            if books.reports.count < Self.mostReports {
                books.reports.append(report)
            } else {
                books.lost += 1
            }
        }
        bell?.signal()
    }

    /// What came since the last call, and how many reports ever came too fast.
    func take() -> (reports: [ReflectorReport<KubernetesPod>], lost: UInt64) {
        bell?.drain()
        return books.withLock { books in
            defer { books.reports = [] }
            return (books.reports, books.lost)
        }
    }
}
