public import TextEncoding

/// Begin of a stream: which daemon on which kernel, with what it can see.
public struct StreamStart: Sendable {
    /// Release of the daemon.
    public var version: String
    /// The kernel's, a new one at each boot.
    public var bootID: String
    /// What `uname -r` prints.
    public var kernel: String
    /// Sensor → mechanisms, for readers of the log alone.
    public var sensors: [(name: String, mechanisms: String)]

    public init(
        version: String, bootID: String, kernel: String, sensors: [(name: String, mechanisms: String)]
    ) {
        self.version = version
        self.bootID = bootID
        self.kernel = kernel
        self.sensors = sensors
    }
}

/// Events that are missing from the stream, and why.
public struct StreamGap: Sendable {
    /// Why they are missing, as field `cause` says it.
    public enum Cause: Sendable {
        /// The kernel found no space in a ring.
        case ringFull
        /// A record was damaged, or of a kind that this daemon does not know.
        case undecodable
        /// A sink's queue was full: only this sink lacks the events.
        case sinkFull
        /// The receiver of a sink refused events: too large, or malformed.
        case sinkRefused
        /// The receiver of a sink ended with events that it had not read; the count is the most.
        case sinkRestarted
        /// A hole whose reason nobody counted.
        case unexplained

        var name: StaticString {
            switch self {
            case .ringFull: "ring_full"
            case .undecodable: "undecodable"
            case .sinkFull: "sink_full"
            case .sinkRefused: "sink_refused"
            case .sinkRestarted: "sink_restarted"
            case .unexplained: "unexplained"
            }
        }
    }

    /// Why they are missing.
    public var cause: Cause
    /// Ring and CPU of the missing records; nil for a sink's gap.
    public var ring: UInt8?
    /// Whose records are missing; meaningless where `ring` is nil.
    public var cpu: UInt32
    /// First and last missing number; 0 = not known yet (the hole may still be open).
    public var first: UInt64
    /// Included.
    public var last: UInt64
    /// How many are missing; exact unless a sink's receiver restarted.
    public var count: UInt64
    /// Kind of record → how many, where the kernel counted it.
    public var byKind: [(name: String, count: UInt64)]
    /// Name of the sink for its own gap.
    public var sink: String
    /// None of them happened before; nil = not known.
    public var from: UnixTime?
    /// None of them happened after; nil = not known.
    public var to: UnixTime?

    public init(
        cause: Cause, ring: UInt8? = nil, cpu: UInt32 = 0, first: UInt64 = 0, last: UInt64 = 0, count: UInt64,
        byKind: [(name: String, count: UInt64)] = [], sink: String = "", from: UnixTime? = nil,
        to: UnixTime? = nil
    ) {
        self.cause = cause
        self.ring = ring
        self.cpu = cpu
        self.first = first
        self.last = last
        self.count = count
        self.byKind = byKind
        self.sink = sink
        self.from = from
        self.to = to
    }
}

/// End of a stream in order: the last number of every ring and CPU.
public struct StreamStop: Sendable {
    /// How far one ring of one CPU came.
    public struct Position: Sendable {
        /// `SECD_RING_*`.
        public var ring: UInt8
        /// CPU that wrote to it.
        public var cpu: UInt32
        /// Number of its last record: every one before it is told, skipped or in a gap.
        public var sequence: UInt64
        /// Records after the last event that gave none.
        public var skipped: UInt64

        public init(ring: UInt8, cpu: UInt32, sequence: UInt64, skipped: UInt64) {
            self.ring = ring
            self.cpu = cpu
            self.sequence = sequence
            self.skipped = skipped
        }
    }
    /// The signal, or what else ended the daemon.
    public var reason: String
    /// One for each ring and CPU that a record came from.
    public var positions: [Position]

    public init(reason: String, positions: [Position]) {
        self.reason = reason
        self.positions = positions
    }
}

/// Fields of the events of the stream itself.
public enum StreamFields {
    public static let version = Field("version", 1, .string, "Version of the daemon.")
    public static let bootID = Field("boot_id", 2, .string, "The kernel's boot id.")
    public static let kernel = Field("kernel", 3, .string, "The kernel's release.")
    public static let sensors = Field("sensors", 4, .message, repeated: true, "Sensors and their mechanisms.")
    public static let name = Field("name", 1, .string, "Name.")
    public static let mechanisms = Field("mechanisms", 2, .string, "Mechanisms in use.")

    public static let cause = Field(
        "cause", 1, .string, "ring_full, undecodable, sink_full, sink_refused, sink_restarted or unexplained."
    )
    public static let ring = Field("ring", 2, .string, "Ring of the missing records.")
    public static let cpu = Field("cpu", 3, .uint32Value, "CPU of the missing records.")
    public static let first = Field("first", 4, .uint64, "First missing number.")
    public static let last = Field("last", 5, .uint64, "Last missing number.")
    public static let count = Field("count", 6, .uint64, "How many are missing.")
    public static let byKind = Field(
        "by_kind", 7, .message, repeated: true, "How many of which kind, by the kernel's count.")
    public static let kindName = Field("kind", 1, .string, "Kind of record.")
    public static let kindCount = Field("count", 2, .uint64, "How many.")
    public static let sink = Field("sink", 8, .string, "The sink that lacks them; empty = every reader.")
    public static let from = Field("from_time", 9, .timestamp, "Not before.")
    public static let to = Field("to_time", 10, .timestamp, "Not after.")

    public static let reason = Field("reason", 1, .string, "Why the stream ended.")
    public static let positions = Field(
        "positions", 2, .message, repeated: true, "Last number of every ring and CPU.")
    public static let sequence = Field("seq", 4, .uint64, "Last number.")
    public static let skipped = Field("skipped", 5, .uint64, "Records after the last event that gave none.")
}

extension StreamStart {
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = StreamFields
        visitor.string(F.version, version)
        visitor.string(F.bootID, bootID)
        visitor.string(F.kernel, kernel)
        let sensors = sensors
        visitor.messages(F.sensors, count: sensors.count) { visitor, index in
            visitor.string(F.name, sensors[index].name)
            visitor.string(F.mechanisms, sensors[index].mechanisms)
        }
    }
}

extension StreamGap {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = StreamFields
        visitor.text(F.cause, cause.name)
        visitor.text(F.ring, ring.map { Origin.name(ofRing: $0) })
        visitor.wrapped(F.cpu, ring == nil ? nil : cpu)
        visitor.uint64(F.first, first)
        visitor.uint64(F.last, last)
        visitor.uint64(F.count, count)
        let kinds = byKind
        visitor.messages(F.byKind, count: kinds.count) { visitor, index in
            visitor.string(F.kindName, kinds[index].name)
            visitor.uint64(F.kindCount, kinds[index].count)
        }
        visitor.string(F.sink, sink)
        visitor.timestamp(F.from, from)
        visitor.timestamp(F.to, to)
    }
}

extension StreamStop {
    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = StreamFields
        visitor.string(F.reason, reason)
        let positions = positions
        visitor.messages(F.positions, count: positions.count) { visitor, index in
            visitor.text(F.ring, Origin.name(ofRing: positions[index].ring))
            visitor.wrapped(F.cpu, positions[index].cpu)
            visitor.uint64(F.sequence, positions[index].sequence)
            visitor.uint64(F.skipped, positions[index].skipped)
        }
    }
}

extension FieldVisitor where Self: ~Copyable {
    /// A Swift string, for events that are rare.
    mutating func string(_ field: Field, _ value: String) {
        unsafe string(field, value.utf8.span.bytes)
    }
}
