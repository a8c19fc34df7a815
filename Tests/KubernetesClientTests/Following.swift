import KubernetesClient
import KubernetesObjects
import NIOSSL

/// A reflector that follows the pods of node1 in a server of its own.
struct Following {
    let cluster = Cluster()
    /// Where it listens.
    let port: Int
    private var reports: AsyncStream<ReflectorReport<KubernetesPod>>.Iterator
    private var requests: AsyncStream<ClusterRequest>.Iterator
    private let task: Task<Void, Never>
    private let reflector: Reflector<KubernetesPod>

    /// - Parameters:
    ///   - pods: that are there from the start.
    ///   - access: of the server at a port; nil = without TLS and token.
    init(
        pods: [String] = [], limits: APILimits = quick, tls: NIOSSLContext? = nil,
        prepare: (Cluster) throws -> Void = { _ in },
        access: (@Sendable (Int) throws(APIFailure) -> ClusterAccess)? = nil
    ) async throws {
        for pod in pods { try cluster.put(pod) }
        try prepare(cluster)
        let port = try await cluster.start(tls: tls)
        self.port = port
        let client = APIClient(limits: limits) { () throws(APIFailure) in
            if let access { return try access(port) }
            return ClusterAccess(server: Self.address(port))
        }
        var backOff = BackOff()
        backOff.first = 10_000_000
        backOff.longest = 50_000_000
        let (stream, continuation) = AsyncStream<ReflectorReport<KubernetesPod>>.makeStream()
        let reflector = Reflector<KubernetesPod>(
            .pods(onNode: "node1"), client, backOff: backOff, sink: { continuation.yield($0) })
        self.reflector = reflector
        reports = stream.makeAsyncIterator()
        requests = cluster.requests.makeAsyncIterator()
        task = Task.detached { await reflector.run() }
    }

    /// The server on this machine, without TLS.
    static func address(_ port: Int) -> ServerAddress {
        ServerAddress(isSecure: false, host: "127.0.0.1", port: port)
    }

    /// Limits that let faults show soon.
    static var quick: APILimits {
        var limits = APILimits()
        limits.answerSeconds = 2
        limits.connectSeconds = 2
        limits.pageObjects = 3
        limits.line = 65_536
        return limits
    }

    var state: ReflectorState { reflector.state }

    func stop() async {
        task.cancel()
        await cluster.stop()
    }

    /// The next list, by names.
    mutating func nextList() async -> [String] {
        while let report = await reports.next(isolation: #isolation) {
            if case .all(let pods, _) = report { return pods.map(\.metadata.name) }
        }
        return []
    }

    /// The next list, and how many objects it lacks.
    mutating func nextAll() async -> (pods: [KubernetesPod], missing: Int)? {
        while let report = await reports.next(isolation: #isolation) {
            if case .all(let pods, let missing) = report { return (pods, missing) }
        }
        return nil
    }

    /// The next object that came or changed.
    mutating func nextSet() async -> KubernetesPod? {
        while let report = await reports.next(isolation: #isolation) {
            if case .set(let pod) = report { return pod }
        }
        return nil
    }

    /// The name of the next one that went.
    mutating func nextRemoved() async -> String {
        while let report = await reports.next(isolation: #isolation) {
            if case .removed(let pod) = report { return pod.metadata.name }
        }
        return ""
    }

    /// The next state for which this holds.
    mutating func nextState(where holds: (ReflectorState) -> Bool) async -> ReflectorState {
        while let report = await reports.next(isolation: #isolation) {
            if case .state(let state) = report, holds(state) { return state }
        }
        return ReflectorState()
    }

    /// The next watch that the server was asked for.
    mutating func nextWatch() async -> ClusterRequest? {
        while let request = await requests.next(isolation: #isolation) {
            if request.query["watch"] != nil { return request }
        }
        return nil
    }

    /// The next list that the server was asked for.
    mutating func nextListRequest() async -> ClusterRequest? {
        while let request = await requests.next(isolation: #isolation) {
            if request.query["watch"] == nil { return request }
        }
        return nil
    }
}

/// A pod of a node, as JSON.
func pod(_ name: String, node: String = "node1", labels: String = "{}", more: String = "") -> String {
    #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"shop","labels":\#(labels)},"#
        + #""spec":{"nodeName":"\#(node)","containers":[{"name":"web","image":"nginx:1.27"}]}\#(more)}"#
}
