/// What `secctl status` shows: the daemon's account of itself. Times are seconds, sizes bytes.
public struct AgentStatus: Codable, Sendable {
    /// The daemon's release (`Release.version`).
    public var version: String
    /// As in every event (`node_name`): the setting, or the host's name.
    public var nodeName: String
    /// What `uname -r` prints.
    public var kernel: String
    /// CPUs that may write to the rings, offline ones included.
    public var cpus: Int
    /// The daemon's own, in its own pid namespace.
    public var pid: Int32
    /// Since the daemon began to start, not since boot.
    public var uptimeSeconds: Double
    /// Identifies this run in every event (`secd.stream`).
    public var stream: String
    /// `/proc/sys/kernel/random/boot_id`: tells boots of one machine apart.
    public var bootID: String
    /// Sentences about what is wrong or weaker than it should be; empty = healthy.
    public var problems: [String]
    /// Sentences about what one may not expect, though nothing is wrong: objects that nothing acts by.
    public var notes: [String]
    /// Process, socket and file, switched off ones included.
    public var sensors: [SensorStatus]
    /// Lifecycle, verdict, observation.
    public var rings: [RingStatus]
    /// File and journald, those that are switched on.
    public var sinks: [SinkStatus]
    /// Clients of the event API that are connected now.
    public var subscribers: [SubscriberStatus]
    /// Counts and memory of the process tree.
    public var processes: ProcessTreeStatus
    /// Resident, rings, kernel; bytes.
    public var memory: MemoryStatus
    /// Failures counted inside kernel programs, by name (bpf/abi/record.h).
    public var programCounters: [String: UInt64]

    public init(
        version: String, nodeName: String, kernel: String, cpus: Int, pid: Int32, uptimeSeconds: Double,
        stream: String, bootID: String, problems: [String], notes: [String] = [], sensors: [SensorStatus],
        rings: [RingStatus], sinks: [SinkStatus], subscribers: [SubscriberStatus],
        processes: ProcessTreeStatus,
        memory: MemoryStatus,
        programCounters: [String: UInt64]
    ) {
        self.version = version
        self.nodeName = nodeName
        self.kernel = kernel
        self.cpus = cpus
        self.pid = pid
        self.uptimeSeconds = uptimeSeconds
        self.stream = stream
        self.bootID = bootID
        self.problems = problems
        self.notes = notes
        self.sensors = sensors
        self.rings = rings
        self.sinks = sinks
        self.subscribers = subscribers
        self.processes = processes
        self.memory = memory
        self.programCounters = programCounters
    }
}

/// A sensor and the mechanisms it runs on.
public struct SensorStatus: Codable, Sendable {
    /// `process`, `socket`, `file`.
    public var name: String
    /// Whether its programs are attached; false where the settings leave it out.
    public var enabled: Bool
    /// Function → mechanism in use (`exec` → `tp_btf/sched_process_exec`).
    public var mechanisms: [String: String]
    /// What this kernel keeps the sensor from seeing.
    public var blindSpots: [String]

    public init(name: String, enabled: Bool, mechanisms: [String: String], blindSpots: [String]) {
        self.name = name
        self.enabled = enabled
        self.mechanisms = mechanisms
        self.blindSpots = blindSpots
    }
}

/// A ring between kernel and daemon.
public struct RingStatus: Codable, Sendable {
    /// `lifecycle`, `verdict` or `observation`.
    public var name: String
    /// Room for records; a power of two.
    public var sizeBytes: UInt64
    /// Bytes waiting to be read.
    public var fillBytes: UInt64
    /// Read since the start.
    public var records: UInt64
    /// Of all records since the start, read or waiting, by the kernel's count.
    public var bytes: UInt64
    /// Records that found no space, by the kernel's own count.
    public var lost: UInt64
    /// `lost`, by the name of the record's kind.
    public var lostByKind: [String: UInt64]

