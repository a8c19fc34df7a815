import AgentModel
import CEventABI
import CSystemd
import Configuration
import EventModel
import Export
import Glibc
import LinuxSystem
import Logging
import PolicyModel
import Sensors
import Synchronization
import Workloads
import YAMLReader

/// One run of `secd`: locks, engine, sinks, API and signals, in this order; ended in the reverse one.
final class Daemon: Sendable {
    static let version = Release.version
    /// Seconds that sinks get to write what waits when the daemon stops.
    private static let drainSeconds = 5.0

    private let inForce: Mutex<AgentConfiguration>
    private let threshold: LogThreshold
    let logger: Logger
    let engine: AgentEngine
    private let file: FileSink?
    private let journal: JournalSink?
    let policies: PolicyKeeper
    let identities: IdentityKeeper
    let manifests: ManifestDirectory?
    let cluster: ClusterFollower?
    /// Who is asked about containers before they start.
    let admission: AdmissionDesk
    private let nodeLabels: NodeLabels
    private let namespaces: NamespaceKeeper
    private let policyRuntime: any PolicyRuntime
    let started = BootClock.now

    /// Starts everything but the API.
    /// - Parameter runtime: what runs policies beside the sensors.
    /// - Throws: `DaemonError` with what to do.
    init(
        _ configuration: AgentConfiguration, threshold: LogThreshold, logger: Logger,
        runtime: @Sendable (AgentEngine, Logger) -> any PolicyRuntime = Daemon.policyRuntime
    ) throws(DaemonError) {
        inForce = Mutex(configuration)
        self.threshold = threshold
        self.logger = logger
        // Outside of what follows: its errors have exit codes of their own.
        admission = AdmissionDesk(logger: logger)
        var options = try Self.options(configuration, admission)
        // Read before anything runs: the first container has what they say.
        manifests =
            configuration.manifests.isEmpty
            ? nil
            : ManifestDirectory(
                configuration.manifests, nodeName: configuration.nodeName, logger: logger)
        options.manifests = manifests
        do {
            engine = try AgentEngine(options, logger: logger)
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
        policyRuntime = runtime(engine, logger)
        let kept = Self.keptLabels(configuration)
        nodeLabels = NodeLabels(
            node: configuration.nodeName, manifests: manifests?.content.nodeLabels ?? [:],
            cluster: kept?.read() ?? [:])
        policies = try Self.policies(
            configuration, nodeLabels: nodeLabels.merged, policyRuntime, logger)
        namespaces = Self.namespaces(configuration, manifests, engine, logger)
        if let kept {
            cluster = Self.cluster(configuration, kept, policies, nodeLabels, namespaces, logger)
        } else {
            cluster = nil
        }
        identities = try Self.identities(configuration, logger)
        engine.add(identities: identities)
        if let file { engine.add(lines: file) }
        if let journal { engine.add(journal: journal) }
    }

    private static func options(
        _ configuration: AgentConfiguration, _ admission: AdmissionDesk
    ) throws(DaemonError) -> EngineOptions {
        var agent = secd_agent()
        agent.pid = UInt32(getpid())
        if configuration.events.environment { agent.flags |= SECD_AGENT_ENVIRONMENT }
        // A filling ring wakes the reader at an eighth: early enough to keep up, late enough to be rare.
        agent.wake_bytes = UInt32(configuration.rings.lifecycle / 8)
        let mounts = CgroupMounts.ofThisProcess
        let scope = try ScopeResolution(configuration.scope, mounts)
        agent.net_scope = scope.networkNamespace
        agent.cgroup_scope = scope.cgroup
        agent.cgroup_level = scope.cgroupLevel
        var sensors = SensorOptions(
            agent: agent, lifecycleRing: UInt32(configuration.rings.lifecycle),
            verdictRing: UInt32(configuration.rings.verdict),
            observationRing: UInt32(configuration.rings.observation), cgroupRoot: CgroupPrograms.root(mounts),
            sockets: configuration.events.sockets, files: configuration.events.files.map(\.path))
        do throws(SensorError) {
            try sensors.follow(scope.hierarchy ?? mounts.workloads)
        } catch {
            // What nobody named is no reason to end: the log and the status say what is lost.
            if scope.hierarchy != nil { throw DaemonError(error.description, exit: .configuration) }
        }
        var options = EngineOptions(sensors: sensors, nodeName: configuration.nodeName)
        options.clusterName = configuration.clusterName
        options.treeBudget = Int(configuration.processMemory)
        options.allowsOutreach = configuration.policyOutreach
        options.events = Self.events(configuration)
        let workloads = configuration.workloads
        options.enrichWait = workloads.enrichWait * 1_000_000
        let node = configuration.nodeName
        options.providers = { Self.providers(workloads, admission, node: node, $0) }
        return options
    }

    /// Who is asked for names.
    private static func providers(
        _ configuration: AgentConfiguration.Workloads, _ admission: AdmissionDesk, node: String,
        _ hierarchy: CgroupHierarchy
    ) -> [any WorkloadProvider] {
        var providers: [any WorkloadProvider] = [
            RuncProvider(hierarchy: hierarchy, directories: configuration.runtimeDirectories)
        ]
        for (name, socket) in [
            ("docker", configuration.dockerSocket), ("podman", configuration.podmanSocket),
        ]
        where !socket.isEmpty {
            providers.append(EngineProvider(name: name, socket: socket))
        }
        let interfaces = [
            ("containerd", configuration.containerdSocket), ("cri-o", configuration.crioSocket),
        ]
        for (name, socket) in interfaces where !socket.isEmpty {
            providers.append(CRIProvider(name: name, socket: socket))
        }
        if !configuration.containerdSocket.isEmpty {
            providers.append(
                ContainerdProvider(socket: configuration.containerdSocket, hierarchy: hierarchy))
        }
        if !configuration.nriSocket.isEmpty {
            providers.append(
                NRIProvider(
                    socket: configuration.nriSocket, hierarchy: hierarchy, admission: admission))
        }
        return providers + clusterProviders(configuration, node: node)
    }

    private static func events(_ configuration: AgentConfiguration) -> EventSettings {
        var settings = EventSettings()
        if configuration.events.fork { settings.unwanted.remove(.processFork) }
        settings.environment = configuration.events.environment
        settings.digests = configuration.events.sha256
        settings.unixSockets = configuration.events.unixSockets
        settings.files = configuration.events.files.map { watched in
            (watched.path, Set(watched.operations.map { FileOperations.kind($0) }))
        }
        settings.redaction.rules = RedactionRules.compile(configuration).rules
        return settings
    }

    /// The configuration in force.
    var configuration: AgentConfiguration { inForce.withLock { $0 } }

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
        do {
            try policies.start()
        } catch {
            engine.stop(reason: "there is no thread for policies")
            throw DaemonError("cannot start the thread of policies: \(error)", exit: .system)
        }
        do {
            try identities.start()
        } catch {
            policies.stop()
            engine.stop(reason: "there is no thread for identities")
            throw DaemonError("cannot start the thread of identities: \(error)", exit: .system)
        }
        engine.whenWorkloadsLackClasses { [policies] in policies.renew() }
        manifests?.follow { [policies, nodeLabels, namespaces] content in
            nodeLabels.set(manifests: content.nodeLabels) { policies.adopt(nodeLabels: $0) }
            namespaces.set(manifests: content.namespaceLabels)
        }
        if let warning = Self.kubeletWarning(configuration) { logger.warning("\(warning)") }
        cluster?.start(known: policies.keptOfCluster)
        if let hierarchy = engine.hierarchy {
            logger.info("workloads by \(hierarchy)")
        } else {
            logger.warning("\(AgentEngine.withoutHierarchy)")
        }
        for sensor in engine.sensors.status {
            let mechanisms = sensor.mechanisms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            logger.info("\(sensor.name) sensor: \(mechanisms.joined(separator: ", "))")
            for spot in sensor.blindSpots { logger.notice("\(sensor.name) sensor does not see \(spot)") }
        }
        logger.info(
            "secd \(Self.version) watches \(configuration.nodeName) on Linux \(EngineIdentity.kernelRelease)")
    }

