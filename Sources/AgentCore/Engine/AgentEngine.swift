import AgentModel
import CEventABI
import CLinuxShims
package import EventModel
import Glibc
package import LinuxSystem
package import Logging
import PolicyEngine
import ProcessTree
package import Sensors
import Synchronization
package import Workloads

/// What an engine is started with.
package struct EngineOptions: Sendable {
    package var sensors: SensorOptions
    package var events = EventSettings()
    package var nodeName: String
    package var clusterName = ""
    /// Bytes for the process tree.
    package var treeBudget = 16 << 20
    /// UTC minus CLOCK_BOOTTIME, nanoseconds, measured once a second; tests step it.
    package var clockOffset: @Sendable () -> UInt64 = { BootClock.realtimeOffset }

    /// Who names containers, by the hierarchy that these are told by.
    package var providers: @Sendable (CgroupHierarchy) -> [any WorkloadProvider] = {
        [RuncProvider(hierarchy: $0)] + EngineProvider.usual + CRIProvider.usual
    }
    /// What the operator says of containers; nil = nothing.
    package var manifests: ManifestDirectory?
    /// How long an event waits for the name of its container, nanoseconds.
    package var enrichWait: UInt64 = 200_000_000

    /// Policies may make the daemon ask over the network (GetUrl, DnsLookup).
    package var allowsOutreach = false

    package init(sensors: SensorOptions, nodeName: String) {
        self.sensors = sensors
        self.nodeName = nodeName
    }
}

