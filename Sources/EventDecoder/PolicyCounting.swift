import CEventABI
public import EventModel
import PolicyModel

/// How a rule counts its calls (action Count).
public struct PolicyCounting: Sendable {
    /// The number that the kernel counts them under.
    public var counter: UInt32
    /// What makes the key, by position in the hook's columns, in order.
    public var columns: [Int]
    /// From one count of a key to the next, nanoseconds.
    public var interval: UInt64
    /// Each call is told, too.
    public var posts: Bool

    public init(counter: UInt32, columns: [Int], interval: UInt64, posts: Bool) {
        self.counter = counter
        self.columns = columns
        self.interval = interval
        self.posts = posts
    }
}

/// What calls are counted by: the rule, and the values that they have in common, as a hash.
public struct PolicyCountKey: Hashable, Sendable {
    /// The number that the kernel counts the rule under.
    public var counter: UInt32
    /// Of the hash.
    public var first: UInt64
    /// Likewise.
    public var second: UInt64

    /// - Parameter values: their hash.
    public init(counter: UInt32, values: (UInt64, UInt64)) {
        self.counter = counter
        (first, second) = values
    }
}

/// A value in a record, for its hash.
public struct PolicyCountedValue: Sendable {
    /// Position in the hook's columns.
    public var column: UInt32
    /// Its text; empty for numbers.
    public var bytes: [UInt8]
    /// As in the record.
    public var number: UInt64
    /// SECD_POLICY_VALUE_PRESENT, ….
    public var state: UInt8
}

/// A key that calls are counted by, and the event that its counts are told with.
public struct PolicyCount: Sendable {
    /// What the kernel counts by.
    public var key: PolicyCountKey
    /// Without its count.
    public var event: PolicyEvent
    /// From one count to the next, nanoseconds.
    public var interval: UInt64

    public init(key: PolicyCountKey, event: PolicyEvent, interval: UInt64) {
        self.key = key
        self.event = event
        self.interval = interval
    }
}

extension PolicyCatalogue {
    /// The keys that a record brings for the first time in their epoch, and whether it is told, too.
    /// - Returns: nil for a record of a hook where nothing is counted.
    public func counted(_ view: borrowing RecordView) -> (keys: [PolicyCount], isTold: Bool)? {
        guard let record = PolicyRecord(view), record.fixed.generation == generation,
            let hook = hook(record.fixed.hook), hook.counts,
            let values = PolicyValues(record, hook.columns)
        else { return nil }
        var keys: [PolicyCount] = []
        var isTold = false
        record.forEachRule(in: SECD_POLICY_SET_TOLD) { index in
            guard index < hook.rules.count else { return }
            let rule = hook.rules[index]
            guard let counting = rule.counting else {
                isTold = true
                return
            }
            if counting.posts { isTold = true }
            keys.append(count(rule, counting, values, hook))
        }
        return (keys, isTold)
    }

    private func count(
        _ rule: Rule, _ counting: PolicyCounting, _ values: PolicyValues, _ hook: Hook
    ) -> PolicyCount {
        var event = PolicyEvent(
            hook: hook.hook, matches: [PolicyMatch(rule.rule)], generation: UInt64(generation))
        event.action = .count
        if rule.shape < hook.shapes.count {
            let wanted = Set(counting.columns)
            event.arguments = hook.shapes[rule.shape].arguments.filter { wanted.contains($0.column) }
                .map { values.argument($0, 0) }
        }
        return PolicyCount(
            key: PolicyCountKey(
                counter: counting.counter, values: countKey(values.counted(counting.columns))),
            event: event, interval: counting.interval)
    }
}