    /// SIGHUP: files are opened anew, and settings that a running daemon can change are changed. All
    /// others are named.
    /// - Returns: the outcome in a line, for the service manager.
    func reload(_ load: () throws(ConfigurationError) -> AgentConfiguration) -> String {
        file?.reopen()
        policies.reload()
        manifests?.refresh(nil)
        let new: AgentConfiguration
        do throws(ConfigurationError) {
            new = try load()
        } catch {
            logger.error("log files reopened, but the configuration is wrong and was not used:\n\(error)")
            return "reload refused: \(Self.firstLine(of: error))"
        }
        let change = inForce.withLock { state in
            let change = state.change(to: new)
            state = change.configuration
            return change
        }
        threshold.level = Logger.Level(change.configuration.logLevel)
        engine.adopt(
            Self.events(change.configuration), treeBudget: Int(change.configuration.processMemory))
        for warning in new.warnings {
            logger.warning("\(warning.rendered().replacing(": warning: ", with: ": "))")
        }
        if change.adopted.isEmpty, change.postponed.isEmpty {
            logger.info("reloaded: log files reopened, the configuration is unchanged")
        }
        if !change.adopted.isEmpty {
            logger.notice(
                "reloaded: log files reopened; now in force: \(change.adopted.joined(separator: ", "))")
        }
        if !change.postponed.isEmpty {
            logger.warning("reloaded, but restart secd for \(change.postponed.joined(separator: ", "))")
            return "reloaded, but restart secd for \(change.postponed.joined(separator: ", "))"
        }
        return "reloaded"
    }

    /// Place and problem, without the line that it shows: a status is one line.
    private static func firstLine(of error: ConfigurationError) -> String {
        let text = error.diagnostics.first?.rendered() ?? error.description
        let line = String(text.prefix { $0 != "\n" }).replacing(": error: ", with: ": ", maxReplacements: 1)
        let others = error.diagnostics.count - 1
        return others > 0 ? "\(line) (and \(others) more)" : line
    }

    /// Ends in order: the rings are read to their end, `stream_stop` is written, sinks are drained, programs
    /// detached.
    /// - Parameter directory: for `KernelSensors.detach`.
    func stop(reason: String, detachThrough directory: String) {
        admission.close()
        cluster?.stop()
        namespaces.finish()
        policies.stop()
        policyRuntime.finish()
        engine.stop(reason: reason)
        identities.stop()
        file?.stop(drainSeconds: Self.drainSeconds)
        journal?.stop(drainSeconds: Self.drainSeconds)
        engine.sensors.detach(through: directory)
        logger.info("stopped (\(reason))")
    }

    /// The sinks' accounts.
    var sinks: [SinkStatus] {
        [file?.status, journal?.status].compactMap { $0 }
    }
}
