import EventModel
import LinuxSystem

/// What producer and consumer of a `BatchQueue` share, under its lock.
struct QueueState: Sendable {
    enum Listening { case nobody, forBatches, forControl }

    private struct Slot {
        var batch = EventBatch()
        /// Events that were lost between the batch before and this one.
        var gapBefore = SinkGap.none(.queueFull)
    }

    /// Bytes up to which batches are put together: large enough for one efficient write.
    static let chunk = 256 << 10
    /// Empty batches that are kept: one being filled, one being written, and those of a pass of two hundred processes, in
    /// which the consumer does not get its turn: their pages would be faulted in anew each time.
    private static let spareLimit = 8

    let limitBytes: Int
    /// A ring. Two neighbours hold more than a chunk together, so this many always suffice, gaps apart.
    private var slots: [Slot]
    private var head = 0
    private var count = 0
    private var spare: [EventBatch] = []
    /// Events lost since the last batch that was accepted.
    private var gap = SinkGap.none(.queueFull)

    /// Of what waits and of what the consumer has in hand: it is memory until it is given back.
    private(set) var bytes = 0
    private var bytesInHand = 0
    var lost: UInt64 = 0
    var listening = Listening.nobody
    var woken = false
    /// Set when closed.
    var drainDeadline: UInt64?

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
        slots = Array(repeating: Slot(), count: limitBytes / Self.chunk * 2 + 8)
        spare.reserveCapacity(Self.spareLimit)
    }

    private static func cost(_ batch: borrowing EventBatch) -> Int {
        batch.bytes.count + batch.entries.count * MemoryLayout<EventBatch.Entry>.stride
    }

    /// Takes `batch` and leaves an empty one in its place. Returns whether the consumer must be woken.
    mutating func accept(_ batch: inout EventBatch) -> Bool {
        if batch.lostBefore > 0 { lose(batch.lostBefore) }
        guard !batch.isEmpty else {
            batch.removeAll()
            return false
        }
        let cost = Self.cost(batch)
        // A batch larger than the whole queue is taken when nothing else waits: it would never fit.
        guard drainDeadline == nil, count < slots.count, bytes + cost <= limitBytes || count == 0 else {
            lose(UInt64(batch.entries.count))
            batch.removeAll()
            return false
        }
        bytes += cost
        let last = (head + count - 1 + slots.count) % slots.count
        if count > 0, gap.lostEvents == 0, slots[last].batch.bytes.count + batch.bytes.count <= Self.chunk {
            slots[last].batch.append(batch)
            batch.removeAll()
        } else {
            let place = (head + count) % slots.count
            swap(&slots[place].batch, &batch)
            slots[place].gapBefore = gap
            gap = .none(.queueFull)
            count += 1
            batch = spare.popLast() ?? batch
        }
        return notify(.forBatches)
    }

    private mutating func lose(_ events: UInt64) {
        lost += events
        gap.extend(by: events, at: RealtimeClock.now)
    }

    /// The next item, or nil where the consumer must wait; it is then noted as waiting.
    mutating func take(now: UInt64) -> BatchQueue.Item? {
        releaseHand()
        if woken {
            woken = false
            return .woken
        }
        if let drainDeadline, now >= drainDeadline {
            abandon()
            return .closed
        }
        if count > 0 {
            if slots[head].gapBefore.lostEvents > 0 {
                let gap = slots[head].gapBefore
                slots[head].gapBefore = .none(.queueFull)
                return .gap(gap)
            }
            var batch = EventBatch()
            swap(&batch, &slots[head].batch)
            bytesInHand = Self.cost(batch)
            head = (head + 1) % slots.count
            count -= 1
            return .batch(batch)
        }
        // Everything else is written: the end of the gap is known.
        if gap.lostEvents > 0 {
            defer { gap = .none(.queueFull) }
            return .gap(gap)
        }
        if drainDeadline != nil { return .closed }
        listening = .forBatches
        return nil
    }

    mutating func beginPause(now: UInt64) -> (BatchQueue.Pause?, drainDeadline: UInt64?) {
        if woken {
            woken = false
            return (.woken, drainDeadline)
        }
        if let drainDeadline, now >= drainDeadline { return (.expired, drainDeadline) }
        listening = .forControl
        return (nil, drainDeadline)
    }

    mutating func keep(_ batch: EventBatch) {
        releaseHand()
        // The memory of one huge batch is not kept for ever.
        if spare.count < Self.spareLimit, batch.bytes.capacity <= 4 * Self.chunk { spare.append(batch) }
    }

    private mutating func releaseHand() {
        bytes -= bytesInHand
        bytesInHand = 0
    }

    private mutating func abandon() {
        while count > 0 {
            lost += UInt64(slots[head].batch.entries.count)
            slots[head] = Slot()
            head = (head + 1) % slots.count
            count -= 1
        }
        bytes = 0
    }

    private mutating func notify(_ what: Listening) -> Bool {
        guard listening == what else { return false }
        listening = .nobody
        return true
    }
}

extension EventBatch {
    /// Appends the events of another batch.
    fileprivate mutating func append(_ other: EventBatch) {
        let offset = bytes.count
        bytes.append(contentsOf: other.bytes)
        for entry in other.entries {
            var moved = entry
            moved.end += offset
            entries.append(moved)
        }
    }
}
