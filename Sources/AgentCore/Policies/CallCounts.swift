import CEventABI
package import EventDecoder
package import EventModel
package import PolicyEngine
package import ProcessTree

/// Counted calls on their way to events: the kernel says how many, a record says of what. Owned by the worker.
package struct CallCounts {
    /// Keys that wait; each is an event sooner or later.
    private struct Entry {
        /// What its record showed; nil = it has not come yet.
        var told: (count: PolicyCount, process: ProcessObject?)?
        var calls: UInt64 = 0
        /// CLOCK_BOOTTIME of the first count.
        var since: UInt64?
    }

    /// A count that is due.
    package struct Due {
        package var event: PolicyEvent
        /// The first that made such a call; nil = unknown.
        package var process: ProcessObject?
        /// CLOCK_BOOTTIME, nanoseconds.
        package var time: UInt64
    }

    /// Longest that a record is waited for after its count, nanoseconds: rings are read within a second.
    private static let patience: UInt64 = 2_000_000_000

    /// How much an epoch may be shorter than it should.
    private static let slack: UInt64 = 500_000_000

    package init() {}

    private var entries: [PolicyCountKey: Entry] = [:]
    /// What counts of each rule are told with where no record says more.
    private var rules: [UInt32: PolicyCount] = [:]

    /// A generation begins.
    package mutating func learn(_ counted: [PolicyCount]) {
        for count in counted { rules[count.key.counter] = count }
    }

    /// A record showed the values of a key. The process stays known until the count is told.
    package mutating func learn(_ count: PolicyCount, of process: ProcessObject?, _ tree: ProcessTree) {
        guard entries[count.key]?.told == nil else { return }
        if let process { tree.retain(process) }
        entries[count.key, default: Entry()].told = (count, process)
    }

    /// What the kernel counted in a span. Gives the counts whose interval is over, with the last span all of them.
    package mutating func take(
        _ epoch: CallCounter.Epoch, _ span: Range<UInt64>, isLast: Bool, _ tree: ProcessTree
    ) -> [Due] {
        for (key, count) in epoch.calls {
            let key = PolicyCountKey(counter: key.counter, values: key.values)
            entries[key, default: Entry()].calls &+= count
            if entries[key]?.since == nil { entries[key]?.since = span.lowerBound }
        }
        var due = epoch.rest.compactMap { rest in
            rules[rest.counter].map { rule in
                Self.due(rule.event, rest.count, nil, span.lowerBound, span.upperBound)
            }
        }
        for (key, entry) in entries {
            guard let since = entry.since, let rule = entry.told?.count ?? rules[key.counter] else {
                continue
            }
            let age = span.upperBound &- since
            // Intervals are whole epochs; one that is a little short of it must not wait for another.
            let wait = rule.interval &+ (entry.told == nil ? Self.patience : 0)
            guard isLast || age &+ Self.slack >= wait else { continue }
            due.append(Self.due(rule.event, entry.calls, entry.told?.process, since, span.upperBound))
            if let process = entry.told?.process { tree.release(process) }
            entries[key] = nil
        }
        return due
    }

    private static func due(
        _ event: PolicyEvent, _ calls: UInt64, _ process: ProcessObject?, _ since: UInt64, _ end: UInt64
    ) -> Due {
        var event = event
        event.count = calls
        event.interval = end &- since
        return Due(event: event, process: process, time: end)
    }
}
