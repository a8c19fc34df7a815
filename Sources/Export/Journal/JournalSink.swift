public import AgentModel
public import EventModel
import LinuxSystem
public import Logging
import Synchronization
import SystemPackage

/// Sends events to journald with their fields.
///
/// `deliver` only queues; a thread of the sink's own sends, because journald may be slow. Batches hold
/// entries made by `JournalFieldWriter`. While journald is absent, stopped or restarting, events wait
/// in the queue; what overflows it is reported by one gap entry in its place.
///
/// What the sink cannot know: journald's own rate limit drops entries after it has taken them. The
/// unit of secd switches it off (`LogRateLimitIntervalSec=0`).
public final class JournalSink: EventConsumer {
    private let queue: BatchQueue
    private let report: JournalReport
    private let sending: SinkThread

    /// Starts the thread; journald need not be there yet.
    /// - Parameters:
    ///   - queueBytes: bytes of events that may wait.
    ///   - gapEntry: makes the entry that reports a gap (`JournalFieldWriter.finish(kind:priority:)`).
    /// - Throws: where the process is out of threads or descriptors.
    public init(
        queueBytes: Int = 16 << 20, logger: Logger, gapEntry: @escaping GapEncoder
    ) throws(SinkError) {
        do throws(Errno) {
            let queue = try BatchQueue(limitBytes: queueBytes)
            let report = JournalReport()
            let sender = JournalSender(queue: queue, report: report, logger: logger, gapEntry: gapEntry)
            Thread.prepareInterruption()
            sending = try SinkThread(name: "sink/journald") {
                Thread.requestShortSlices()
                sender.run()
            }
            self.queue = queue
            self.report = report
        } catch {
            throw SinkError(
                operation: "start the sender to", path: JournalLink.socketPath, errno: error,
                advice: "the limits of threads or descriptors are too low for secd")
        }
    }

    public func deliver(_ batch: consuming EventBatch) -> EventBatch {
        queue.push(batch)
    }

    /// Sends what waits, for at most `seconds`, and ends the thread. To be called once, after the last
    /// `deliver`; what comes later is counted as lost.
    public func stop(drainSeconds seconds: Double = 5) {
        let deadline = MonotonicClock.now + UInt64(max(0, seconds) * 1e9)
        queue.close(drainUntil: deadline)
        sending.join(interruptAfter: deadline)
    }

    /// Counts and state of this moment; may be asked from any thread.
    public var status: SinkStatus {
        let account = queue.account
        let report = report.current
        return SinkStatus(
            name: "journald", target: JournalLink.socketPath,
            state: report.problem ?? self.report.blockedSend ?? "ok", events: report.events,
            bytes: report.bytes, lost: account.lost, queueBytes: account.bytes,
            queueLimitBytes: UInt64(queue.limitBytes),
            details: [
                "connects": report.connects, "restarts": report.restarts, "waits": report.waits,
                "refused": report.refused, "gaps": report.gaps, "resent": report.resent,
                "unread_at_restart_max": report.unreadAtRestart,
            ])
    }
}

/// What the sender's thread tells everybody else, written once per batch and at each change.
final class JournalReport: Sendable {
    struct Figures: Sendable {
        var events: UInt64 = 0
        var bytes: UInt64 = 0
        var connects: UInt64 = 0
        /// Times that journald came back with another socket.
        var restarts: UInt64 = 0
        /// Times that its queue was full, or it was absent.
        var waits: UInt64 = 0
        var refused: UInt64 = 0
        var gaps: UInt64 = 0
        /// Entries sent twice because the socket changed meanwhile.
        var resent: UInt64 = 0
        var unreadAtRestart: UInt64 = 0
        /// What is wrong since when; nil = nothing.
        var problem: String?
    }

    private let figures = Mutex(Figures())
    /// CLOCK_MONOTONIC, nanoseconds, at which the send in progress began; 0 = none.
    private let sendBegan = Atomic<UInt64>(0)

    func sendBegins() { sendBegan.store(MonotonicClock.now, ordering: .relaxed) }
    func sendEnds() { sendBegan.store(0, ordering: .relaxed) }

    /// A send that has taken a second: the thread cannot say so itself. It happens when the kernel
    /// counts too many bytes in flight before journald's queue has too many entries.
    var blockedSend: String? {
        let began = sendBegan.load(ordering: .relaxed)
        let now = MonotonicClock.now
        guard began != 0, now > began + 1_000_000_000 else { return nil }
        return
            "journald does not read since \(TimeText.seconds(RealtimeClock.now - (now - began))); events wait in memory"
    }

    var current: Figures { figures.withLock { $0 } }

    func update(_ change: (inout Figures) -> Void) {
        figures.withLock { change(&$0) }
    }
}
