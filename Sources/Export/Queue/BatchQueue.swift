public import EventModel
import LinuxSystem
import Synchronization
public import SystemPackage

/// Batches on their way from the worker to one sink's thread: bounded, and never in the producer's way.
///
/// Both sides hold the lock for a few assignments or one copy, never across a system call. While the
/// consumer is behind, a new batch is appended to the last waiting one, so that the memory held is
/// bounded by the events in it and not by the number of batches, and the backlog is written in large
/// pieces. Batches go round: nothing is allocated in steady state.
///
/// What finds no space is counted, and the count stays in its place among the batches: the consumer
/// meets it as a gap between what came before and what came after.
public final class BatchQueue: Sendable {
    /// What the consumer does next.
    public enum Item: Sendable {
        case batch(EventBatch)
        /// Events are missing between the last batch and the next.
        case gap(SinkGap)
        /// `wake` was called.
        case woken
        case timedOut
        /// Closed, and empty or out of time: the consumer ends.
        case closed
    }

    /// How a pause ended.
    public enum Pause: Sendable {
        case timedOut, woken
        /// Closed, and the time to drain is over.
        case expired
    }

    /// Bytes of events that may wait.
    public let limitBytes: Int
    private let state: Mutex<QueueState>
    private let bell: EventFD

    /// Readable when a waiting consumer should look again: for consumers that wait for more than the
    /// queue. Bracket such waits with `beginWait` and `endWait`.
    var bellDescriptor: Int32 { bell.raw }

    /// - Parameter limitBytes: bytes of events that may wait before further ones are lost.
    /// - Throws: `Errno` where the kernel gives no eventfd.
    public init(limitBytes: Int) throws(Errno) {
        self.limitBytes = limitBytes
        bell = try EventFD()
        state = Mutex(QueueState(limitBytes: limitBytes))
    }

    // MARK: Producer

    /// Takes a batch, or counts it as lost; gives back an empty one to fill next. Never blocks.
    public func push(_ batch: consuming EventBatch) -> EventBatch {
        var batch = batch
        let (bytes, entries) = (batch.bytes.count, batch.entries.count)
        let wake = state.withLock { $0.accept(&batch) }
        if wake { bell.signal() }
        // No used one was there: one allocation now instead of many while it grows.
        if batch.bytes.capacity < bytes { batch.bytes.reserveCapacity(bytes) }
        if batch.entries.capacity < entries { batch.entries.reserveCapacity(entries) }
        return batch
    }

    // MARK: Consumer

    /// The next thing to do, waited for until `deadline` (CLOCK_MONOTONIC, nanoseconds).
    public func next(until deadline: UInt64?) -> Item {
        while true {
            if let item = state.withLock({ $0.take(now: MonotonicClock.now) }) { return item }
            let ready = waitForBell(until: deadline)
            if !ready { return .timedOut }
        }
    }

    /// Waits although there may be batches: for a consumer whose target is out of order. Ends early
    /// when `wake` or `close` is called.
    public func pause(until deadline: UInt64) -> Pause {
        while true {
            let (pause, drainDeadline) = state.withLock { $0.beginPause(now: MonotonicClock.now) }
            if let pause { return pause }
            let ready = waitForBell(until: min(deadline, drainDeadline ?? .max))
            if !ready, MonotonicClock.now >= deadline { return .timedOut }
        }
    }

    /// What `pause` would say without waiting, nil = go on waiting; arms the bell for `bellDescriptor`.
    func beginWait() -> (Pause?, drainDeadline: UInt64?) {
        state.withLock { $0.beginPause(now: MonotonicClock.now) }
    }

    /// Whether it is closed and the time to drain is over.
    var isExpired: Bool {
        state.withLock { $0.drainDeadline.map { MonotonicClock.now >= $0 } ?? false }
    }

    func endWait() {
        state.withLock { $0.listening = .nobody }
        bell.drain()
    }

    /// Gives the memory of a batch back.
    public func recycle(_ batch: consuming EventBatch) {
        var batch = batch
        batch.removeAll()
        state.withLock { $0.keep(batch) }
    }

    private func waitForBell(until deadline: UInt64?) -> Bool {
        // poll fails for want of memory alone; looking again is right then, too.
        let ready = (try? bell.wait(until: deadline)) ?? true
        endWait()
        return ready
    }

    // MARK: Control

    /// Makes `next` and `pause` return `.woken`.
    public func wake() {
        state.withLock { $0.woken = true }
        bell.signal()
    }

    /// Refuses batches from now on; what waits may be consumed until `deadline` (CLOCK_MONOTONIC,
    /// nanoseconds).
    public func close(drainUntil deadline: UInt64) {
        state.withLock { $0.drainDeadline = deadline }
        bell.signal()
    }

    /// Counts events as lost that the consumer could not deliver, without a gap in the output.
    public func countLost(_ events: UInt64) {
        state.withLock { $0.lost += events }
    }

    /// Bytes that wait, and events that were lost so far.
    public var account: (bytes: UInt64, lost: UInt64) {
        state.withLock { (UInt64($0.bytes), $0.lost) }
    }
}