/// The heart of the daemon without its outside: sensors, worker and state. Tests and benchmarks run
/// it as it is; the daemon adds sinks, the API and signals.
package final class AgentEngine: @unchecked Sendable {
    // @unchecked: `thread` is touched by the owner alone; the pipeline guards itself.

    package let sensors: KernelSensors
    package let stream: String
    let pipeline: EventPipeline
    let options: EngineOptions
    /// The hierarchy that tells workloads; nil = none does.
    package let hierarchy: CgroupHierarchy?
    let subscribers: Subscribers
    /// What policies know of workloads.
    let workloadClasses = WorkloadClasses()
    private let directory: WorkloadDirectory?
    /// Who numbers the labels of workloads; set before `start`.
    private(set) var identities: IdentityKeeper?
    /// CLOCK_BOOTTIME before anything was attached: no event is older.
    private let began = BootClock.now
    private let stopReason = Mutex("stopped")
    private var thread: LinuxSystem.Thread?

    /// Loads, attaches and learns the processes that exist; events flow from `start` on.
    /// - Throws: `SensorError`, `BPFError`.
    package init(_ options: EngineOptions, logger: Logger) throws {
        var options = options
        options.sensors.agent.host_mnt = HostNamespaces.mount
        self.options = options
        var generator = SystemRandomNumberGenerator()
        stream = EngineIdentity.hexadecimal(UInt32.random(in: .min ... .max, using: &generator))
        hierarchy = options.sensors.hierarchy
        sensors = try KernelSensors(options.sensors, logger: logger)
        let context = EncodingContext(
            nodeName: options.nodeName, clusterName: options.clusterName, stream: stream,
            bootOffset: options.clockOffset())
        subscribers = Subscribers(context: context)
        pipeline = try EventPipeline(
            sensors: sensors, context: context,
            output: EventOutput(context: context, subscribers: subscribers),
            settings: options.events,
            cpus: EngineIdentity.possibleCPUs, treeBudget: options.treeBudget,
            clockOffset: options.clockOffset)
        pipeline.handler.enrichWait = options.enrichWait
        directory = try Self.directory(options, hierarchy, pipeline, logger)
        try seed()
        followWorkloads(directory)
    }

    /// How each provider of names does.
    var workloadStates: [String: ProviderState] { directory?.states ?? [:] }

    /// Adds a consumer of JSON lines; before `start`.
    package func add(lines consumer: any EventConsumer) {
        pipeline.output.add(lines: consumer)
    }

    /// Adds a consumer of journal fields; before `start`.
    package func add(journal consumer: any EventConsumer) {
        pipeline.output.add(journal: consumer)
    }

    /// Lets somebody number the labels of workloads; before `start`.
    package func add(identities keeper: IdentityKeeper) {
        identities = keeper
        let handler = pipeline.handler
        handler.awaitsIdentities = true
        keeper.follow { [weak pipeline] changed in pipeline?.perform { $0.handler.show(changed) } }
        let (named, gone) = (handler.whenNamed, handler.whenGone)
        handler.whenNamed = { changed in
            named?(changed)
            for (id, record) in changed { keeper.set(id, record) }
        }
        handler.whenGone = { id in
            gone?(id)
            keeper.remove(id)
        }
        for (id, record) in handler.cgroups.workloads { keeper.set(id, record) }
    }

    /// Whether the worker makes a pass within some nanoseconds. Blocks the caller.
    package func answers(within nanoseconds: UInt64) -> Bool {
        let answered = Answer()
        pipeline.perform { _ in answered.set() }
        return answered.wait(until: MonotonicClock.now + nanoseconds)
    }

    private func seed() throws {
        if let hierarchy { pipeline.handler.cgroups.scan(root: hierarchy.root) }
        let seeds = try sensors.seedProcesses()
        pipeline.context.hostNamespaces = HostNamespaces.find(seeds)
        let scope = EngineScope(options, pipeline.handler.cgroups)
        let parents = ProcfsSeed.missingParents(of: seeds, hierarchy: hierarchy).map {
            scope.marked($0, cgroup: pipeline.handler.cgroups.name($0.head.cgroup_id).path)
        }
        for seed in seeds + parents {
            var image = ProcfsImage.make(seed, cgroup: pipeline.handler.cgroups.name(seed.head.cgroup_id))
            options.events.redaction.apply(to: &image)
            pipeline.tree.seed(image)
        }
        pipeline.tree.linkSeeds()
        for seed in try sensors.seedSockets() {
            let event = SocketEvent(seed: seed)
            let process = pipeline.tree.find(event.record.user)
            pipeline.handler.sockets.apply(event, process, pipeline.tree)
        }
    }

    /// Begins to read; the first event is `stream_start`.
    /// - Throws: `Errno` where no thread can be made.
    package func start(version: String) throws {
        let context = pipeline.context
        let start = StreamStart(
            version: version, bootID: EngineIdentity.bootID, kernel: EngineIdentity.kernelRelease,
            sensors: sensors.status.map { sensor in
                let mechanisms = sensor.mechanisms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                return (sensor.name, mechanisms.joined(separator: " "))
            })
        pipeline.output.emit(
            Event(
                kind: .streamStart, time: context.time(began), process: nil, body: .start(start),
                origin: Origin(ring: nil)))
        try directory?.start()
        let pipeline = pipeline
        let reason = { [self] in stopReason.withLock { $0 } }
        thread = try LinuxSystem.Thread(name: "secd-events") {
            // Where all processors are busy, records would wait for a slice of theirs (3 to 4 ms) at each wakeup.
            LinuxSystem.Thread.requestShortSlices()
            pipeline.run(stopReason: reason)
        }
    }

    /// Changes what is sent, from the next event on; records of before keep what they were.
    package func adopt(_ events: EventSettings, treeBudget: Int) {
        pipeline.perform { pipeline in
            pipeline.handler.settings = events
            pipeline.treeBudget = treeBudget
        }
    }

    /// Reads what the rings hold, sends `stream_stop` and ends the worker.
    package func stop(reason: String) {
        stopReason.withLock { $0 = reason }
        directory?.stop()
        pipeline.stop()
        if let thread = thread.take() { thread.join() }
    }
}

/// Facts about the machine and this run.
enum EngineIdentity {
    /// CPUs that could ever run a program: the size of per-CPU maps.
    static var possibleCPUs: Int {
        // "0-1" or "0-3,8-11": the highest number counts.
        let text = String(
            decoding: ProcfsImage.read("/sys/devices/system/cpu/possible", limit: 4096), as: UTF8.self)
        let last = text.split { !$0.isNumber }.compactMap { Int($0) }.max()
        return (last ?? 0) + 1
    }

    static var bootID: String {
        let text = ProcfsImage.read("/proc/sys/kernel/random/boot_id", limit: 64)
        return String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    static var kernelRelease: String {
        let text = ProcfsImage.read("/proc/sys/kernel/osrelease", limit: 256)
        return String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Eight hexadecimal digits.
    static func hexadecimal(_ value: UInt32) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 8 - text.count) + text
    }
}
