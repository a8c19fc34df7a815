import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Asks the API of a cluster over HTTP/1.1: a connection for each question, so that tokens, certificates and the
/// configuration are always those that their files have now.
package struct APIClient: Sendable {
    private let access: @Sendable () throws(APIFailure) -> ClusterAccess
    /// What a server may do.
    package let limits: APILimits

    /// - Parameters:
    ///   - limits: on what a server may send.
    ///   - access: read for each connection.
    package init(
        limits: APILimits = APILimits(), access: @escaping @Sendable () throws(APIFailure) -> ClusterAccess
    ) {
        self.limits = limits
        self.access = access
    }

    /// - Parameters:
    ///   - kubeconfig: path; empty = the service account of the pod that this runs in.
    ///   - limits: on what a server may send.
    package init(kubeconfig: String, limits: APILimits = APILimits()) {
        self.init(limits: limits, access: Self.access(kubeconfig: kubeconfig))
    }

    /// Reads how the API is reached.
    /// - Parameter kubeconfig: path; empty = the service account of the pod that this runs in.
    package static func access(
        kubeconfig: String
    ) -> @Sendable () throws(APIFailure) -> ClusterAccess {
        { () throws(APIFailure) in
            guard kubeconfig.isEmpty else { return try Kubeconfig.read(kubeconfig) }
            return try ClusterAccess.inCluster()
        }
    }

    /// The same with other bounds.
    package func limited(_ limits: APILimits) -> APIClient { APIClient(limits: limits, access: access) }

    /// Threads of all connections: one is enough for a few lists and watches. It lives as long as the process.
    private static let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// A whole answer.
    /// - Parameter target: path and query.
    /// - Throws: `APIFailure`.
    package func get(_ target: String) async throws(APIFailure) -> [UInt8] {
        let collected = Collected(limit: limits.page)
        try await stream(
            target, seconds: limits.answerSeconds, begun: {},
            take: { (chunk) throws(APIFailure) in try collected.take(chunk) })
        return collected.bytes
    }

    /// Hands over an answer piece by piece. Returns when it has ended.
    /// - Parameters:
    ///   - seconds: that the whole of it may take.
    ///   - begun: called when the server has said yes.
    ///   - take: called for each piece, in order.
    /// - Throws: `APIFailure`, also what `take` throws.
    func stream(
        _ target: String, seconds: Int, begun: @escaping @Sendable () -> Void,
        take: @escaping @Sendable (ByteBufferView) throws(APIFailure) -> Void
    ) async throws(APIFailure) {
        let access = try access()
        let head = try Self.request(target, access)
        let tls = access.server.isSecure ? try TLSContext(access) : nil
        do {
            let channel = try await connect(access.server, tls)
            // The head of an answer, a page or a watch: none may take for ever.
            let expiry = channel.channel.eventLoop.scheduleTask(in: .seconds(Int64(seconds))) {
                channel.channel.pipeline.fireErrorCaught(APIFailure.timeout(seconds: seconds))
                channel.channel.close(promise: nil)
            }
            defer { expiry.cancel() }
            try await channel.executeThenClose { inbound, outbound in
                // Where nothing can be written, reading says why: TLS that failed meanwhile.
                try? await outbound.write(.head(head))
                try? await outbound.write(.end(nil))
                var answer: Answer?
                for try await part in inbound {
                    switch part {
                    case .head(let head):
                        answer = Answer(head)
                        if head.status == .ok { begun() }
                    case .body(let chunk):
                        guard answer?.isGood == true else {
                            answer?.keep(chunk)
                            continue
                        }
                        try take(chunk.readableBytesView)
                    case .end:
                        guard let answer else { throw APIFailure.unreadable("an answer without a head") }
                        if let failure = answer.failure { throw failure }
                        return
                    }
                }
                try Task.checkCancellation()
                throw APIFailure.unreachable("the connection ended in the middle of an answer")
            }
        } catch {
            throw APIFailure(error, server: access.server)
        }
    }

    private typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private func connect(_ server: ServerAddress, _ tls: TLSContext?) async throws -> Connection {
        var bounds = NIOHTTPDecoderLimitConfiguration()
        bounds.maxHeaderFieldSize = limits.head
        bounds.maxHeaderListSize = limits.head
        let limits = bounds
        return try await ClientBootstrap(group: Self.threads)
            .connectTimeout(.seconds(Int64(self.limits.connectSeconds)))
            // A watch may be silent for long: the kernel finds out whether the other side still lives.
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(Self.tcp(TCP_KEEPIDLE), value: 30)
            .channelOption(Self.tcp(TCP_KEEPINTVL), value: 10)
            .channelOption(Self.tcp(TCP_KEEPCNT), value: 3)
            .connect(host: server.host, port: server.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName))
                    }
                    try pipeline.addHTTPClientHandlers(decoderLimitConfiguration: limits)
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
    }

    private static func tcp(_ name: Int32) -> ChannelOptions.Types.SocketOption {
        ChannelOptions.Types.SocketOption(level: .tcp, name: NIOBSDSocket.Option(rawValue: name))
    }

    private static func request(
        _ target: String, _ access: ClusterAccess
    ) throws(APIFailure) -> HTTPRequestHead {
        var headers = HTTPHeaders([
            ("Host", access.server.authority), ("Accept", "application/json"), ("User-Agent", "secd"),
            ("Connection", "close"),
        ])
        if let token = access.token {
            headers.add(name: "Authorization", value: "Bearer \(try token.token())")
        }
        return HTTPRequestHead(
            version: .http1_1, method: .GET, uri: access.server.prefix + target, headers: headers)
    }
}

/// A body that is kept whole.
private final class Collected: Sendable {
    private let kept = Mutex<[UInt8]>([])
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var bytes: [UInt8] { kept.withLock { $0 } }

    func take(_ chunk: ByteBufferView) throws(APIFailure) {
        let isTooLong = kept.withLock { bytes in
            guard bytes.count + chunk.count <= limit else { return true }
            bytes += chunk
            return false
        }
        if isTooLong { throw .tooLong("an answer is longer than \(limit >> 20) MiB") }
    }
}
