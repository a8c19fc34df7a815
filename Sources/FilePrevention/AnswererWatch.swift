import LinuxSystem
import Synchronization
import SystemPackage

/// Something about the answering of questions that somebody should read.
public enum FileTrouble: Sendable, Hashable {
    /// The thread has not gone on for some seconds; until it does, calls are answered as policies want it in
    /// doubt (`unknown`).
    case stuck
    /// It goes on.
    case recovered
    /// The kernel had no room for so many questions and let those calls pass.
    case overflow(UInt64)
    /// So many questions could not be taken; the kernel has refused those calls.
    case untaken(UInt64)
    /// So many calls could not be judged, and were answered as policies want it in doubt.
    case unjudged(UInt64)
    /// A file cannot be asked about.
    case notMarked(path: String, reason: String)
}

/// Looks at whether the answering thread goes on, and says what else its counters tell. Has a thread of its
/// own.
final class AnswererWatch: Sendable {
    /// Between two looks, nanoseconds; while the thread is stuck, calls wait no longer than the second.
    private static let interval: UInt64 = 500_000_000
    private static let stuckInterval: UInt64 = 20_000_000

    private let answerer: FileAnswerer
    /// How long a question may be in hand, nanoseconds.
    private let patience: UInt64
    private let tell: @Sendable (FileTrouble) -> Void
    private let end: EventFD
    private let times = Atomic<UInt64>(0)

    init(
        _ answerer: FileAnswerer, patience: UInt64, _ tell: @escaping @Sendable (FileTrouble) -> Void
    ) throws(Errno) {
        self.answerer = answerer
        self.patience = patience
        self.tell = tell
        end = try EventFD()
    }

    /// Times that it was stuck.
    var stuck: UInt64 { times.load(ordering: .relaxed) }

    func stop() { end.signal() }

    func run() {
        var told = FileCounters()
        var isStuck = false
        while true {
            let pause = isStuck ? Self.stuckInterval : min(Self.interval, patience)
            let isOver = (try? end.wait(until: MonotonicClock.now + pause)) ?? true
            if isOver { return }
            let since = answerer.busySince.load(ordering: .sequentiallyConsistent)
            let now = MonotonicClock.now
            let isLate = since != 0 && now > since && now - since > patience
            if isLate != isStuck {
                isStuck = isLate
                if isLate { times.add(1, ordering: .relaxed) }
                tell(isLate ? .stuck : .recovered)
            }
            if isLate { answerer.answerInPlace() }
            report(&told)
        }
    }

    private func report(_ told: inout FileCounters) {
        let now = answerer.counters
        if now.overflows > told.overflows { tell(.overflow(now.overflows - told.overflows)) }
        if now.untaken > told.untaken { tell(.untaken(now.untaken - told.untaken)) }
        if now.unjudged > told.unjudged { tell(.unjudged(now.unjudged - told.unjudged)) }
        told = now
    }
}
