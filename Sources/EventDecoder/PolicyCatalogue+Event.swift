import CEventABI
public import EventModel
import PolicyModel

extension PolicyCatalogue {
    /// The event of a record of this generation.
    ///
    /// - Returns: nil for a damaged record, and for one that names what the generation does not have.
    public func event(_ view: borrowing RecordView) -> PolicyEvent? {
        guard let record = PolicyRecord(view), record.fixed.generation == generation,
            let hook = hook(record.fixed.hook), let matched = Self.rules(record, hook),
            let values = PolicyValues(record, hook.columns)
        else { return nil }
        let fixed = record.fixed
        var event = PolicyEvent(
            hook: hook.hook, matches: Self.matches(matched, values, hook), generation: UInt64(generation))
        Self.judge(&event, fixed, matched, hook)
        show(&event, fixed, matched, values, hook)
        event.heldBack = fixed.held_back
        event.tid = fixed.tid
        event.returnMissed = fixed.flags & SECD_POLICY_EVENT_LOST_ENTRY != 0
        event.signalFailed = fixed.flags & SECD_POLICY_EVENT_FAILED != 0
        event.abi =
            fixed.flags & SECD_POLICY_EVENT_COMPAT != 0
            ? .i386 : fixed.flags & SECD_POLICY_EVENT_X32 != 0 ? .x32 : nil
        event.attribution = Self.attribution(fixed.flags)
        let kernel = Int(fixed.kernel_frames)
        event.kernelStack = (0..<kernel).map { Self.frame(record.frame($0)) }
        event.userStack = (0..<Int(fixed.user_frames)).map { Self.frame(record.frame(kernel + $0)) }
        return event
    }

    /// Whose process a record has.
    private static func attribution(_ flags: UInt32) -> PolicyEvent.Attribution? {
        if flags & SECD_POLICY_EVENT_TRACKED != 0 { return .tracked }
        return flags & SECD_POLICY_EVENT_INTERRUPT != 0 ? .interrupted : nil
    }

    /// What is left to user space by the rules that acted in a record.
    public func orders(_ view: borrowing RecordView) -> PolicyOrders {
        guard let record = PolicyRecord(view), let hook = hook(record.fixed.hook) else { return [] }
        var orders: PolicyOrders = []
        record.forEachRule(in: SECD_POLICY_SET_ENFORCED) {
            if $0 < hook.rules.count { orders.formUnion(hook.rules[$0].orders) }
        }
        return orders
    }

    /// What the rules that tell in a record ask for over the network.
    public func requests(_ view: borrowing RecordView) -> [PolicyRequest] {
        guard let record = PolicyRecord(view), let hook = hook(record.fixed.hook), hook.reachesOut else {
            return []
        }
        var requests: [PolicyRequest] = []
        record.forEachRule(in: SECD_POLICY_SET_TOLD) {
            if $0 < hook.rules.count { requests += hook.rules[$0].requests }
        }
        return requests
    }

    /// Whether a rule that tells in a record wants the digest of its file.
    public func asksDigest(_ view: borrowing RecordView) -> Bool {
        guard let record = PolicyRecord(view), let hook = hook(record.fixed.hook), hook.asksDigest else {
            return false
        }
        var asks = false
        record.forEachRule(in: SECD_POLICY_SET_TOLD) {
            if $0 < hook.rules.count, hook.rules[$0].orders.contains(.digest) { asks = true }
        }
        return asks
    }

    /// Rules that tell in a record, by position; none in a damaged one.
    public static func told(_ view: borrowing RecordView) -> [Int] {
        guard let record = PolicyRecord(view) else { return [] }
        var rules: [Int] = []
        record.forEachRule(in: SECD_POLICY_SET_TOLD) { rules.append($0) }
        return rules
    }

    /// Rules that had a part in an event, by position.
    private struct Matched {
        /// Those that acted, then those that would have, then the others.
        var order: [Int] = []
        var uncertain: Set<Int> = []
        var enforced: [Int] = []
        var monitored: [Int] = []
    }

