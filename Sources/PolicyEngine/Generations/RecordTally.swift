import Synchronization

/// How often rules told something that the kernel does not count: at hooks with many rules, those that
/// only tell. The worker counts them as their records come.
public final class RecordTally: Sendable {
    private struct Counts {
        /// By generation and hook: the counter of each rule that the kernel does not count.
        var hooks: [UInt64: [UInt32?]] = [:]
        var told: [UInt32: UInt64] = [:]
    }

    private let counts = Mutex(Counts())

    init() {}

    /// A record came.
    /// - Parameter rules: those that told, by position in the hook's rules.
    public func add(generation: UInt32, hook: UInt32, rules: some Sequence<Int>) {
        counts.withLock { counts in
            guard let counters = counts.hooks[Self.key(generation, hook)] else { return }
            for rule in rules where rule < counters.count {
                if let counter = counters[rule] { counts.told[counter, default: 0] &+= 1 }
            }
        }
    }

    /// Notes the rules of a generation; those of the ones before the last two are forgotten.
    func begin(generation: UInt32, _ hooks: [UInt32: [UInt32?]]) {
        counts.withLock { counts in
            counts.hooks = counts.hooks.filter { $0.key >> 32 &+ 2 >= UInt64(generation) }
            for (hook, counters) in hooks where counters.contains(where: { $0 != nil }) {
                counts.hooks[Self.key(generation, hook)] = counters
            }
        }
    }

    func count(of counter: UInt32) -> UInt64 { counts.withLock { $0.told[counter] ?? 0 } }

    private static func key(_ generation: UInt32, _ hook: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(hook)
    }
}
