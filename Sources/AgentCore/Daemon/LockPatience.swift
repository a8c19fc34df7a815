import LinuxSystem

/// How long a start waits for locks that another daemon has.
struct LockPatience: Sendable {
    /// For a daemon that is ending already: the kernel needs up to two seconds to take down the programs of a
    /// killed one, and keeps its locks meanwhile.
    private static let withEnding: UInt64 = 15_000_000_000
    /// Where nobody can be seen that has the lock: gone since, or in another pid namespace.
    private static let withStrangers: UInt64 = 1_000_000_000

    private let begun = MonotonicClock.now

    /// Whether the lock may be free soon.
    /// - Parameter holder: who has it, as `FileLockTable` knows; nil = nobody that can be seen.
    func lasts(for holder: Int32?) -> Bool {
        let waited = MonotonicClock.now - begun
        guard let holder else { return waited < Self.withStrangers }
        return ProcessLife.isEnding(holder) && waited < Self.withEnding
    }
}
