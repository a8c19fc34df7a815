/// What `secctl status` shows: the daemon's account of itself. Times are seconds, sizes bytes.
public struct AgentStatus: Codable, Sendable {
    public var version: String
    public var nodeName: String
    public var kernel: String
    public var cpus: Int
    public var pid: Int32
    public var uptimeSeconds: Double
    /// Identifies this run in every event (`secd.stream`).
    public var stream: String
    public var bootID: String
    /// Sentences about what is wrong or weaker than it should be; empty = healthy.
    public var problems: [String]
    public var sensors: [SensorStatus]
    public var rings: [RingStatus]
    public var sinks: [SinkStatus]
    public var subscribers: [SubscriberStatus]
    public var processes: ProcessTreeStatus
    public var memory: MemoryStatus
    /// Failures counted inside kernel programs, by name (bpf/abi/record.h).
    public var programCounters: [String: UInt64]

    public init(
        version: String, nodeName: String, kernel: String, cpus: Int, pid: Int32, uptimeSeconds: Double,
        stream: String, bootID: String, problems: [String], sensors: [SensorStatus], rings: [RingStatus],
        sinks: [SinkStatus], subscribers: [SubscriberStatus], processes: ProcessTreeStatus,
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
    public var name: String
    public var sizeBytes: UInt64
    /// Bytes waiting to be read.
    public var fillBytes: UInt64
    public var records: UInt64
    public var bytes: UInt64
    /// Records that found no space, by the kernel's own count.
    public var lost: UInt64
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
    public var events: UInt64
    public var bytes: UInt64
    public var lost: UInt64
    public var queueBytes: UInt64
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
    public var id: UInt64
    public var peer: String
    public var events: UInt64
    public var lost: UInt64
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
    public var live: Int
    /// Exited, kept as somebody's ancestor or until every ring is past their exit.
    public var retained: Int
    public var evicted: UInt64
    public var sockets: Int
    public var bytes: UInt64
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
    public var residentBytes: UInt64
    /// Of which mapped rings.
    public var ringBytes: UInt64
    /// Maps and programs in the kernel (memlock of fdinfo).
    public var kernelBytes: UInt64

    public init(residentBytes: UInt64, ringBytes: UInt64, kernelBytes: UInt64) {
        self.residentBytes = residentBytes
        self.ringBytes = ringBytes
        self.kernelBytes = kernelBytes
    }
}
