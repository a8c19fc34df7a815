/// How long the reader of the rings sleeps between two passes.
///
/// Every sleep costs two timer interrupts and two switches, dear in a guest; every batch wakes the threads of the sinks.
/// So records of a quiet machine wait for each other, and a machine where nothing happens is left alone. What cannot
/// wait (verdicts, a filling ring) wakes the reader anyway.
package struct ReadingPace {
    /// Records in a millisecond from which a reader is busy: their batches are worth a wakeup, and more than a few
    /// milliseconds of them would be late at the sinks.
    package static let busyRate: UInt64 = 20
    /// Milliseconds. At 1,200 short processes a second, what one core can start, a batch has about ten of them.
    package static let busy: Int32 = 1
    package static let quiet: Int32 = 8
    /// 25 wakeups a second.
    package static let idle: Int32 = 40

    private var sleep = ReadingPace.quiet
    private var lastPass: UInt64 = 0

    package init() {}

    /// The sleep after a pass.
    /// - Parameter count: records of the pass.
    /// - Parameter now: when the pass began, nanoseconds.
    package mutating func sleep(after count: Int, at now: UInt64) -> Int32 {
        let elapsed = now &- lastPass
        lastPass = now
        if UInt64(count) &* 1_000_000 >= Self.busyRate &* elapsed {
            sleep = Self.busy
        } else if count > 0 {
            sleep = Self.quiet
        } else {
            sleep = min(sleep * 2, Self.idle)
        }
        return sleep
    }
}
