public import AgentModel
import BPFObjects
public import BPFRuntime
public import CEventABI
public import LinuxSystem
public import Logging

/// What the sensors are started with.
public struct SensorOptions: Sendable {
    /// What programs know of the daemon: its pid, scopes, flags (bpf/abi/agent.h).
    public var agent: secd_agent
    /// Bytes, powers of two.
    public var lifecycleRing: UInt32
    /// Bytes, likewise.
    public var verdictRing: UInt32
    /// Bytes, likewise.
    public var observationRing: UInt32
    /// Root of the v2 hierarchy, where programs of cgroups are attached, or nil.
    public var cgroupRoot: String?
    /// The hierarchy that tells workloads; nil = none does.
    public internal(set) var hierarchy: CgroupHierarchy?
    /// Whether the socket sensor is loaded.
    public var sockets: Bool
    /// Watched path prefixes; empty = no file sensor.
    public var files: [String]
    /// Mechanisms that are not used although the kernel has them, by the beginning of their names
    /// (`fexit/security_`): the lower rungs of a ladder are tested on kernels that have the upper ones.
    public var withoutMechanisms: [String] = []
    /// Process whose getppid(2) calls become test records; nil = no load generator.
    public var loadPID: UInt32?

    /// - Parameters:
    ///   - cgroupRoot: of the v2 hierarchy, which tells workloads, too, until another is set; nil = there is none.
    ///   - files: watched path prefixes.
    public init(
        agent: secd_agent, lifecycleRing: UInt32 = 8 << 20, verdictRing: UInt32 = 1 << 20,
        observationRing: UInt32 = 16 << 20, cgroupRoot: String?, sockets: Bool = true, files: [String] = []
    ) {
        self.agent = agent
        self.lifecycleRing = lifecycleRing
        self.verdictRing = verdictRing
        self.observationRing = observationRing
        self.cgroupRoot = cgroupRoot
        hierarchy = cgroupRoot.map(CgroupHierarchy.init(unified:))
        self.sockets = sockets
        self.files = files
    }
}

/// Why the sensors could not start: one sentence with what to do.
public struct SensorError: Error, CustomStringConvertible {
    public var description: String
    /// The verifier's or libbpf's words, where there are any.
    public var log: String

    init(_ description: String, log: String = "") {
        self.description = description
        self.log = log
    }
}

/// The kernel side of the daemon: loaded objects, attached programs, shared maps.
///
/// Nothing is pinned: when the daemon ends, in whatever way, the kernel takes everything back.
public final class KernelSensors {
    /// What the choice of mechanisms was made from.
    public let facts: KernelFacts
    /// One entry per sensor, switched off ones included.
    public private(set) var status: [SensorStatus] = []
    /// Rings and shared maps.
    public let lifecycle: BPFMap
    /// Ring of decisions: what policies enforced.
    public let verdict: BPFMap
    /// Ring of sockets, files, long arguments and DNS answers.
    public let observation: BPFMap
    /// Ring → `secd_stream`, per CPU: numbers given, losses, bytes.
    public let streams: BPFMap
    /// One `secd_reader`: the rings whose reader sleeps and wants to be woken.
    public let readers: BPFMap
    /// `SECD_COUNTER_*` → failures inside programs, per CPU.
    public let counters: BPFMap
    private let shared: SharedMaps
    private var objects: [LoadedObject]

    /// Loads and attaches everything that the options ask for and the kernel allows.
    /// - Throws: `SensorError`; whatever was attached before the failure is detached again.
    public init(_ options: SensorOptions, logger: Logger) throws {
        let plans = Self.plans(options)
        let facts = try Self.probe(plans, options)
        self.facts = facts

        let maps = try SharedMaps(options)
        lifecycle = try maps.open("secd_lifecycle")
        verdict = try maps.open("secd_verdict")
        observation = try maps.open("secd_observation")
        streams = try maps.open("secd_streams")
        readers = try maps.open("secd_readers")
        counters = try maps.open("secd_counters")
        shared = maps
        objects = try SensorLoading.load(plans, facts, options, maps, logger: logger)
        if let file = objects.first(where: { $0.plan.name == FileSensor.plan.name }) {
            do {
                try FileSensor.watch(options.files, file.file)
            } catch {
                throw SensorError("cannot watch the configured files: \(error)")
            }
        }
        for object in objects { try object.attach(options) }
        status = objects.map { $0.status }
    }

    /// What names in the pin directory begin with, for the moment between a link's detaching and its end.
    public static let stoppingPrefix = "stopping"

