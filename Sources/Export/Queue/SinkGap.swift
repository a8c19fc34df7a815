/// Events that a sink does not have, for the line that says so in its own output.
public struct SinkGap: Sendable, Equatable {
    /// What kept them from the sink.
    public enum Cause: Sendable, Equatable {
        /// The sink's queue was full; `lostEvents` is exact.
        case queueFull
        /// The receiver refused the events (too large, malformed); `lostEvents` is exact.
        case refused
        /// The receiver went and took with it what it had not read; `lostEvents` is the most that it
        /// can have been.
        case receiverRestarted
    }

    /// What kept them from the sink.
    public var cause: Cause
    /// How many; see `Cause` for how exact.
    public var lostEvents: UInt64
    /// When the first and the last of them were refused: UTC, nanoseconds since 1970. Their own times
    /// are slightly earlier.
    public var firstTime: UInt64
    /// Not before `firstTime`.
    public var lastTime: UInt64

    public init(cause: Cause, lostEvents: UInt64, firstTime: UInt64, lastTime: UInt64) {
        self.cause = cause
        self.lostEvents = lostEvents
        self.firstTime = firstTime
        self.lastTime = lastTime
    }

    mutating func extend(by events: UInt64, at time: UInt64) {
        if lostEvents == 0 { firstTime = time }
        lostEvents += events
        lastTime = time
    }

    static func none(_ cause: Cause) -> SinkGap {
        SinkGap(cause: cause, lostEvents: 0, firstTime: 0, lastTime: 0)
    }
}

/// Makes the event that reports a gap, in the sink's format: a JSON line with its newline, or the
/// fields of a journal entry. Called on the sink's thread.
public typealias GapEncoder = @Sendable (SinkGap) -> [UInt8]
