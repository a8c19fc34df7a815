import LinuxSystem
import PolicyEngine
import Synchronization
import SystemPackage

/// The thread that takes counted calls out of the kernel, as often as the shortest interval of a policy asks.
final class CountThread: Sendable {
    private struct State {
        /// Nanoseconds; nil = nothing is counted.
        var interval: UInt64?
    }

    private static let second: UInt64 = 1_000_000_000

    private let state = Mutex(State())
    private let wake: EventFD
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

    private func run() {
        var began = BootClock.now
        var isCounting = false
        while true {
            let interval = state.withLock(\.interval)
            _ = try? wake.wait(until: interval.map { MonotonicClock.now &+ $0 })
            wake.drain()
            let continues = state.withLock(\.interval) != nil
            let now = BootClock.now
            if isCounting { deliver(counter.take(), began..<max(now, began), !continues) }
            began = now
            isCounting = continues
        }
    }
}
