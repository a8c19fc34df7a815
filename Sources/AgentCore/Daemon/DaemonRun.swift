import Configuration
import Glibc
import LinuxSystem
import Logging

/// From the locks to the last line: what happens around a `Daemon`.
struct DaemonRun {
    private let configuration: AgentConfiguration
    private let logger: Logger

    init(_ configuration: AgentConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT.
    /// - Throws: `DaemonError`.
    func run(reload: @escaping @Sendable () throws(ConfigurationError) -> AgentConfiguration) async throws {
        let signals = try signalDescriptor()
        MachinePreparation.prepare(logger)
        let state = try DirectoryLock(
            configuration.stateDirectory, purpose: "state directory", flag: "--state-dir")
        let pins = try DirectoryLock(configuration.pinDirectory, purpose: "pin directory", flag: "--pin-dir")
        let daemon = try Daemon(configuration, logger: logger)
        try daemon.start()
        let service = AgentService(daemon)
        let api = try await APIServers(configuration, service, logger: logger)
        ServiceNotifier.ready("watching \(configuration.nodeName)")
        let reason = await waitForSignals(signals, daemon, reload)
        ServiceNotifier.stopping()
        await api.stop()
        daemon.stop(reason: reason)
        _ = consume state
        _ = consume pins
    }

    private func signalDescriptor() throws(DaemonError) -> SignalFD {
        do {
            return try SignalFD(DaemonSignals.handled)
        } catch {
            throw DaemonError("cannot receive signals: \(error)", exit: .system)
        }
    }

    /// Handles signals and signs of life on a thread of its own; returns why the daemon should end.
    private func waitForSignals(
        _ signals: consuming SignalFD, _ daemon: Daemon,
        _ reload: @escaping @Sendable () throws(ConfigurationError) -> AgentConfiguration
    ) async -> String {
        let box = SignalBox(signals)
        let interval = ServiceNotifier.watchdogInterval
        let reason = await withCheckedContinuation { continuation in
            do {
                let thread = try LinuxSystem.Thread(name: "secd-signals") {
                    let reason = box.serve(daemon, watchdog: interval) { daemon.reload(reload) }
                    continuation.resume(returning: reason)
                }
                box.keep(thread)
            } catch {
                continuation.resume(returning: "no thread for signals: \(error)")
            }
        }
        box.join()
        return reason
    }
}
