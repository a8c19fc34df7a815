/// How long to wait after a failure: twice as long each time, up to a bound, with some chance in it so that the
/// daemons of a thousand nodes do not come back at the same moment.
package struct BackOff: Sendable {
    /// The first wait, nanoseconds.
    package var first: UInt64 = 800_000_000
    /// The longest one without the chance, nanoseconds.
    package var longest: UInt64 = 30_000_000_000
    /// After so long without a failure the first wait counts again, nanoseconds.
    package var calm: UInt64 = 120_000_000_000

    private var step: UInt64 = 0
    private var last: UInt64 = 0

    package init() {}

    /// Counts a failure, and says how long to wait.
    /// - Parameters:
    ///   - now: of a clock that never goes back, nanoseconds.
    ///   - chance: 0 to 1; the wait is up to twice as long by it.
    package mutating func failed(at now: UInt64, chance: Double) -> UInt64 {
        let isCalm = step == 0 || now &- last > calm
        step = isCalm ? first : min(step * 2, longest)
        last = now
        return step + UInt64(Double(step) * min(max(chance, 0), 1))
    }
}
