import LinuxSystem
import PolicyEngine
import Synchronization
import SystemPackage

/// The thread that takes counted calls out of the kernel, as often as the shortest interval of a policy asks.
final class CountThread: Sendable {
    private struct State {
        /// Nanoseconds; nil = nothing is counted.
        var interval: UInt64?
        /// The thread shall deliver a last time, and end.
        var isOver = false
    }

    private static let second: UInt64 = 1_000_000_000
    /// Longest that the end of the thread is waited for, nanoseconds.
    private static let patience = 5 * second

    private let state = Mutex(State())
    private let wake: EventFD
    /// The thread has ended.
    private let ended: EventFD
    private let counter: CallCounter
    private let deliver: @Sendable (CallCounter.Epoch, Range<UInt64>, _ isLast: Bool) -> Void

    /// - Parameter deliver: told what was counted, from when to when (CLOCK_BOOTTIME), and whether nothing is
    ///   counted any more.
    /// - Throws: `Errno` where no thread or descriptor can be made.
    init(
        _ counter: CallCounter,
        deliver: @escaping @Sendable (CallCounter.Epoch, Range<UInt64>, _ isLast: Bool) -> Void
    ) throws(Errno) {
        self.counter = counter
        self.deliver = deliver
        wake = try EventFD()
        ended = try EventFD()
        try LinuxSystem.Thread(name: "secd-counts") { self.run() }.detach()
    }

    /// From now on calls are taken out so often; nil = nothing is counted any more. What was counted until now is
    /// taken out at once.
    func set(interval seconds: UInt32?) {
        let interval = seconds.map { UInt64($0) * Self.second }
        let isNew = state.withLock { state in
            defer { state.interval = interval }
            return state.interval != interval
        }
        if isNew { wake.signal() }
    }

    /// Returns when what was counted until now has been delivered as the last; more is not taken out.
    func finish() {
        state.withLock { $0.isOver = true }
        wake.signal()
        // The kernel's programs are waited for, milliseconds. Whoever finishes again finds it ended.
        _ = try? ended.wait(until: MonotonicClock.now &+ Self.patience)
    }

    private func run() {
        var began = BootClock.now
        var isCounting = false
        while true {
            let interval = state.withLock { $0.isOver ? 0 : $0.interval }
            _ = try? wake.wait(until: interval.map { MonotonicClock.now &+ $0 })
            wake.drain()
            let (isWanted, isOver) = state.withLock { ($0.interval != nil, $0.isOver) }
            let now = BootClock.now
            if isCounting || isOver && isWanted {
                deliver(counter.take(), began..<max(now, began), isOver || !isWanted)
            }
            began = now
            isCounting = isWanted
            if isOver { break }
        }
        ended.signal()
    }
}
