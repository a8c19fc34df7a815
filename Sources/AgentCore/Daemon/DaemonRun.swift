import AgentModel
import Configuration
import ControlAPI
import Glibc
import LinuxSystem
import Logging

/// From the locks to the last line: what happens around a `Daemon`.
struct DaemonRun {
    private let configuration: AgentConfiguration
    private let threshold: LogThreshold
    private let logger: Logger

    init(_ configuration: AgentConfiguration, threshold: LogThreshold, logger: Logger) {
        self.configuration = configuration
        self.threshold = threshold
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT.
    /// - Throws: `DaemonError`.
    func run(reload: @escaping @Sendable () throws(ConfigurationError) -> AgentConfiguration) async throws {
        ProgramMemory.returnLargeBlocks()
        let signals = try signalDescriptor()
        try Privileges.check()
        MachinePreparation.prepare(logger)
        // All locks before anything is loaded or written: who is refused has changed nothing.
        let state = try DirectoryLock(
            configuration.stateDirectory, purpose: "state directory", flag: "--state-dir")
        let socket = try APIServers.lockSocket(configuration.control.socket)
        let pins = try PinDirectory(configuration.pinDirectory, logger)
        do {
            try await serve(signals, socket, detachThrough: pins.path, reload)
        } catch {
            pins.remove()
            throw error
        }
        pins.remove()
        _ = consume state
    }

    /// Runs the daemon and its API until a signal ends it.
    private func serve(
        _ signals: consuming SignalFD, _ socket: SocketLock, detachThrough pins: String,
        _ reload: @escaping @Sendable () throws(ConfigurationError) -> AgentConfiguration
    ) async throws {
        let daemon = try Daemon(configuration, threshold: threshold, logger: logger)
        try daemon.start()
        let service = AgentService(daemon)
        daemon.admission.open(
            closed: { NamespaceList(daemon.configuration.workloads.hookFailClosed) },
            register: { container throws(PolicyChangeError) in try await service.register(container) })
        let api: APIServers
        do {
            api = try await APIServers(configuration, socket, service, logger: logger)
        } catch {
            // The stream has begun: it gets its end, too.
            daemon.stop(reason: "the API cannot be served", detachThrough: pins)
            throw error
        }
        ServiceNotifier.ready("watching \(configuration.nodeName)")
        ProgramMemory.releaseStart()
        let reason = await waitForSignals(signals, daemon, reload)
        ServiceNotifier.stopping()
        await api.stop()
        daemon.stop(reason: reason, detachThrough: pins)
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
