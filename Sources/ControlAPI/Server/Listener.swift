import GRPCCore
import GRPCNIOTransportCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import Synchronization

/// A gRPC server on one address, kept running until it is stopped.
///
/// The transport stops listening when it meets an error that it did not expect. A client must not be
/// able to bring that about for all others, so the server is then made anew on the same socket.
final class Listener: Sendable {
    typealias Transport = HTTP2ServerTransport.Posix

    private struct State {
        var stopping = false
        var server: GRPCServer<Transport>?
    }
    private let state = Mutex(State())
    private let make: @Sendable () throws -> Transport
    private let services: [any RegistrableRPCService]
    private let logger: Logger

    init(
        services: [any RegistrableRPCService], logger: Logger,
        make: @escaping @Sendable () throws -> Transport
    ) {
        self.make = make
        self.services = services
        self.logger = logger
    }

    /// Starts listening.
    /// - Returns: the task that serves, and the port (nil on a Unix socket).
    func start() async throws -> (task: Task<Void, Never>, port: Int?) {
        let transport = try make()
        let server = GRPCServer(transport: transport, services: services)
        state.withLock { $0.server = server }
        let (failures, failure) = AsyncStream.makeStream(of: (any Error).self)
        let task = Task {
            do {
                try await server.serve()
            } catch {
                failure.yield(error)
                await self.recovered(from: error)
            }
            failure.finish()
            await self.keepServing()
        }
        do {
            let address = try await transport.listeningAddress
            return (task, address.ipv4?.port ?? address.ipv6?.port)
        } catch {
            // The transport says only that it does not listen; the server knows why.
            stop()
            task.cancel()
            var iterator = failures.makeAsyncIterator()
            throw await iterator.next() ?? error
        }
    }

    /// Takes no more connections and calls. The task of `start` ends when the last call has.
    func stop() {
        let server = state.withLock { state in
            state.stopping = true
            return state.server
        }
        server?.beginGracefulShutdown()
    }

    private var isStopping: Bool { state.withLock(\.stopping) || Task.isCancelled }

    private func keepServing() async {
        while !isStopping {
            do {
                let server = GRPCServer(transport: try make(), services: services)
                let stopped = state.withLock { state in
                    state.server = server
                    return state.stopping
                }
                if stopped { return }
                try await server.serve()
            } catch {
                await recovered(from: error)
            }
        }
    }

    private func recovered(from error: any Error) async {
        if isStopping { return }
        logger.error("the API's listener failed and is started again", metadata: ["error": "\(error)"])
        // Not at once: an error that stays must not take a core.
        try? await Task.sleep(for: .seconds(1))
    }

    /// Limits that hold for every client.
    /// - Parameter mark: writes into each call who makes it (`PeerMark`).
    static func configuration(
        _ mark: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> Transport.Config {
        .defaults { config in
            config.channelDebuggingCallbacks.onAcceptHTTP2Stream = mark
            // Filters are short, and policies of this size rare: more is a mistake or an attack.
            config.rpc.maxRequestPayloadSize = 1 << 20
            config.http2.maxConcurrentStreams = 100
            config.connection.maxIdleTime = .seconds(300)
            config.connection.maxGraceTime = .seconds(1)
            // Finds clients whose machine has gone; their queues would fill for ever.
            config.connection.keepalive.time = .seconds(60)
            config.connection.keepalive.timeout = .seconds(20)
            config.connection.keepalive.clientBehavior.allowWithoutCalls = true
            config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
        }
    }
}
