import Configuration
import ControlAPI
import Logging

/// The servers of the API: gRPC on the socket (and TCP), HTTP for metrics.
struct APIServers {
    private let control: ControlServer
    private let metrics: MetricsServer?

    /// Starts what the configuration asks for.
    /// - Throws: `DaemonError` where an address is taken or not allowed.
    init(_ configuration: AgentConfiguration, _ service: AgentService, logger: Logger) async throws(DaemonError) {
        do {
            control = try await ControlServer.start(
                ControlServer.Configuration(
                    socketPath: configuration.control.socket, socketGroup: configuration.control.group,
                    version: Daemon.version),
                agent: service, logger: logger)
        } catch {
            throw DaemonError("\(error)", exit: .unavailable)
        }
        guard let address = configuration.metrics else {
            metrics = nil
            return
        }
        do {
            metrics = try await MetricsServer.start(host: address.host, port: Int(address.port), agent: service, logger: logger)
        } catch {
            throw DaemonError("cannot serve metrics on \(address): \(error)", exit: .unavailable)
        }
    }

    /// Ends all connections.
    func stop() async {
        await metrics?.stop()
        await control.stop()
    }
}
