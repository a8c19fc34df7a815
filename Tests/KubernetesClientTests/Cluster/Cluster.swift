import JSONTree
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An API server for pods, namespaces, nodes and tracing policies: lists in pages, watches with bookmarks, 410 for what is too old,
/// writes; and faults on command.
final class Cluster: Sendable {
    struct Watch {
        let channel: any Channel
        let resource: String
        let namespace: String?
        let selector: FieldSelector
    }

    struct State {
        var store = ClusterStore()
        var watches: [Watch] = []
        /// What callers must say; empty = nobody is asked.
        var token = ""
        /// Whether somebody has installed the definitions of policies.
        var hasPolicies = true
        /// Collections that nobody may read.
        var forbidden: Set<String> = []
        /// Requests that came.
        var asked = 0
        /// Takes requests and says nothing.
        var isSilent = false
        /// Answers the next requests like this.
        var refusals: [(status: Int, text: String, headers: [(String, String)])] = []
    }

    private let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)
    private let connections = Mutex<[any Channel]>([])
    /// Each request, as it came.
    let requests: AsyncStream<ClusterRequest>
    private let noted: AsyncStream<ClusterRequest>.Continuation

    init() {
        let (stream, continuation) = AsyncStream<ClusterRequest>.makeStream()
        requests = stream
        noted = continuation
    }

    /// Listens on this machine; returns the port.
    /// - Parameter port: 0 = any that is free.
    func start(tls: NIOSSLContext? = nil, port: Int = 0) async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [self] channel in
                connections.withLock { $0.append(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(
                        ClusterConnection { [self] request, channel in take(request, channel) })
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        listener.withLock { $0 = channel }
        return channel.localAddress?.port ?? 0
    }

    /// Closes everything.
    func stop() async {
        try? await listener.withLock { $0 }?.close().get()
        for channel in connections.withLock({ $0 }) { try? await channel.close().get() }
    }

    /// How many requests came.
    var asked: Int { state.withLock { $0.asked } }

    /// Changes what the server does.
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    // MARK: Objects

    /// Writes an object and tells those who watch.
    func put(_ text: String) throws {
        let object = try JSONScanner.parse(Array(text.utf8).span)
        let kind = ClusterKind.all.first { $0.kind == object["kind"].text }
        let namespace = object["metadata"]["namespace"].text
        state.withLock { state in
            _ = state.store.put(
                object, resource: kind?.resource ?? "",
                namespace: kind?.isNamespaced == true ? namespace : nil)
            Self.tell(&state)
        }
    }

    /// Takes a pod away and tells those who watch.
    func remove(pod name: String, _ namespace: String) { remove("pods", name, namespace) }

    /// Takes an object away and tells those who watch.
    func remove(_ resource: String, _ name: String, _ namespace: String? = nil) {
        state.withLock { state in
            _ = state.store.remove(resource: resource, namespace: namespace, name: name)
            Self.tell(&state)
        }
    }

    /// Sends the last change to those who watch.
    static func tell(_ state: inout State) {
        guard let change = state.store.changes.last else { return }
        for watch in state.watches where concerns(change, watch) { watch.channel.chunk(line(change)) }
    }

    static func concerns(_ change: ClusterStore.Change, _ watch: Watch) -> Bool {
        change.resource == watch.resource && watch.selector.takes(change.object)
            && (watch.namespace == nil || change.object["metadata"]["namespace"].text == watch.namespace)
    }

    static func line(_ change: ClusterStore.Change) -> [UInt8] {
        let event = JSONValue.object([("type", .string(change.type)), ("object", change.object)])
        return Array((event.json + "\n").utf8)
    }

    // MARK: Faults and ends

    /// Tells those who watch that nothing happened up to now.
    func bookmark() {
        state.withLock { state in
            let text =
                #"{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"#
                + #""resourceVersion":"\#(state.store.version)","creationTimestamp":null}}}"# + "\n"
            for watch in state.watches { watch.channel.chunk(Array(text.utf8)) }
        }
    }

    /// Sends these bytes to those who watch, as one chunk.
    func send(_ bytes: [UInt8]) {
        state.withLock { state in for watch in state.watches { watch.channel.chunk(bytes) } }
    }

    /// Ends all watches as a server does when their time is up.
    func endWatches() {
        state.withLock { state in
            for watch in state.watches { watch.channel.end() }
            state.watches = []
        }
    }

    /// Cuts all connections.
    func cut() {
        state.withLock { $0.watches = [] }
        for channel in connections.withLock({ $0 }) { channel.close(promise: nil) }
    }

    /// Forgets all changes; those who watch are told by an event that they are too late.
    func expire() {
        state.withLock { state in
            state.store.compact()
            for watch in state.watches {
                watch.channel.chunk(Array((Self.expiredEvent + "\n").utf8))
                watch.channel.end()
            }
            state.watches = []
        }
    }

    private static let expiredEvent =
        #"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#
        + #""message":"too old resource version: 100 (200)","reason":"Expired","code":410}}"#

    // MARK: Requests

    private func take(_ request: ClusterRequest, _ channel: any Channel) {
        defer { noted.yield(request) }
        state.withLock { state in
            state.asked += 1
            if state.isSilent { return }
            if !state.refusals.isEmpty {
                let refusal = state.refusals.removeFirst()
                return channel.send(.init(statusCode: refusal.status), refusal.text, refusal.headers)
            }
            guard state.token.isEmpty || request.authorization == "Bearer " + state.token else {
                return channel.send(.unauthorized, ClusterAnswer.status(401, "Unauthorized", "Unauthorized"))
            }
            ClusterAnswer(request, channel).give(&state)
        }
    }
}
