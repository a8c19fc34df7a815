import BPFRuntime
public import CEventABI
import CLinuxShims
import Synchronization

/// Calls that the kernel counts by key (action Count): taken out one epoch after another, each exactly once.
public final class CallCounter: @unchecked Sendable {
    // @unchecked: all but `rules` is touched by whoever calls `take`, one after another.

    /// What was counted in an epoch.
    public struct Epoch: Sendable {
        /// Calls by key.
        public var calls: [(key: secd_policy_count_key, count: UInt64)] = []
        /// Calls by rule whose keys found no room.
        public var rest: [(counter: UInt32, count: UInt64)] = []

        public init() {}
    }

    private let counts: [SharedBPFMap]
    private let counters: SharedBPFMap
    private let control: MappedArray<secd_policy_control>
    private var epoch: UInt32 = 0
    /// What each rule had in `uncounted` when it was last looked at.
    private var seen: [UInt32: UInt64] = [:]
    private let rules = Mutex(Rules())

    private struct Rules {
        var running: [UInt32] = []
        /// Those of earlier generations that counted since the last epoch was taken out.
        var gone: [UInt32] = []
    }

    /// Word of the epoch in the control map.
    private static let epochWord = 1

    init(_ maps: PolicyMaps) throws(BPFError) {
        counts = maps.counts
        counters = maps.counters
        control = try MappedArray(maps.control.map)
    }

    /// Counters of the rules that count by key. What others have counted is still taken out once.
    func set(rules running: [UInt32]) {
        rules.withLock { rules in
            rules.gone = Set(rules.gone + rules.running).subtracting(running).sorted()
            rules.running = running
        }
    }

    /// Begins an epoch and takes out what was counted in the one before. Waits for programs that still count there
    /// (some milliseconds).
    public func take() -> Epoch {
        let map = counts[Int(epoch & 1)]
        epoch &+= 1
        control.store(epoch, atWord: Self.epochWord)
        _ = secd_wait_for_programs()
        var result = Epoch()
        result.calls = map.map.takeAll(secd_policy_count_key.self, UInt64.self)
        let counted = rules.withLock { rules in
            defer { rules.gone = [] }
            return rules.running + rules.gone
        }
        for counter in counted {
            let values = counters.map.lookupPerCPU(counter, as: secd_policy_counter.self)
            let now = values.reduce(0) { $0 &+ $1.uncounted }
            let before = seen.updateValue(now, forKey: counter) ?? 0
            if now > before { result.rest.append((counter, now &- before)) }
        }
        return result
    }
}

/// The key of the values that counted calls have in common, as the programs make it (bpf/trace/count.h).
public struct CountHash: Sendable {
    /// A value in a record.
    public struct Value: Sendable {
        /// Its column.
        public var column: UInt32
        /// Its text; empty for numbers.
        public var bytes: [UInt8]
        /// As in the record.
        public var number: UInt64
        /// SECD_POLICY_VALUE_PRESENT, ….
        public var state: UInt8

        public init(column: UInt32, bytes: [UInt8], number: UInt64, state: UInt8) {
            self.column = column
            self.bytes = bytes
            self.number = number
            self.state = state
        }
    }

    private let hash: KeyHash

    init(seed: [UInt64]) { hash = KeyHash(seed: seed) }

    /// - Parameter values: in the order of their columns.
    public func key(_ values: [Value]) -> (UInt64, UInt64) { hash.values(values) }
}

extension KeyHash {
    func values(_ values: [CountHash.Value]) -> (UInt64, UInt64) {
        var sum = begin
        for value in values {
            let own = Self.key(text(value.bytes), table: value.column, length: value.bytes.count).hash
            sum.first = Self.mix(sum.first &+ own.0)
            sum.second = Self.mix(sum.second &+ own.1 &+ value.number &+ UInt64(value.state))
        }
        return (sum.first, sum.second)
    }
}