    public init(
        name: String, sizeBytes: UInt64, fillBytes: UInt64, records: UInt64, bytes: UInt64, lost: UInt64,
        lostByKind: [String: UInt64]
    ) {
        self.name = name
        self.sizeBytes = sizeBytes
        self.fillBytes = fillBytes
        self.records = records
        self.bytes = bytes
        self.lost = lost
        self.lostByKind = lostByKind
    }
}

/// Where events go.
public struct SinkStatus: Codable, Sendable {
    /// `file`, `journald`.
    public var name: String
    /// A path or a socket.
    public var target: String
    /// `ok`, or a sentence that says what is wrong since when.
    public var state: String
    /// Written since the start; gap lines are not among them.
    public var events: UInt64
    /// Written since the start, before compression.
    public var bytes: UInt64
    /// Events that this sink lacks; each hole is told by a gap in the sink itself.
    public var lost: UInt64
    /// Bytes of events that wait for the sink's thread.
    public var queueBytes: UInt64
    /// What may wait (`export.queue-size`); an event beyond it is lost for this sink.
    public var queueLimitBytes: UInt64
    /// Counters of this kind of sink alone (rotations, short writes, reconnects).
    public var details: [String: UInt64]

    public init(
        name: String, target: String, state: String, events: UInt64, bytes: UInt64, lost: UInt64,
        queueBytes: UInt64,
        queueLimitBytes: UInt64, details: [String: UInt64]
    ) {
        self.name = name
        self.target = target
        self.state = state
        self.events = events
        self.bytes = bytes
        self.lost = lost
        self.queueBytes = queueBytes
        self.queueLimitBytes = queueLimitBytes
        self.details = details
    }
}

/// A client of the event API.
public struct SubscriberStatus: Codable, Sendable {
    /// From 1, never given twice in a run.
    public var id: UInt64
    /// Who asks, as the transport tells it.
    public var peer: String
    /// Handed to the client since it subscribed.
    public var events: UInt64
    /// Events that its queue refused since it subscribed.
    public var lost: UInt64
    /// Bytes of the batch that is being filled for the client.
    public var queueBytes: UInt64

    public init(id: UInt64, peer: String, events: UInt64, lost: UInt64, queueBytes: UInt64) {
        self.id = id
        self.peer = peer
        self.events = events
        self.lost = lost
        self.queueBytes = queueBytes
    }
}

/// The process tree of user space.
public struct ProcessTreeStatus: Codable, Sendable {
    /// Images of running processes.
    public var live: Int
    /// Exited, kept as somebody's ancestor or until every ring is past their exit.
    public var retained: Int
    /// Ancestors dropped for the budget while something descended from them.
    public var evicted: UInt64
    /// Open sockets that are known.
    public var sockets: Int
    /// What images and cached encodings occupy, as the budget counts it.
    public var bytes: UInt64
    /// The setting `processes.memory`.
    public var budgetBytes: UInt64

    public init(live: Int, retained: Int, evicted: UInt64, sockets: Int, bytes: UInt64, budgetBytes: UInt64) {
        self.live = live
        self.retained = retained
        self.evicted = evicted
        self.sockets = sockets
        self.bytes = bytes
        self.budgetBytes = budgetBytes
    }
}

/// Memory of the daemon.
public struct MemoryStatus: Codable, Sendable {
    /// `VmRSS` of the daemon: everything in user space, mapped pages of the rings included, and twice, since the
    /// data of a ring is mapped twice in a row.
    public var residentBytes: UInt64
    /// Resident without maps of the kernel: what the daemon itself uses.
    public var ownBytes: UInt64
    /// Size of the rings.
    public var ringBytes: UInt64
    /// Maps and programs in the kernel (memlock of fdinfo).
    public var kernelBytes: UInt64

    public init(residentBytes: UInt64, ownBytes: UInt64, ringBytes: UInt64, kernelBytes: UInt64) {
        self.residentBytes = residentBytes
        self.ownBytes = ownBytes
        self.ringBytes = ringBytes
        self.kernelBytes = kernelBytes
    }
}
