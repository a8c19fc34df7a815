import AgentModel
import Configuration
import ControlAPI
import EventFilters
import EventModel
import Glibc
import LinuxSystem
import Sensors
import Workloads

/// The daemon as the API sees it.
struct AgentService: AgentControl {
    private let daemon: Daemon

    init(_ daemon: Daemon) {
        self.daemon = daemon
    }

    func subscribe(_ subscription: Subscription) throws -> AsyncStream<EventBatch> {
        let engine = daemon.engine
        let filters = try FilterSet(allow: subscription.allow, deny: subscription.deny)
        let fields = subscription.fieldFilters.isEmpty ? nil : try FieldMask(subscription.fieldFilters)
        let (stream, continuation) = Subscribers.stream()
        engine.pipeline.perform { pipeline in
            let subscribers = pipeline.output.subscribers
            let id = subscribers.add(subscription, filters, fields, continuation)
            continuation.onTermination = { _ in engine.pipeline.perform { $0.output.subscribers.remove(id) } }
        }
        return stream
    }

    func status() async -> AgentStatus {
        let engine = daemon.engine
        let rings = await engine.rings()
        let sinks = daemon.sinks
        let processes = await engine.processStatus()
        return AgentStatus(
            version: Daemon.version, nodeName: daemon.configuration.nodeName,
            kernel: EngineIdentity.kernelRelease,
            cpus: EngineIdentity.possibleCPUs, pid: getpid(),
            uptimeSeconds: Double(BootClock.now - daemon.started) / 1e9, stream: engine.stream,
            bootID: EngineIdentity.bootID,
            problems: Self.problems(rings, sinks, processes, clockAhead: await engine.clockAhead())
                + ProgramLosses.problems(await engine.programCounters())
                + (await daemon.policies.complaints()) + (daemon.manifests?.problems ?? [])
                + (daemon.cluster?.problems ?? [])
                + (daemon.identities.problem.map { ["identities: \($0)"] } ?? []),
            notes: engine.workloadNotes + (daemon.manifests?.notes ?? []) + (daemon.cluster?.notes ?? [])
                + daemon.admission.notes,
            sensors: engine.sensors.status, rings: rings, sinks: sinks,
            subscribers: await engine.onWorker { $0.output.subscribers.status }, processes: processes,
            memory: await engine.memory(policies: await daemon.policies.kernelBytes()),
            programCounters: await engine.programCounters())
    }

    /// Nanoseconds; corrections of a disciplined clock are far below.
    private static let noticeableStep: UInt64 = 1_000_000_000

    /// What an operator should look at.
    private static func problems(
        _ rings: [RingStatus], _ sinks: [SinkStatus], _ processes: ProcessTreeStatus, clockAhead: UInt64
    ) -> [String] {
        var problems: [String] = []
        for ring in rings where ring.lost > 0 {
            problems.append(
                "the \(ring.name) ring lost \(ring.lost) records since the start; raise rings.\(ring.name), or reduce what is watched"
            )
        }
        for sink in sinks {
            if sink.state != "ok" { problems.append("\(sink.name) sink (\(sink.target)): \(sink.state)") }
            if sink.lost > 0 {
                problems.append(
                    "the \(sink.name) sink lost \(sink.lost) events; raise export.queue-size, or make the target faster"
                )
            }
        }
        if processes.evicted > 0 {
            problems.append("\(processes.evicted) ancestors were dropped; raise processes.memory")
        }
        if clockAhead >= noticeableStep {
            problems.append(
                "the clock was set back: times of events are \(clockAhead / 1_000_000_000) s ahead of it, and right again after twice that time"
            )
        }
        return problems
    }

    func processes() async -> [ProcessListing] { await daemon.engine.processes() }

    func sockets() async -> [SocketListing] { await daemon.engine.sockets() }

    func workloads() async -> WorkloadReport { await daemon.engine.workloads() }

    func register(_ container: ContainerRegistration) async throws(PolicyChangeError) {
        try await daemon.engine.register(container)
        // Policies that are made anew for it have its class before they are in force: so that is awaited whether a
        // class is missing or not, and again for those that came meanwhile.
        for _ in 0..<Self.mostRenewals {
            guard await daemon.policies.settle() else {
                throw PolicyChangeError(.unavailable, "secd is stopping")
            }
            guard daemon.engine.workloadsLackClasses else { return }
        }
        throw PolicyChangeError(
            .unavailable,
            "container \(container.id): policies could not be made anew for it; look at secctl policy status")
    }

    private static let mostRenewals = 4

    func identities() async -> IdentityReport { await daemon.identities.report() }

    func mechanisms() async -> [MechanismListing] { daemon.engine.sensors.facts.listings }

    func metrics() async -> String {
        let engine = daemon.engine
        let status = await status()
        return PrometheusText(
            status, events: await engine.eventCounts(), wakeups: await engine.wakeups(),
            policies: await daemon.policies.statuses(), admissions: daemon.admission.counts
        ).text
    }

    func policies() async -> [PolicyStatus] { await daemon.policies.statuses() }

    func addPolicies(_ addition: PolicyAddition) async throws(PolicyChangeError) -> [PolicyKey] {
        try await daemon.policies.add(addition)
    }

    func deletePolicy(_ key: PolicyKey) async throws(PolicyChangeError) {
        try await daemon.policies.delete(key)
    }

    func configurePolicy(
        _ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?
    ) async throws(PolicyChangeError) {
        try await daemon.policies.configure(key, enabled: enabled, mode: mode)
    }

    func configuration() async -> [String: String] {
        let configuration = daemon.configuration
        return Dictionary(
            SettingTable.all.map { ($0.name, $0.text(in: configuration)) },
            uniquingKeysWith: { first, _ in first })
    }
}
