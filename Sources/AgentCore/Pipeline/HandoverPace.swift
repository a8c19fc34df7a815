/// When sinks are given what was read.
///
/// Each batch wakes the threads of the sinks, which costs more than writing it. So while little comes, small batches
/// wait for each other; what comes after a pause, in a burst, or last, never does.
package struct HandoverPace {
    /// Since the batch before, nanoseconds: with the sleep of the reader, events are with their sinks within a tenth
    /// of a second while somebody looks on. Else the reader sleeps longer than this, and each pass gives what it read.
    package static let rest: UInt64 = 60_000_000
    /// Bytes of a batch that is worth a wakeup: about twenty events.
    package static let enough = 64 * 1024

    private var last: UInt64 = 0

    package init() {}

    /// Whether sinks are given what waits.
    /// - Parameters:
    ///   - count: records of this pass; after one without any nobody knows when the next come.
    ///   - bytes: what waits, of the sink that has most.
    ///   - isCalm: little came lately.
    ///   - now: nanoseconds.
    package mutating func isDue(after count: Int, waiting bytes: Int, isCalm: Bool, at now: UInt64) -> Bool {
        if isCalm, count > 0, bytes < Self.enough, now &- last < Self.rest { return false }
        if bytes > 0 { last = now }
        return true
    }
}
