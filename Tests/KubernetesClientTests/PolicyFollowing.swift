import AgentCore
import AgentModel
import Foundation
import KubernetesClient
import Logging
import PolicyModel
import Synchronization

/// The policies of a daemon that follows a cluster of its own.
struct PolicyFollowing {
    /// The cluster's name of the machine.
    static let node = "node1"

    let cluster: Cluster
    let keeper: PolicyKeeper
    let runtime = NotingRuntime()
    let follower: ClusterFollower
    let log: NotingLog
    /// Labels of namespaces, as those hear who make identities of them.
    let toldNamespaces = ToldNamespaces()
    /// Where it listens.
    let port: Int

    /// - Parameters:
    ///   - objects: that are there from the start.
    ///   - folder: what is kept over a restart.
    ///   - port: of a cluster that is not there; nil = one is made.
    init(
        objects: [String] = [], folder: URL, port: Int? = nil, prepare: (Cluster) throws -> Void = { _ in }
    ) async throws {
        let cluster = Cluster()
        self.cluster = cluster
        for object in objects { try cluster.put(object) }
        try prepare(cluster)
        let listening: Int
        if let port {
            listening = port
        } else {
            listening = try await cluster.start()
        }
        self.port = listening
        var limits = ClusterFollower.limits
        limits.answerSeconds = 5
        limits.connectSeconds = 5
        limits.missingMilliseconds = 20
        limits.pageObjects = 3
        var backOff = BackOff()
        backOff.first = 10_000_000
        backOff.longest = 50_000_000
        let log = NotingLog()
        self.log = log
        let logger = Logger(label: "test") { _ in log.handler }
        let namespaces = NamespaceKeeper(
            manifests: [:], KeptNamespaceLabels(stateDirectory: folder.path), logger: logger
        ) { [toldNamespaces] in toldNamespaces.take($0) }
        let kept = KeptNodeLabels(stateDirectory: folder.path, node: Self.node)
        let labels = NodeLabels(node: Self.node, cluster: kept.read())
        var options = PolicyOptions(paths: [], stateDirectory: folder.path, nodeLabels: labels.merged)
        options.followsCluster = true
        let keeper = try PolicyKeeper(options, runtime: runtime, logger: logger)
        self.keeper = keeper
        follower = ClusterFollower(
            node: Self.node,
            APIClient(limits: limits) { () throws(APIFailure) in
                ClusterAccess(server: Following.address(listening))
            },
            kept: kept, backOff: backOff, logger: logger,
            listener: ClusterFollower.Listener(
                policies: { take in
                    keeper.adopt(take)
                    log.tick()
                },
                nodeLabels: { now in
                    labels.set(cluster: now) { keeper.adopt(nodeLabels: $0) }
                    log.tick()
                },
                namespaces: { word in
                    namespaces.take(word)
                    log.tick()
                }))
        try keeper.start()
        follower.start(known: keeper.keptOfCluster)
    }

    /// The policies, when this holds for them; all that happens is looked at until then.
    func policies(where holds: ([PolicyStatus]) -> Bool) async -> [PolicyStatus] {
        await until {
            await keeper.statuses()
        } holds: {
            holds($0)
        }
    }

    /// What the daemon would tell of the cluster, when this holds for it.
    func told(where holds: ((problems: [String], notes: [String])) -> Bool) async {
        _ = await until {
            (problems: follower.problems, notes: follower.notes)
        } holds: {
            holds($0)
        }
    }

    /// Labels of namespaces, when this holds for them.
    func namespaces(where holds: ([String: [String: String]]) -> Bool) async -> [String: [String: String]] {
        await until {
            toldNamespaces.labels
        } holds: {
            holds($0)
        }
    }

    private func until<Value>(_ look: () async -> Value, holds: (Value) -> Bool) async -> Value {
        var ticks = log.ticks.makeAsyncIterator()
        while true {
            let value = await look()
            if holds(value) { return value }
            guard await ticks.next(isolation: #isolation) != nil else { return value }
        }
    }

    /// Messages of the policies that run: they tell versions apart.
    var versions: [String] { runtime.running.map(\.policy.hooks[0].event.message) }

    func stop() async {
        follower.stop()
        keeper.stop()
        await cluster.stop()
    }

    /// A folder of a test's own.
    static func folder() throws -> URL {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secd-cluster-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder
    }
}

/// What was said of namespaces, by name.
final class ToldNamespaces: Sendable {
    private let kept = Mutex<[String: [String: String]]>([:])

    var labels: [String: [String: String]] { kept.withLock { $0 } }

    func take(_ changed: [String: [String: String]]) { kept.withLock { $0.merge(changed) { $1 } } }
}

/// Runs what it is given.
final class NotingRuntime: PolicyRuntime {
    private let kept = Mutex<[RunnablePolicy]>([])

    var running: [RunnablePolicy] { kept.withLock { $0 } }

    func replace(with policies: [RunnablePolicy]) throws(PolicyRefusal) -> [PolicyReport] {
        kept.withLock { $0 = policies }
        return policies.map { PolicyReport(id: $0.id, hooks: [], kernelBytes: 0) }
    }

    func counts() -> [PolicyCounts] { [] }
}

/// Keeps what is said, and ticks with each sentence.
final class NotingLog: Sendable {
    private let kept = Mutex<[String]>([])
    /// Something may have happened.
    let ticks: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation

    init() { (ticks, source) = AsyncStream<Void>.makeStream() }

    var sentences: [String] { kept.withLock { $0 } }

    func tick() { source.yield() }

    var handler: any LogHandler { Handler(notes: self) }

    private struct Handler: LogHandler {
        let notes: NotingLog
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            notes.kept.withLock { $0.append("\(event.message)") }
            notes.tick()
        }
    }
}

/// A policy as JSON, which kills who opens a file; the message tells versions apart.
func policy(
    _ name: String, namespace: String? = nil, message: String = "one", node: String = "",
    selectors: String =
        #"{"matchArgs":[{"index":1,"operator":"Equal","values":["/etc/key"]}],"matchActions":[{"action":"Sigkill"}]}"#
) -> String {
    let kind = namespace == nil ? "TracingPolicy" : "TracingPolicyNamespaced"
    let place = namespace.map { #","namespace":"\#($0)""# } ?? ""
    let selector = node.isEmpty ? "" : #""nodeSelector":{"matchLabels":{"zone":"\#(node)"}},"#
    return #"{"apiVersion":"cilium.io/v1alpha1","kind":"\#(kind)","metadata":{"name":"\#(name)"\#(place)},"#
        + #""spec":{\#(selector)"kprobes":[{"call":"sys_openat","message":"\#(message)","#
        + #""args":[{"index":0,"type":"int"},{"index":1,"type":"string"}],"selectors":[\#(selectors)]}]}}"#
}
