import KubernetesClient
import KubernetesObjects
import Logging
import NIOSSL
import WorkloadModel
import Workloads

/// Providers of the pods of node1, each with a server of its own: the API where it is wanted, and the kubelet.
struct KubeletFollowing {
    /// Of the cluster; without a listener where none is wanted.
    let api = Cluster()
    let kubelet = Cluster()
    let directory: WorkloadDirectory
    /// Where the kubelet listens.
    let port: Int
    private let log = NotingLog()
    /// Sentences of the log that were looked at.
    private var read = 0
    private var found: AsyncStream<FoundWorkload>.Iterator
    private var answered: AsyncStream<WorkloadQuestion>.Iterator

    /// - Parameters:
    ///   - pods: of the kubelet, from the start.
    ///   - apiPods: of the API; nil = nobody listens there, and the kubelet is asked at once.
    ///   - isAbsent: whether nobody listens where the kubelet should.
    ///   - access: of the kubelet at a port; nil = without TLS.
    init(
        _ pods: [String] = [], api apiPods: [String]? = nil, isAbsent: Bool = false,
        tls: NIOSSLContext? = nil, limits: APILimits = quick, pace: KubeletProvider.Pace = quickPace,
        prepare: (Cluster) throws -> Void = { _ in },
        access: (@Sendable (Int) throws(APIFailure) -> ClusterAccess)? = nil
    ) async throws {
        for pod in pods { try kubelet.put(pod) }
        try prepare(kubelet)
        let port = try await kubelet.start(tls: tls)
        if isAbsent { await kubelet.stop() }
        self.port = port
        // Long enough for the API's own first answer.
        let known = ClusterPods(patience: apiPods == nil ? 0 : 5_000_000_000)
        let client = APIClient(limits: limits) { () throws(APIFailure) in
            if let access { return try access(port) }
            return ClusterAccess(server: Following.address(port))
        }
        var providers: [any WorkloadProvider] = [KubeletProvider(client, pods: known, pace: pace)]
        if let apiPods {
            for pod in apiPods { try api.put(pod) }
            let apiPort = try await api.start()
            let client = APIClient(limits: Following.quick) { () throws(APIFailure) in
                ClusterAccess(server: Following.address(apiPort))
            }
            providers.append(
                KubernetesProvider(node: "node1", client, pods: known, backOff: Self.quickPace.backOff))
        }
        let (foundStream, foundSource) = AsyncStream<FoundWorkload>.makeStream()
        let (answeredStream, answeredSource) = AsyncStream<WorkloadQuestion>.makeStream()
        found = foundStream.makeAsyncIterator()
        answered = answeredStream.makeAsyncIterator()
        let log = log
        directory = try WorkloadDirectory(
            providers,
            WorkloadDirectory.Listener(
                found: { for one in $0 { foundSource.yield(one) } },
                answered: { question, _ in answeredSource.yield(question) }),
            logger: Logger(label: "test") { _ in log.handler })
        try directory.start()
    }

    static var quick: APILimits {
        var limits = KubeletProvider.limits
        limits.connectSeconds = 2
        limits.answerSeconds = 2
        return limits
    }

    /// Asks whenever the provider's thread looks.
    static var quickPace: KubeletProvider.Pace {
        var pace = KubeletProvider.Pace()
        pace.list = 0
        pace.question = 0
        pace.backOff.first = 10_000_000
        pace.backOff.longest = 50_000_000
        return pace
    }

    func stop() async {
        directory.stop()
        await api.stop()
        await kubelet.stop()
    }

    /// The next words of the log about the kubelet for which this holds; none are left out.
    mutating func said(where holds: (String) -> Bool) async -> String {
        let prefix = "workloads: kubelet"
        var ticks = log.ticks.makeAsyncIterator()
        while true {
            let sentences = log.sentences
            while read < sentences.count {
                defer { read += 1 }
                guard sentences[read].hasPrefix(prefix) else { continue }
                let words = String(sentences[read].dropFirst(prefix.count))
                if holds(words) { return words }
            }
            guard await ticks.next(isolation: #isolation) != nil else { return "" }
        }
    }

    /// Returns when its answers count; why they count only in part, else nothing.
    mutating func isFollowed() async -> String {
        let words = await said { $0.hasPrefix(" is followed") }
        return String(words.dropFirst(" is followed".count))
    }

    /// Why it fails, when it does next.
    mutating func failure() async -> String {
        String(await said { $0.hasPrefix(": ") }.dropFirst(2))
    }

    /// The next container for which this holds.
    mutating func next(where holds: (Workload) -> Bool = { _ in true }) async -> Workload? {
        while let one = await found.next(isolation: #isolation) {
            if holds(one.workload) { return one.workload }
        }
        return nil
    }

    /// Asks for the container of a pod; returns when all providers have looked.
    mutating func ask(container: Character, of uid: String) async {
        let path = "/kubepods/burstable/pod\(uid)/\(String(repeating: container, count: 64))"
        let question = WorkloadQuestion(id: 7, path: path)
        directory.ask(question)
        while let one = await answered.next(isolation: #isolation), one != question {}
    }
}

/// A pod of node1 with one container that runs, as JSON.
func running(_ name: String, uid: String, container: Character, tier: String) -> String {
    let id = String(repeating: container, count: 64)
    return
        #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"shop","uid":"\#(uid)","#
        + #""labels":{"tier":"\#(tier)"}},"#
        + #""spec":{"nodeName":"node1","containers":[{"name":"\#(name)","image":"nginx:1.27"}]},"#
        + #""status":{"containerStatuses":[{"name":"\#(name)","containerID":"containerd://\#(id)"}]}}"#
}
