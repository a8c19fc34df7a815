import AgentModel
import CEventABI
import CSystemd
import Configuration
import EventModel
import Export
import Glibc
import LinuxSystem
import Logging
import Sensors
import Synchronization

/// One run of `secd`: locks, engine, sinks, API and signals, in this order; ended in the reverse one.
final class Daemon: Sendable {
    static let version = Release.version
    /// Seconds that sinks get to write what waits when the daemon stops.
    private static let drainSeconds = 5.0

    let configuration: AgentConfiguration
    let logger: Logger
    let engine: AgentEngine
    private let file: FileSink?
    private let journal: JournalSink?
    let started = BootClock.now

    /// Starts everything but the API.
    /// - Throws: `DaemonError` with what to do.
    init(_ configuration: AgentConfiguration, logger: Logger) throws(DaemonError) {
        self.configuration = configuration
        self.logger = logger
        MachinePreparation.prepare(logger)
        do {
            engine = try AgentEngine(Self.options(configuration), logger: logger)
        } catch let error as SensorError {
            if !error.log.isEmpty { logger.debug("\(error.log)") }
            throw DaemonError(error.description, exit: geteuid() == 0 ? .unavailable : .permission)
        } catch {
            throw DaemonError("cannot start the sensors: \(error)", exit: .system)
        }
        let gaps = SinkGaps(
            nodeName: configuration.nodeName, clusterName: configuration.clusterName, stream: engine.stream)
        file = try Self.fileSink(configuration, logger, gaps)
        journal = try Self.journalSink(configuration, logger, gaps)
        if let file { engine.add(lines: file) }
        if let journal { engine.add(journal: journal) }
    }

    private static func options(_ configuration: AgentConfiguration) throws(DaemonError) -> EngineOptions {
        var agent = secd_agent()
        agent.pid = UInt32(getpid())
        if configuration.events.environment { agent.flags |= SECD_AGENT_ENVIRONMENT }
        // A filling ring wakes the reader at an eighth: early enough to keep up, late enough to be rare.
        agent.wake_bytes = UInt32(configuration.rings.lifecycle / 8)
        // Better no daemon than one that exports what it was told to hide.
        guard configuration.events.redact.isEmpty else {
            throw DaemonError(
                "events.redact is not supported by this version (values of secret-looking environment variables are hidden without it); remove it",
                exit: .configuration)
        }
        let scope = try ScopeResolution(configuration.scope)
        agent.net_scope = scope.networkNamespace
        agent.cgroup_scope = scope.cgroup
        agent.cgroup_level = scope.cgroupLevel
        let sensors = SensorOptions(
            agent: agent, lifecycleRing: UInt32(configuration.rings.lifecycle),
            verdictRing: UInt32(configuration.rings.verdict),
            observationRing: UInt32(configuration.rings.observation), cgroupRoot: EngineIdentity.cgroup2Root,
            sockets: configuration.events.sockets, files: configuration.events.files.map(\.path))
        var options = EngineOptions(sensors: sensors, nodeName: configuration.nodeName)
        options.clusterName = configuration.clusterName
        options.treeBudget = Int(configuration.processMemory)
        if configuration.events.fork { options.events.unwanted.remove(.processFork) }
        options.events.environment = configuration.events.environment
        options.events.digests = configuration.events.sha256
        options.events.unixSockets = configuration.events.unixSockets
        options.events.files = configuration.events.files.map { watched in
            (watched.path, Set(watched.operations.map { FileOperations.kind($0) }))
        }
        return options
    }

    private static func fileSink(
        _ configuration: AgentConfiguration, _ logger: Logger, _ gaps: SinkGaps
    ) throws(DaemonError) -> FileSink? {
        guard let settings = configuration.export.file else { return nil }
        do {
            return try FileSink(
                FileSink.Configuration(
                    path: settings.path, maxBytes: settings.maxBytes, maxSeconds: settings.maxSeconds,
                    maxBackups: settings.maxBackups, compress: settings.compress,
                    permissions: settings.permissions,
                    queueBytes: Int(configuration.export.queueBytes)),
                logger: logger, gapLine: { gaps.line($0, sink: "file") })
        } catch {
            throw DaemonError("\(error)", exit: .cannotCreate)
        }
    }

    private static func journalSink(
        _ configuration: AgentConfiguration, _ logger: Logger, _ gaps: SinkGaps
    ) throws(DaemonError) -> JournalSink? {
        guard configuration.export.journald else { return nil }
        do {
            return try JournalSink(
                queueBytes: Int(configuration.export.queueBytes), logger: logger,
                gapEntry: { gaps.journalEntry($0) })
        } catch {
            throw DaemonError("\(error)", exit: .system)
        }
    }

    /// Starts the worker.
    func start() throws(DaemonError) {
        do {
            try engine.start(version: Self.version)
        } catch {
            throw DaemonError("cannot start the event thread: \(error)", exit: .system)
        }
        for sensor in engine.sensors.status {
            let mechanisms = sensor.mechanisms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            logger.info("\(sensor.name) sensor: \(mechanisms.joined(separator: ", "))")
            for spot in sensor.blindSpots { logger.notice("\(sensor.name) sensor does not see \(spot)") }
        }
        logger.info(
            "secd \(Self.version) watches \(configuration.nodeName) on Linux \(EngineIdentity.kernelRelease)")
    }

    /// SIGHUP: files are opened anew. Settings that a running daemon cannot change are named.
    func reload(_ load: () throws(ConfigurationError) -> AgentConfiguration) {
        file?.reopen()
        do throws(ConfigurationError) {
            let new = try load()
            let changed = SettingTable.all.filter { $0.text(in: new) != $0.text(in: configuration) }.map(
                \.name)
            if changed.isEmpty {
                logger.info("reloaded: log files reopened, the configuration is unchanged")
            } else {
                logger.notice(
                    "reloaded: log files reopened; restart secd for \(changed.joined(separator: ", "))")
            }
        } catch {
            logger.error("log files reopened, but the configuration is wrong and was not used:\n\(error)")
        }
    }

    /// Ends in order: the rings are read to their end, `stream_stop` is written, sinks are drained.
    func stop(reason: String) {
        engine.stop(reason: reason)
        file?.stop(drainSeconds: Self.drainSeconds)
        journal?.stop(drainSeconds: Self.drainSeconds)
        logger.info("stopped (\(reason))")
    }

    /// The sinks' accounts.
    var sinks: [SinkStatus] {
        [file?.status, journal?.status].compactMap { $0 }
    }
}
