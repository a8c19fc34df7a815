/// How long the reader of the rings sleeps between two passes.
///
/// Every sleep costs two timer interrupts and two switches, dear in a guest, and code and data that left the caches
/// meanwhile; every batch wakes the threads of the sinks. So records of a quiet machine wait for each other, and a
/// machine where nothing happens is left alone. What cannot wait (verdicts, a filling ring) wakes the reader anyway.
package struct ReadingPace {
    /// Records in a millisecond from which a reader is busy: their batches are worth a wakeup, and more than a few
    /// milliseconds of them would be late at the sinks.
    package static let busyRate: UInt64 = 20
    /// Milliseconds.
    package static let busy: Int32 = 1
    /// Between the bursts of a busy machine. With the time for which records must settle, and the way to a sink's
    /// thread, a record that comes then is with its sink within 5 ms.
    package static let alert: Int32 = 3
    /// After the last busy pass, nanoseconds: as long as bursts are expected to come back.
    package static let alertTime: UInt64 = 100_000_000
    /// At 1,200 short processes a second, what one core can start, a batch has about forty of them.
    package static let quiet: Int32 = 32
    /// 13 wakeups a second.
    package static let idle: Int32 = 80

    private var sleep = ReadingPace.quiet
    private var lastPass: UInt64 = 0
    private var lastBusy: UInt64 = 0

    package init() {}

    /// So little comes that the next record may wait for others.
    package var isCalm: Bool { sleep >= Self.quiet }

    /// The sleep after a pass.
    /// - Parameter count: records of the pass.
    /// - Parameter now: when the pass began, nanoseconds.
    package mutating func sleep(after count: Int, at now: UInt64) -> Int32 {
        let elapsed = now &- lastPass
        lastPass = now
        if UInt64(count) &* 1_000_000 >= Self.busyRate &* elapsed {
            lastBusy = now
            sleep = Self.busy
        } else if now &- lastBusy < Self.alertTime {
            sleep = Self.alert
        } else if count > 0 {
            sleep = Self.quiet
        } else {
            sleep = min(sleep * 2, Self.idle)
        }
        return sleep
    }
}
