internal import PolicyModel

/// Tables that all hooks share, because their lookups happen once per process or workload.
struct SharedTables {
    private struct TableKey: Equatable {
        var fact: ProcessFact
        var family: ClassTableBuilder.Family
    }

    private(set) var tables: [ProcessTable] = []
    private(set) var marks: [LineageMark] = []
    private(set) var lineageTables: [LineageTable] = []
    private(set) var workloads: [WorkloadTest] = []
    /// Facts of `tables`; there are few.
    private var keys: [TableKey] = []
    private(set) var markIndex: [LineageMark: Int] = [:]
    private(set) var workloadIndex: [WorkloadTest: Int] = [:]
    /// Of each table: the atoms, and those that hold in each class.
    private(set) var atoms: [AtomList] = []
    private(set) var classes: [[[Int]]] = []

    init(_ hooks: [HookRules]) {
        for hook in hooks {
            for conditions in hook.conditions {
                for index in conditions.entry.indices { gather(conditions.entry[index]) }
                for index in conditions.returning.indices { gather(conditions.returning[index]) }
            }
        }
        for (index, key) in keys.enumerated() {
            let builder = ClassTableBuilder(key.family, atoms[index].atoms)
            tables.append(ProcessTable(fact: key.fact, table: builder.table))
            classes.append(builder.classes)
        }
        lineageTables = Self.lineageTables(marks)
    }

    private mutating func gather(_ condition: Condition) {
        guard case .process(let fact) = condition.subject else { return }
        switch (fact, condition.test) {
        case (.workload, .workload(let test)):
            if workloadIndex[test] == nil {
                workloadIndex[test] = workloads.count
                workloads.append(test)
            }
        case (.lineage(let lineage, _), let test):
            let mark = LineageMark(fact: lineage, test: test)
            if markIndex[mark] == nil {
                markIndex[mark] = marks.count
                marks.append(mark)
            }
        case (_, let test):
            guard test.hasAtoms else { return }
            let key = TableKey(fact: fact, family: test.family(.unsigned))
            let table = keys.firstIndex(of: key) ?? keys.count
            if table == keys.count {
                keys.append(key)
                atoms.append(AtomList())
            }
            test.forEachAtom { _ = atoms[table].add($0) }
        }
    }

    /// The table of a fact; nil = no condition asks for it.
    func table(of fact: ProcessFact, _ family: ClassTableBuilder.Family) -> Int? {
        keys.firstIndex { $0.fact == fact && $0.family == family }
    }

    /// Marks of the same fact share a lookup.
    private static func lineageTables(_ marks: [LineageMark]) -> [LineageTable] {
        struct Key: Hashable {
            var fact: LineageFact
            var family: ClassTableBuilder.Family
        }
        var keys: [Key] = []
        var members: [Key: [Int]] = [:]
        for (number, mark) in marks.enumerated() {
            let key = Key(fact: mark.fact, family: mark.test.family(.unsigned))
            if members[key] == nil { keys.append(key) }
            members[key, default: []].append(number)
        }
        return keys.map { key in
            let numbers = members[key] ?? []
            var distinct = AtomList()
            var marksOfAtom: [[Int]] = []
            for number in numbers {
                marks[number].test.forEachAtom { atom in
                    let index = distinct.add(atom)
                    if index == marksOfAtom.count { marksOfAtom.append([]) }
                    marksOfAtom[index].append(number)
                }
            }
            let builder = ClassTableBuilder(key.family, distinct.atoms)
            return LineageTable(
                fact: key.fact, table: builder.table,
                marks: builder.classes.map { atoms in Set(atoms.flatMap { marksOfAtom[$0] }).sorted() },
                all: numbers)
        }
    }
}
