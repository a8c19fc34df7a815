public import CEventABI
public import TextEncoding

/// One event, ready to be described: what happened, to whom, and where in the stream it stands.
public struct Event {
    /// What is special to each kind. Bodies of rare events are indirect: an event is moved, and an exec's should be small.
    public enum Body {
        /// exec and fork: the process says it all.
        case process
        case exit(secd_exit)
        case credentials(secd_credentials_change)
        case socket(SocketEvent)
        case file(FileEvent)
        /// How many events left before the name came.
        case named(events: UInt64)
        indirect case policy(PolicyEvent)
        indirect case loader(LoaderEvent)
        indirect case throttle(ThrottleEvent)
        indirect case start(StreamStart)
        indirect case gap(StreamGap)
        indirect case stop(StreamStop)
    }

    /// What every event has.
    public struct Head {
        /// Names the event in JSON and numbers it in the API.
        public var kind: EventKind
        /// When it happened in the kernel, not when it was read.
        public var time: UnixTime
        /// The acting process; nil where it is not known, or for events of the stream itself.
        public var process: ProcessObject?
        /// Its place in ring and stream.
        public var origin: Origin

        public init(kind: EventKind, time: UnixTime, process: ProcessObject?, origin: Origin) {
            self.kind = kind
            self.time = time
            self.process = process
            self.origin = origin
        }
    }

    /// Small and moved at will, unlike the body.
    public var head: Head
    /// What the event shows beside the process.
    public var body: Body

    /// See `Head` for what is not the body.
    public init(kind: EventKind, time: UnixTime, process: ProcessObject?, body: Body, origin: Origin) {
        self.init(Head(kind: kind, time: time, process: process, origin: origin), body)
    }

    /// Puts an event together of its two parts.
    public init(_ head: Head, _ body: Body) {
        self.head = head
        self.body = body
    }

    /// See `Head`.
    public var kind: EventKind { head.kind }
    /// See `Head`.
    public var time: UnixTime { head.time }
    /// See `Head`.
    public var process: ProcessObject? { head.process }
    /// See `Head`.
    public var origin: Origin {
        get { head.origin }
        set { head.origin = newValue }
    }
}

/// Where an event stands in its ring and in the stream: what `secctl verify` checks.
public struct Origin: Sendable {
    /// `SECD_RING_*`, or nil for events that the daemon itself made.
    public var ring: UInt8?
    /// CPU whose program wrote the record.
    public var cpu: UInt32 = 0
    /// Sequence number of the record, per ring and CPU, from 1.
    public var sequence: UInt64 = 0
    /// Records of this ring and CPU that gave no event since the last one that did.
    public var skipped: UInt64 = 0
    /// Number of this event in the stream, from 1.
    public var line: UInt64 = 0

    public init(ring: UInt8?, cpu: UInt32 = 0, sequence: UInt64 = 0, skipped: UInt64 = 0, line: UInt64 = 0) {
        self.ring = ring
        self.cpu = cpu
        self.sequence = sequence
        self.skipped = skipped
        self.line = line
    }

    /// Name of a ring.
    public static func name(ofRing ring: UInt8) -> StaticString {
        switch Int32(ring) {
        case SECD_RING_LIFECYCLE: "lifecycle"
        case SECD_RING_VERDICT: "verdict"
        case SECD_RING_OBSERVATION: "observation"
        default: "unknown"
        }
    }
}
