package import KubernetesClient
import KubernetesObjects
import LinuxSystem
import WorkloadModel

/// Pods of this node by the kubelet, for as long as the API of the cluster says nothing. The kubelet has no watch: it is
/// asked every few seconds, and at once where a container comes of a pod that nobody knows.
public final class KubeletProvider: WorkloadProvider {
    /// Between questions, nanoseconds.
    package struct Pace: Sendable {
        /// Between lists.
        package var list: UInt64 = 5_000_000_000
        /// Between lists at least, where containers come that nobody knows.
        package var question: UInt64 = 1_000_000_000
        /// After failures.
        package var backOff = BackOff()

        package init() {}
    }

    public let name = "kubelet"
    public private(set) var state = ProviderState.standby(reason)
    public var descriptor: Int32? { nil }

    private static let reason = "the API of the cluster answers, or is given some seconds"
    /// Pods at most; Kubernetes recommends 110 on a node, and the largest have some hundred.
    private static let mostPods = 4096

    private let call: KubeletCall
    private let pods: ClusterPods
    private let pace: Pace
    private var backOff: BackOff
    private var nextList: UInt64 = 0
    private var lastList: UInt64 = 0
    /// Found by a question that was for something else.
    private var found: [FoundWorkload] = []

    /// - Parameters:
    ///   - client: of the kubelet, with `limits`.
    ///   - pods: what is known, together with what the API says.
    package init(_ client: APIClient, pods: ClusterPods, pace: Pace = Pace()) {
        call = KubeletCall(client: client)
        self.pods = pods
        self.pace = pace
        backOff = pace.backOff
    }

    /// Bounds for somebody on this machine, for whom a thread waits.
    package static var limits: APILimits {
        var limits = APILimits()
        limits.connectSeconds = 2
        limits.answerSeconds = 4
        return limits
    }

    public func begin() -> [FoundWorkload] { changes() }

    public func changes() -> [FoundWorkload] {
        defer { found = [] }
        let now = MonotonicClock.now
        if !pods.isOrphaned(at: now) {
            rest()
        } else if now >= nextList {
            ask()
        }
        return found
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let now = MonotonicClock.now
        // The API's own provider looks otherwise, and what is in no pod is not the kubelet's.
        guard pods.isOrphaned(at: now), !CgroupPathReader.place(of: question.path).podUID.isEmpty else {
            return nil
        }
        if let known = pods.find(question) { return FoundWorkload(known) }
        // One that does not answer is not asked more often for that.
        guard state.isUsable else { return nil }
        guard now >= lastList &+ pace.question else {
            nextList = min(nextList, lastList &+ pace.question)
            return nil
        }
        ask()
        return pods.find(question).map { FoundWorkload($0) }
    }

    /// The API answers.
    private func rest() {
        state = .standby(Self.reason)
        nextList = 0
        backOff = pace.backOff
    }

    private func ask() {
        do throws(APIFailure) {
            let list = try call.pods()
            lastList = MonotonicClock.now
            nextList = lastList &+ pace.list
            take(list)
        } catch {
            lastList = MonotonicClock.now
            nextList = lastList &+ backOff.failed(at: lastList, chance: Double.random(in: 0..<1))
            state = .failing(Self.words(error))
        }
    }

    private func take(_ list: ListPage<KubernetesPod>) {
        let surplus = max(0, list.objects.count - Self.mostPods)
        let missing = list.unreadable.count + surplus
        let known = Array(list.objects.prefix(Self.mostPods))
        guard let changed = pods.take(kubelet: known, isWhole: missing == 0) else { return rest() }
        found += changed.map { FoundWorkload($0) }
        guard missing > 0 else {
            state = .connected
            return
        }
        let last = surplus > 0 ? "more than \(Self.mostPods) pods" : list.unreadable.last?.description ?? ""
        state = .partly("\(missing) objects are not known, the last since \(last)")
    }

    /// With what to do about it.
    private static func words(_ failure: APIFailure) -> String {
        let advice =
            switch failure {
            case .status(401, _, _):
                "; it takes tokens where its authentication.webhook is on, and certificates of its authentication.x509.clientCAFile"
            case .status(403, _, _):
                "; let secd's role get nodes/pods (from Kubernetes 1.33 on), or nodes/proxy"
            case .untrusted:
                "; name the authority of its certificate in workloads.kubelet.ca, its name in workloads.kubelet.server-name"
            default: ""
            }
        return failure.description + advice
    }
}
