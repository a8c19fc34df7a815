internal import PolicyModel

/// The rules of one attach point → its tables.
struct HookTableBuilder {
    private let hook: HookRules
    private let shared: SharedTables
    private var rows: [RuleSet] = []
    private var rowIndex: [RuleSet: UInt32] = [:]

    /// Conditions of one dimension, by rule.
    private struct Members {
        var rules: [Int: [Condition]] = [:]
    }

    init(_ hook: HookRules, _ shared: SharedTables) {
        self.hook = hook
        self.shared = shared
    }

    private var count: Int { hook.rules.count }

    func build() -> HookTables {
        var builder = self
        return builder.tables()
    }

    private mutating func tables() -> HookTables {
        let entry = dimensions(hook.conditions.map(\.entry))
        let returning = dimensions(hook.conditions.map(\.returning))
        var reportOnly = RuleSet(count: count)
        for (index, rule) in hook.rules.enumerated() where rule.onUnknown == .report {
            reportOnly.insert(index)
        }
        return HookTables(
            point: hook.point, side: hook.side, columns: hook.columns, groups: hook.groups, rules: hook.rules,
            rows: rows, dimensions: entry, returnDimensions: returning, reportOnly: reportOnly)
    }

    private mutating func row(_ set: RuleSet) -> UInt32 {
        if let known = rowIndex[set] { return known }
        let index = UInt32(rows.count)
        rows.append(set)
        rowIndex[set] = index
        return index
    }

    // MARK: Sorting conditions into dimensions

    private mutating func dimensions(_ conditions: [[Condition]]) -> [Dimension] {
        var keys: [DimensionKey] = []
        var members: [DimensionKey: Members] = [:]
        for (rule, list) in conditions.enumerated() {
            var ordinals: [DimensionKey.BitSource: Int] = [:]
            for condition in list {
                let key: DimensionKey
                if let classes = classKey(condition) {
                    key = classes
                } else {
                    let source = bitSource(condition)
                    key = .bits(source, ordinal: ordinals[source, default: 0])
                    ordinals[source, default: 0] += 1
                }
                if members[key] == nil { keys.append(key) }
                members[key, default: Members()].rules[rule, default: []].append(condition)
            }
        }
        let order = keys.enumerated().sorted { ($0.element.cost, $0.offset) < ($1.element.cost, $1.offset) }
        return order.map { _, key in dimension(key, members[key] ?? Members()) }
    }

    private func classKey(_ condition: Condition) -> DimensionKey? {
        guard condition.test.atoms != nil else { return nil }
        switch condition.subject {
        case .column(let index, let facet):
            return .columnClasses(index, facet, condition.test.family(condition.subject.order(hook.columns)))
        case .process(.lineage): return nil
        case .process(let fact):
            let key = SharedTables.TableKey(fact: fact, family: condition.test.family(.unsigned))
            return shared.tableIndex[key].map { .processClasses($0) }
        case .gained, .expression: return nil
        }
    }

    private func bitSource(_ condition: Condition) -> DimensionKey.BitSource {
        switch condition.subject {
        case .column(let index, let facet):
            if case .contains(_, let ignoringCase) = condition.test {
                return .substrings(index, facet, ignoringCase: ignoringCase)
            }
            return .column(index)
        case .gained(let new, let old): return .gained(new: new, old: old)
        case .expression: return .expressions
        case .process(.lineage(_, let includesSelf)): return .marks(includesSelf: includesSelf)
        case .process(.workload): return .workloads
        case .process(let fact):
            if case .contains(_, let ignoringCase) = condition.test {
                return .argumentSubstrings(fact, ignoringCase: ignoringCase)
            }
            return .process(fact)
        }
    }

    private mutating func dimension(_ key: DimensionKey, _ members: Members) -> Dimension {
        switch key {
        case .columnClasses(let column, let facet, let family):
            var index: [Atom: Int] = [:]
            var distinct: [Atom] = []
            for rule in members.rules.keys.sorted() {
                for atom in (members.rules[rule] ?? []).flatMap({ $0.test.atoms ?? [] })
                where index[atom] == nil {
                    index[atom] = distinct.count
                    distinct.append(atom)
                }
            }
            let builder = ClassTableBuilder(family, distinct)
            return .classes(
                classes(
                    .column(column, facet, builder.table), members, index, builder.classes,
                    absentFails: facet.isOfSocket))
        case .processClasses(let table):
            return .classes(
                classes(
                    .process(table), members, shared.atoms[table], shared.classes[table], absentFails: false))
        case .bits(let source, _): return .bits(bits(source, members))
        }
    }

    // MARK: Classes

