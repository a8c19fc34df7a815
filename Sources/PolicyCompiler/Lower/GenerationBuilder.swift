public import PolicyModel

/// Checked policies → the tables of a generation.
public enum GenerationBuilder {
    /// Rules of one attach point; two-level sets have room for so many.
    public static let ruleLimit = RuleSet.wordLimit * 64

    /// More than the tables have room for.
    public struct LimitExceeded: Error, Hashable, CustomStringConvertible {
        /// Where the rules of all policies meet.
        public var point: AttachPoint
        /// How many there would be; `ruleLimit` fit.
        public var rules: Int

        public var description: String {
            "\(point.name) has \(rules) selectors of all policies together; there is room for \(ruleLimit)"
        }
    }

    private struct Key: Hashable {
        var point: AttachPoint
        var side: Int
    }

    /// The tables. The same policies in the same order give the same tables.
    /// - Parameter side: of an entry at one of its attach points, by the positions of policy, entry and
    ///   point. Entries of one side share tables; sides are met by different mechanisms.
    public static func build(
        _ policies: [CheckedPolicy], side: (Int, Int, Int) -> Int = { _, _, _ in 0 }
    ) throws(LimitExceeded) -> Generation {
        var hooks: [Key: HookRules] = [:]
        for (policyIndex, policy) in policies.enumerated() {
            for (hookIndex, hook) in policy.hooks.enumerated() {
                for (position, point) in hook.points.enumerated() {
                    let key = Key(point: point, side: side(policyIndex, hookIndex, position))
                    hooks[key, default: HookRules(point, side: key.side)].add(
                        hook, policy: policyIndex, index: hookIndex)
                }
            }
        }
        let sorted = hooks.values.sorted { ($0.point, $0.side) < ($1.point, $1.side) }
        for hook in sorted where hook.rules.count > ruleLimit {
            throw LimitExceeded(point: hook.point, rules: hook.rules.count)
        }
        let shared = SharedTables(sorted)
        return Generation(
            policies: policies.map { PolicyRecord(name: $0.name, namespace: $0.namespace, mode: $0.mode) },
            processTables: shared.tables, marks: shared.marks,
            lineageTables: shared.lineageTables, workloads: shared.workloads,
            hooks: sorted.map { HookTableBuilder($0, shared).build() })
    }
}

/// The rules of all policies at one attach point.
struct HookRules {
    struct Conditions {
        var entry: [Condition]
        var returning: [Condition]
    }

    let point: AttachPoint
    let side: Int
    private(set) var columns: [Column] = []
    private(set) var groups: [RuleGroup] = []
    private(set) var rules: [Rule] = []
    private(set) var conditions: [Conditions] = []

    init(_ point: AttachPoint, side: Int) {
        self.point = point
        self.side = side
    }

    mutating func add(_ hook: CheckedHook, policy: Int, index: Int) {
        let own = hook.columns.map { column($0) }
        // Most policies of a point read the same, in the same order: then all stays as it is.
        let isSame = own.indices.allSatisfy { own[$0] == $0 }
        let first = rules.count
        for (position, selector) in hook.selectors.enumerated() {
            let moved = isSame ? selector : selector.mappingColumns { own[$0] }
            rules.append(
                Rule(
                    group: groups.count, selector: position, actions: moved.actions,
                    returnActions: moved.returnActions, onUnknown: moved.onUnknown))
            conditions.append(Conditions(entry: moved.conditions, returning: moved.returnConditions))
        }
        groups.append(
            RuleGroup(
                policy: policy, hook: index, rules: first..<rules.count,
                event: isSame ? hook.event : hook.event.mappingColumns { own[$0] }))
    }

    /// Few, so they are searched one by one.
    private mutating func column(_ column: Column) -> Int {
        if let known = columns.firstIndex(of: column) { return known }
        columns.append(column)
        return columns.count - 1
    }
}

extension CheckedSelector {
    /// The same over other positions of columns.
    func mappingColumns(_ transform: (Int) -> Int) -> CheckedSelector {
        var result = self
        result.conditions = conditions.map { $0.mappingColumns(transform) }
        result.returnConditions = returnConditions.map { $0.mappingColumns(transform) }
        result.actions = actions.map { $0.mappingColumns(transform) }
        result.returnActions = returnActions.map { $0.mappingColumns(transform) }
        return result
    }
}

extension Condition {
    /// The same over other positions of columns.
    func mappingColumns(_ transform: (Int) -> Int) -> Condition {
        var result = self
        switch subject {
        case .column(let index, let facet): result.subject = .column(transform(index), facet)
        case .gained(let new, let old): result.subject = .gained(new: transform(new), old: transform(old))
        case .expression, .process: break
        }
        if case .expression(let expression) = test {
            result.test = .expression(expression.mappingColumns(transform))
        }
        return result
    }
}

extension ActionSpec {
    /// The same with other positions of the columns that it names: what calls are counted by, and its socket.
    func mappingColumns(_ transform: (Int) -> Int) -> ActionSpec {
        var result = self
        result.countBy = countBy.map { $0.map(transform) }
        if kind.value.isAboutSocket { result.socket = socket.map { $0.map(transform) } }
        return result
    }
}

extension EventShape {
    func mappingColumns(_ transform: (Int) -> Int) -> EventShape {
        let moved = { (field: Field) in Field(column: transform(field.column), label: field.label) }
        var result = self
        result.arguments = arguments.map(moved)
        result.data = data.map(moved)
        result.returnValue = returnValue.map(moved)
        return result
    }
}
