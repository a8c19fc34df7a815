/// Encoded events on their way from the worker to one consumer: flat bytes and where each ends.
///
/// A batch is filled by the worker, handed over whole, emptied by the consumer and given back:
/// its memory is reused for ever.
public struct EventBatch: Sendable {
    /// One encoded event of a batch.
    public struct Entry: Sendable {
        /// Offset behind its last byte.
        public var end: Int
        /// For the consumer's counts.
        public var kind: EventKind
        /// syslog priority (RFC 5424): 6 informational … 3 error.
        public var priority: UInt8

        public init(end: Int, kind: EventKind, priority: UInt8) {
            self.end = end
            self.kind = kind
            self.priority = priority
        }
    }

    /// The events, one after another, in the consumer's format.
    public var bytes: [UInt8] = []
    /// One per event, in the order of `bytes`.
    public var entries: [Entry] = []
    /// Events for this consumer that found no space in its queue before this batch.
    public var lostBefore: UInt64 = 0

    public init() {}

    /// Whether it holds no event; `lostBefore` does not count.
    public var isEmpty: Bool { entries.isEmpty }

    /// Empties the batch, keeps its memory.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        lostBefore = 0
    }

    /// Bytes of event `index`.
    public func range(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : entries[index - 1].end)..<entries[index].end
    }
}

/// A consumer of encoded events: the file writer, the journal writer, one gRPC subscriber.
public protocol EventConsumer: AnyObject, Sendable {
    /// Takes a batch without ever blocking, and gives back an empty one to fill next. Where the
    /// consumer's queue is full it counts the batch as lost and returns it emptied.
    func deliver(_ batch: consuming EventBatch) -> EventBatch
}
