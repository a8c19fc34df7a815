public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// `/metrics` for Prometheus and `/healthz` for supervisors, over HTTP/1.1 without secrets and
/// without encryption.
public struct MetricsServer: Sendable {
    /// Connections at once; more are closed on arrival.
    private static let connectionLimit = 64
    /// Time that a connection may take altogether without moving a byte.
    private static let idleTimeout = TimeAmount.seconds(10)

    private let listener: any Channel
    private let connections: ConnectionTable
    /// Where it listens.
    public let port: Int

    /// Listens; returns when clients can connect.
    /// - Parameters:
    ///   - host: An address or a name.
    ///   - port: 0 = any free one.
    /// - Throws: `ServerError`.
    public static func start(
        host: String, port: Int, agent: some AgentControl, logger: Logger
    ) async throws -> MetricsServer {
        let connections = ConnectionTable(limit: connectionLimit)
        let bootstrap = ServerBootstrap(group: EventLoops.shared)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                guard connections.add(channel) else {
                    return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
                }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idleTimeout))
                    try pipeline.addHandler(RequestLimit())
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true)
                    try pipeline.addHandler(MetricsHandler(agent: agent))
                }
            }
        do {
            let listener = try await bootstrap.bind(host: host, port: port).get()
            let bound = listener.localAddress?.port ?? port
            logger.info("serving metrics", metadata: ["address": "\(host):\(bound)"])
            return MetricsServer(listener: listener, connections: connections, port: bound)
        } catch let error as IOError {
            throw ServerError(
                "cannot serve metrics on \(host):\(port): \(error): choose another --metrics address")
        } catch {
            throw ServerError("cannot serve metrics on \(host):\(port): \(error)")
        }
    }

    /// Closes the listener and all connections.
    public func stop() async {
        try? await listener.close().get()
        for channel in connections.drain() {
            try? await channel.close().get()
        }
    }
}
