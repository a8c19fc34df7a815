internal import PolicyModel

/// The rules of one attach point → its tables.
struct HookTableBuilder {
    private let hook: HookRules
    private let shared: SharedTables
    private var rows: [RuleSet] = []
    private var rowIndex: [RuleSet: UInt32] = [:]

    /// A condition of a dimension, by rule and by its position there. Members stand in the order of rules.
    struct Member {
        var rule: Int
        var position: Int
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
        // Few, so they are searched one by one.
        var keys: [DimensionKey] = []
        var members: [[Member]] = []
        var ordinals: [DimensionKey.BitSource: Int] = [:]
        var files: [Int: Int] = [:]
        for rule in conditions.indices {
            if !ordinals.isEmpty { ordinals.removeAll(keepingCapacity: true) }
            if !files.isEmpty { files.removeAll(keepingCapacity: true) }
            for position in conditions[rule].indices {
                let key: DimensionKey
                if let classes = classKey(conditions[rule][position], &files) {
                    key = classes
                } else {
                    let source = bitSource(conditions[rule][position])
                    key = .bits(source, ordinal: ordinals[source, default: 0])
                    ordinals[source, default: 0] += 1
                }
                let dimension = keys.firstIndex(of: key) ?? keys.count
                if dimension == keys.count {
                    keys.append(key)
                    members.append([])
                }
                members[dimension].append(Member(rule: rule, position: position))
            }
        }
        let order = keys.indices.sorted { (keys[$0].cost, $0) < (keys[$1].cost, $1) }
        return order.map { dimension(keys[$0], members[$0], conditions) }
    }

    /// - Parameter files: conditions of the rule so far, by tables of files.
    private func classKey(_ condition: Condition, _ files: inout [Int: Int]) -> DimensionKey? {
        guard condition.test.hasAtoms else { return nil }
        switch condition.subject {
        case .column(let index, let facet):
            return .columnClasses(index, facet, condition.test.family(condition.subject.order(hook.columns)))
        case .process(.lineage): return nil
        case .process(let fact):
            guard let table = shared.table(of: fact, condition.test.family(.unsigned)) else { return nil }
            let ordinal = files[table, default: 0]
            if fact.isFile { files[table] = ordinal + 1 }
            return .processClasses(table, ordinal: ordinal)
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

    private mutating func dimension(
        _ key: DimensionKey, _ members: [Member], _ conditions: [[Condition]]
    ) -> Dimension {
        switch key {
        case .columnClasses(let column, let facet, let family):
            var atoms = AtomList()
            let satisfied = members.map { member in
                var numbers: [Int] = []
                conditions[member.rule][member.position].test.forEachAtom { numbers.append(atoms.add($0)) }
                return numbers
            }
            let builder = ClassTableBuilder(family, atoms.atoms)
            return .classes(
                classes(
                    .column(column, facet, builder.table),
                    ClassMembers(members, conditions, satisfiedBy: satisfied, atoms: atoms.atoms.count),
                    builder.classes, absentFails: facet.isOfSocket))
        case .processClasses(let table, _):
            let atoms = shared.atoms[table]
            let satisfied = members.map { member in
                var numbers: [Int] = []
                conditions[member.rule][member.position].test.forEachAtom { atom in
                    if let number = atoms.number(of: atom) { numbers.append(number) }
                }
                return numbers
            }
            return .classes(
                classes(
                    .process(table),
                    ClassMembers(members, conditions, satisfiedBy: satisfied, atoms: atoms.atoms.count),
                    shared.classes[table], absentFails: false))
        case .bits(let source, _): return .bits(bits(source, members, conditions))
        }
    }

    // MARK: Classes

    private mutating func classes(
        _ input: ClassDimension.Input, _ members: ClassMembers, _ classes: [[Int]], absentFails: Bool
    ) -> ClassDimension {
        var members = members
        var constrained = RuleSet(count: count)
        var unreadable = RuleSet.all(count)
        var base = unreadable
        var positive = RuleSet(count: count)
        for (rule, holdsWithoutValue) in members.rules {
            constrained.insert(rule)
            if hook.rules[rule].onUnknown == .mismatch { unreadable.remove(rule) }
            if !holdsWithoutValue {
                base.remove(rule)
                positive.insert(rule)
            }
        }
        let baseRow = row(base)
        var classRows: [UInt32] = []
        classRows.reserveCapacity(classes.count)
        // Most values are about one condition, and a condition has many values: their row is found once.
        var rowOfCondition = [UInt32?](repeating: nil, count: members.count)
        for held in classes {
            let satisfied = members.satisfy(held)
            if case .nothing = satisfied {
                classRows.append(baseRow)
                continue
            }
            if case .only(let condition) = satisfied, let known = rowOfCondition[condition] {
                classRows.append(known)
                continue
            }
            var set = base
            members.correct(&set)
            let found = row(set)
            if case .only(let condition) = satisfied { rowOfCondition[condition] = found }
            classRows.append(found)
        }
        let constrainedRow = row(constrained)
        // Columns have one value: there nobody asks.
        var positiveRow = constrainedRow
        if case .process = input { positiveRow = row(positive) }
        return ClassDimension(
            input: input, rows: classRows,
            absentRow: absentFails ? row(RuleSet.all(count).subtracting(constrained)) : baseRow,
            unreadableRow: row(unreadable), constrained: constrainedRow, positiveRow: positiveRow)
    }

    // MARK: Bits

    private mutating func bits(
        _ source: DimensionKey.BitSource, _ members: [Member], _ conditions: [[Condition]]
    ) -> BitDimension {
        var patterns: [SubstringPattern] = []
        var expressions: [Expression] = []
        var rulesOfBit: [Int: RuleSet] = [:]
        var positive = RuleSet(count: count)
        var negative = RuleSet(count: count)
        var unknown = RuleSet(count: count)
        for member in members {
            let rule = member.rule
            let condition = conditions[rule][member.position]
            if condition.isNegated { negative.insert(rule) } else { positive.insert(rule) }
            if hook.rules[rule].onUnknown != .mismatch { unknown.insert(rule) }
            for bit in bitNumbers(condition, &patterns, &expressions) {
                rulesOfBit[bit, default: RuleSet(count: count)].insert(rule)
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