    private static func rules(_ record: borrowing PolicyRecord, _ hook: Hook) -> Matched? {
        var matched = Matched()
        var known: Set<Int> = []
        var isValid = true
        func take(_ rule: Int, _ list: inout [Int]) {
            guard rule < hook.rules.count else {
                isValid = false
                return
            }
            list.append(rule)
            if known.insert(rule).inserted { matched.order.append(rule) }
        }
        var enforced: [Int] = []
        var monitored: [Int] = []
        var told: [Int] = []
        record.forEachRule(in: SECD_POLICY_SET_ENFORCED) { take($0, &enforced) }
        record.forEachRule(in: SECD_POLICY_SET_MONITORED) { take($0, &monitored) }
        record.forEachRule(in: SECD_POLICY_SET_TOLD) { rule in
            // A key that is counted from here on: told for its values alone.
            if hook.counts, rule < hook.rules.count, hook.rules[rule].counting.map({ !$0.posts }) ?? false {
                return
            }
            take(rule, &told)
        }
        guard isValid, !matched.order.isEmpty else { return nil }
        record.forEachRule(in: SECD_POLICY_SET_UNCERTAIN) { matched.uncertain.insert($0) }
        matched.enforced = enforced
        matched.monitored = monitored
        return matched
    }

    /// The rules as events name them, with what could not be decided.
    private static func matches(_ matched: Matched, _ values: PolicyValues, _ hook: Hook) -> [PolicyMatch] {
        matched.order.map { index in
            let rule = hook.rules[index]
            guard matched.uncertain.contains(index) else { return PolicyMatch(rule.rule) }
            let ofValues = rule.conditions.filter { $0.columns.contains { !values.isWhole($0) } }
            // Where every value is known, it is something about the process that is not.
            let open = ofValues.isEmpty ? rule.conditions.filter(\.columns.isEmpty) : ofValues
            return PolicyMatch(rule.rule, unknown: open.map(\.name))
        }
    }

    /// What became of the call, and what would have.
    private static func judge(
        _ event: inout PolicyEvent, _ fixed: secd_policy_event, _ matched: Matched, _ hook: Hook
    ) {
        // A signal that the policy names may be the one that kills.
        let isDeadly =
            fixed.flags & SECD_POLICY_EVENT_SIGNALLED != 0
            && matched.enforced.contains { hook.rules[$0].outcome == .killed }
        if fixed.flags & SECD_POLICY_EVENT_KILLED != 0 || isDeadly {
            event.verdict = .killed
        } else if fixed.flags & SECD_POLICY_EVENT_DENIED != 0 {
            event.verdict = .denied
        } else if fixed.flags & SECD_POLICY_EVENT_CHANGED != 0 {
            event.verdict = .changed
        } else if fixed.flags & SECD_POLICY_EVENT_SIGNALLED != 0 {
            event.verdict = .signalled
        }
        let outcomes = matched.monitored.map { hook.rules[$0].outcome }
        for outcome in [PolicyVerdict.killed, .denied, .changed, .signalled] where outcomes.contains(outcome)
        {
            event.expected = outcome
            break
        }
        let deniers = fixed.flags & SECD_POLICY_EVENT_DENIED != 0 ? matched.enforced : matched.monitored
        event.error = deniers.lazy.map { hook.rules[$0].error }.first { $0 != 0 } ?? 0
        if let first = matched.order.first {
            event.action = hook.rules[first].rule.action
            event.returnAction =
                fixed.flags & SECD_POLICY_EVENT_RETURNED != 0 ? hook.rules[first].returnAction : nil
        }
    }

    /// The values that the policies want to see: as the first of them lists them, then what others add.
    private func show(
        _ event: inout PolicyEvent, _ fixed: secd_policy_event, _ matched: Matched,
        _ values: PolicyValues, _ hook: Hook
    ) {
        var shapes: Set<Int> = []
        var columns: Set<Int> = []
        for rule in matched.order {
            let position = hook.rules[rule].shape
            guard position < hook.shapes.count, shapes.insert(position).inserted else { continue }
            let shape = hook.shapes[position]
            let isFirst = shapes.count == 1
            for field in shape.arguments where columns.insert(field.column).inserted || isFirst {
                event.arguments.append(values.argument(field, fixed.flags))
            }
            for field in shape.data where columns.insert(field.column).inserted || isFirst {
                event.data.append(values.argument(field, fixed.flags))
            }
            guard event.returned == nil, let field = shape.returnValue,
                fixed.flags & SECD_POLICY_EVENT_RETURNED != 0
            else { continue }
            event.returned = values.returned(field, fixed)
        }
        if fixed.call_ns != 0, fixed.head.time_ns > fixed.call_ns {
            event.duration = fixed.head.time_ns - fixed.call_ns
        }
    }

    /// A bare address; who knows symbols names it.
    private static func frame(_ address: UInt64) -> PolicyStackFrame {
        PolicyStackFrame(address: address, offset: 0, symbol: "", module: "")
    }
}
