import LinuxSystem

/// The socket of a runtime that is not connected, and whether to ask there again. Who comes (back) may begin containers a
/// moment later, and has its socket before all of its API.
struct RuntimeSocket {
    /// After an attempt that failed at once, nanoseconds.
    private static let pause: UInt64 = 50_000_000
    /// After one that took long: so many times as long as it took.
    private static let restraint: UInt64 = 8

    let path: String
    /// As it was at the last attempt.
    private var asked: FileStatus?
    /// When that began, and when the next may, monotonic.
    private var began: UInt64 = 0
    private var next: UInt64 = 0

    init(path: String) { self.path = path }

    /// Whether there is one; then an attempt begins.
    mutating func isThere() -> Bool {
        asked = current
        began = MonotonicClock.now
        next = .max
        return asked != nil
    }

    /// The attempt failed.
    mutating func failed() {
        let now = MonotonicClock.now
        next = now &+ max(Self.pause, Self.restraint &* (now &- began))
    }

    /// Whether there is one that was not asked, or that failed a while ago.
    var isWorthATry: Bool {
        guard let current else { return false }
        return current != asked || MonotonicClock.now >= next
    }

    private var current: FileStatus? {
        guard let status = try? FileStatus(path: path), status.kind == .socket else { return nil }
        return status
    }
}
