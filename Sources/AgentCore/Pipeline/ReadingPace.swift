/// How long the reader of the rings sleeps between two passes.
///
/// Every sleep costs two timer interrupts and two switches, dear in a guest, and code and data that left the caches
/// meanwhile; every batch wakes the threads of the sinks. So records of a quiet machine wait for each other, and a
/// machine where nothing happens is left alone. What cannot wait (verdicts, cgroups, a filling ring) wakes the reader.
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
    /// The same after the start, nanoseconds: who has just started it waits for the first event.
    package static let startTime: UInt64 = 1_000_000_000
    /// While somebody looks on (a subscriber), and few records come: a person sees no delay.
    package static let watched: Int32 = 32
    /// While somebody looks on and none come: 13 wakeups a second.
    package static let watchedIdle: Int32 = 80
    /// For files and journals alone. At 1,200 short processes a second, what one core can start, a batch has about 180
    /// of them; a wakeup costs 0.5 ms of cold caches and a process that is one of many 10 us.
    package static let quiet: Int32 = 150

    private var sleep = ReadingPace.watched
    private var lastPass: UInt64 = 0
    private var alertUntil: UInt64

    /// - Parameter now: when reading begins, nanoseconds.
    package init(from now: UInt64) { alertUntil = now &+ Self.startTime }

    /// So little comes that the next record may wait for others.
    package var isCalm: Bool { sleep >= Self.watched }

    /// What to sleep on when a sleep has ended, milliseconds; 0 = nothing. What a program woke the reader for has not
    /// settled yet (`RingReader.settle`): the next pass would leave it, and find it after another whole sleep. Short
    /// sleeps make no difference.
    /// - Parameters:
    ///   - slept: nanoseconds.
    ///   - milliseconds: that were to be slept.
    package static func settling(after slept: UInt64, of milliseconds: Int32) -> Int32 {
        milliseconds > alert && slept < UInt64(milliseconds) * 1_000_000 ? 1 : 0
    }

    /// The sleep after a pass.
    /// - Parameters:
    ///   - count: records of the pass.
    ///   - now: when the pass began, nanoseconds.
    ///   - isWatched: somebody waits for what comes.
    package mutating func sleep(after count: Int, at now: UInt64, isWatched: Bool) -> Int32 {
        let elapsed = now &- lastPass
        lastPass = now
        if UInt64(count) &* 1_000_000 >= Self.busyRate &* elapsed {
            alertUntil = now &+ Self.alertTime
            sleep = Self.busy
        } else if now < alertUntil {
            sleep = Self.alert
        } else if !isWatched {
            sleep = Self.quiet
        } else if count > 0 {
            sleep = Self.watched
        } else {
            sleep = min(sleep * 2, Self.watchedIdle)
        }
        return sleep
    }
}
