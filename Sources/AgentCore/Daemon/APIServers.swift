import Configuration
import ControlAPI
import Logging

/// The servers of the API: gRPC on the socket (and TCP), HTTP for metrics.
struct APIServers {
    private let control: ControlServer
    private let metrics: MetricsServer?

    /// Starts what the configuration asks for.
    /// - Throws: `DaemonError` where an address is taken or not allowed.
    init(_ configuration: AgentConfiguration, _ lock: SocketLock, _ service: AgentService, logger: Logger)
        async throws(DaemonError)
    {
        do {
            control = try await ControlServer.start(
                ControlServer.Configuration(
                    socketPath: configuration.control.socket, socketGroup: configuration.control.group,
                    version: Daemon.version, tcp: Self.tcp(configuration)),
                lock: lock, agent: service, logger: logger)
        } catch {
            throw DaemonError("\(error)", exit: .unavailable)
        }
        guard let address = configuration.metrics else {
            metrics = nil
            return
        }
        do {
            metrics = try await MetricsServer.start(
                host: address.host, port: Int(address.port), agent: service, logger: logger)
        } catch {
            throw DaemonError("cannot serve metrics on \(address): \(error)", exit: .unavailable)
        }
    }

    /// Takes the lock beside the socket; one that an ending daemon still has is waited for.
    /// - Throws: `DaemonError` where another daemon has it.
    static func lockSocket(_ path: String) throws(DaemonError) -> SocketLock {
        let patience = LockPatience()
        do {
            return try SocketLock(path) { patience.lasts(for: FileLockTable.holder(of: $0)) }
        } catch {
            throw DaemonError("\(error)", exit: .unavailable)
        }
    }

    private static func tcp(_ configuration: AgentConfiguration) -> ControlServer.Configuration.TCP? {
        configuration.tcp.address.map { address in
            ControlServer.Configuration.TCP(
                host: address.host, port: Int(address.port), certificateFile: configuration.tcp.certificate,
                keyFile: configuration.tcp.key, clientAuthoritiesFile: configuration.tcp.clientAuthorities,
                administrators: Set(configuration.tcp.administrators))
        }
    }

    /// Ends all connections.
    func stop() async {
        await metrics?.stop()
        await control.stop()
    }
}