    private mutating func classes(
        _ input: ClassDimension.Input, _ members: Members, _ atoms: [Atom: Int], _ classes: [[Int]],
        absentFails: Bool
    ) -> ClassDimension {
        // Conditions by number, and which of them an atom satisfies.
        var owners: [Int] = []
        var negations: [Bool] = []
        var conditionsOfRule: [Int: [Int]] = [:]
        var conditionsOfAtom: [Int: [Int]] = [:]
        for rule in members.rules.keys.sorted() {
            for condition in members.rules[rule] ?? [] {
                let number = owners.count
                owners.append(rule)
                negations.append(condition.isNegated)
                conditionsOfRule[rule, default: []].append(number)
                for atom in condition.test.atoms ?? [] {
                    if let index = atoms[atom] { conditionsOfAtom[index, default: []].append(number) }
                }
            }
        }
        var constrained = RuleSet(count: count)
        for rule in members.rules.keys { constrained.insert(rule) }
        let free = RuleSet.all(count).subtracting(constrained)
        var base = free
        for (rule, numbers) in conditionsOfRule where numbers.allSatisfy({ negations[$0] }) {
            base.insert(rule)
        }
        var unreadable = free
        for rule in members.rules.keys where hook.rules[rule].onUnknown != .mismatch {
            unreadable.insert(rule)
        }
        let baseRow = row(base)
        let classRows = classes.map { held -> UInt32 in
            let satisfied = Set(held.flatMap { conditionsOfAtom[$0] ?? [] })
            if satisfied.isEmpty { return baseRow }
            var set = base
            for rule in Set(satisfied.map { owners[$0] }) {
                let holds = (conditionsOfRule[rule] ?? []).allSatisfy {
                    satisfied.contains($0) != negations[$0]
                }
                if holds { set.insert(rule) } else { set.remove(rule) }
            }
            return row(set)
        }
        return ClassDimension(
            input: input, rows: classRows, absentRow: absentFails ? row(free) : baseRow,
            unreadableRow: row(unreadable),
            constrained: row(constrained))
    }

    // MARK: Bits

    private mutating func bits(_ source: DimensionKey.BitSource, _ members: Members) -> BitDimension {
        var patterns: [SubstringPattern] = []
        var expressions: [Expression] = []
        var rulesOfBit: [Int: RuleSet] = [:]
        var positive = RuleSet(count: count)
        var negative = RuleSet(count: count)
        var unknown = RuleSet(count: count)
        for rule in members.rules.keys.sorted() {
            for condition in members.rules[rule] ?? [] {
                if condition.isNegated { negative.insert(rule) } else { positive.insert(rule) }
                if hook.rules[rule].onUnknown != .mismatch { unknown.insert(rule) }
                for bit in bitNumbers(condition, &patterns, &expressions) {
                    rulesOfBit[bit, default: RuleSet(count: count)].insert(rule)
                }
            }
        }
        let free = RuleSet.all(count).subtracting(positive).subtracting(negative)
        return BitDimension(
            input: input(source, patterns, expressions),
            members: rulesOfBit.keys.sorted().map { bit in
                BitDimension.Member(bit: bit, row: row(rulesOfBit[bit] ?? RuleSet(count: count)))
            },
            freeRow: row(free), positiveRow: row(positive), negativeRow: row(negative),
            unknownRow: row(unknown))
    }

    private func bitNumbers(
        _ condition: Condition, _ patterns: inout [SubstringPattern], _ expressions: inout [Expression]
    ) -> [Int] {
        switch (condition.subject, condition.test) {
        case (.process(.lineage(let fact, _)), let test):
            return shared.markIndex[LineageMark(fact: fact, test: test)].map { [$0] } ?? []
        case (_, .workload(let test)): return shared.workloadIndex[test].map { [$0] } ?? []
        case (_, .anyBit(let mask)): return (0..<64).filter { mask >> UInt64($0) & 1 == 1 }
        case (_, .contains(let texts, let ignoringCase)):
            return texts.map {
                Self.number(of: SubstringPattern(bytes: $0, ignoresCase: ignoringCase), in: &patterns)
            }
        case (_, .expression(let expression)): return [Self.number(of: expression, in: &expressions)]
        default: return []
        }
    }

    private static func number<Element: Equatable>(of element: Element, in list: inout [Element]) -> Int {
        if let index = list.firstIndex(of: element) { return index }
        list.append(element)
        return list.count - 1
    }

    private func input(
        _ source: DimensionKey.BitSource, _ patterns: [SubstringPattern], _ expressions: [Expression]
    ) -> BitDimension.Input {
        switch source {
        case .column(let index): .column(index)
        case .gained(let new, let old): .gained(new: new, old: old)
        case .process(let fact): .process(fact)
        case .marks(let includesSelf): .marks(includesSelf: includesSelf)
        case .workloads: .workloads
        case .substrings(let column, let facet, _): .substrings(column, facet, patterns)
        case .argumentSubstrings(let fact, _): .argumentSubstrings(fact, patterns)
        case .expressions: .expressions(expressions)
        }
    }
}
