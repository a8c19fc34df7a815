/// How long to wait before the next attempt: doubling from a tenth of a second to five.
struct BackOff {
    private static let first: UInt64 = 100_000_000
    private static let longest: UInt64 = 5_000_000_000

    private var wait: UInt64 = 0

    /// Whether nothing has failed since the last success.
    var isIdle: Bool { wait == 0 }

    /// Nanoseconds.
    mutating func next() -> UInt64 {
        wait = wait == 0 ? Self.first : min(wait * 2, Self.longest)
        return wait
    }

    mutating func reset() { wait = 0 }
}