    /// Detaches all programs at an orderly end, without waiting for the kernel: that takes two seconds, in which
    /// neither locks nor sockets should be held.
    /// - Parameter directory: on a bpf file system, of this daemon alone.
    public func detach(through directory: String) {
        for object in objects {
            object.detachInBackground(through: "\(directory)/\(Self.stoppingPrefix)-\(object.plan.name)")
        }
    }

    static func plans(_ options: SensorOptions) -> [SensorPlan] {
        var plans = [ProcessSensor.plan]
        if options.sockets { plans.append(SocketSensor.plan) }
        if !options.files.isEmpty { plans.append(FileSensor.plan) }
        if options.loadPID != nil { plans.append(LoadGenerator.plan) }
        return plans
    }

    static func probe(_ plans: [SensorPlan], _ options: SensorOptions) throws -> KernelFacts {
        let probe: KernelProbe
        do {
            probe = try KernelProbe()
        } catch {
            throw SensorError(
                "this kernel has no BTF (/sys/kernel/btf/vmlinux): secd needs Linux 6.1 or later built with CONFIG_DEBUG_INFO_BTF"
            )
        }
        if let obstacle = probe.loadObstacle() {
            throw SensorError(
                "the kernel refuses BPF programs (\(obstacle)): secd needs root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE"
            )
        }
        return KernelFacts.probe(
            probe, tracepoints: plans.flatMap(\.tracepoints),
            functions: ProcessSensor.functions + SocketSensor.functions + FileSensor.functions,
            cgroupRoot: options.cgroupRoot, hierarchy: options.hierarchy)
    }

    /// Runs the task iterator: every process of the machine gets its kernel record, and is returned.
    /// - Throws: `SensorError`.
    public func seedProcesses() throws -> [ProcessSeed] {
        ProcessSeed.all(in: try iterate(sensor: ProcessSensor.plan.name))
    }

    /// Runs the socket iterator: one record (SECD_SOCKET_SEEDED) for each process and descriptor.
    /// - Throws: `SensorError`.
    public func seedSockets() throws -> [secd_socket_seed] {
        try iterate(sensor: SocketSensor.plan.name, as: secd_socket_seed.self)
    }

    /// Looks for sockets that ended without a hook; their closes come as records.
    public func auditSockets() {
        guard let object = objects.first(where: { $0.plan.name == SocketSensor.plan.name }) else { return }
        // Refused once it would be refused always, and then the start would have failed to load it.
        try? object.file.run(SocketSensor.audit)
    }

    /// Those of some sockets that the kernel's table still has; keys as in `SECD_SOCKET_KEY_INODE`.
    public func livingSockets(_ keys: [UInt64]) -> Set<UInt64> {
        guard let object = objects.first(where: { $0.plan.name == SocketSensor.plan.name }),
            let map = try? object.file.openMap("secd_sockets")
        else { return Set(keys) }
        return Set(keys.filter { map.contains($0) })
    }

    private func iterate<Record: BitwiseCopyable>(sensor: String, as type: Record.Type) throws -> [Record] {
        let bytes = try iterate(sensor: sensor)
        let size = MemoryLayout<Record>.size
        return unsafe bytes.withUnsafeBytes { buffer in
            (0..<buffer.count / size).map {
                unsafe buffer.loadUnaligned(fromByteOffset: $0 * size, as: Record.self)
            }
        }
    }

    private func iterate(sensor: String) throws -> [UInt8] {
        guard let object = objects.first(where: { $0.plan.name == sensor }),
            let iterator = object.plan.iterator
        else {
            return []
        }
        do {
            let link = try object.file.attach(iterator)
            return try link.readIterator()
        } catch {
            throw SensorError("the iterator of the \(sensor) sensor failed: \(error)")
        }
    }

    /// Maps that programs of others use as well: rings, records of processes, scratch memory.
    public var sharedMaps: [SharedBPFMap] { shared.members }

    /// Memory that the kernel charges for all maps, bytes.
    public var kernelBytes: UInt64 {
        objects.reduce(shared.kernelBytes) { $0 + $1.kernelBytes }
    }

    /// Time and runs of every loaded program (kernel.bpf_stats_enabled).
    public var programRuns: [(program: String, nanoseconds: UInt64, runs: UInt64)] {
        objects.flatMap { $0.runs }
    }

    /// Verified instructions of every loaded program, by name.
    public var verifiedInstructions: [(program: String, instructions: Int)] {
        objects.flatMap { $0.verifiedInstructions }
    }
}
