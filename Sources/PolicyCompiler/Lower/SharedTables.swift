internal import PolicyModel

/// Tables that all hooks share, because their lookups happen once per process or workload.
struct SharedTables {
    struct TableKey: Hashable {
        var fact: ProcessFact
        var family: ClassTableBuilder.Family
    }

    private(set) var tables: [ProcessTable] = []
    private(set) var marks: [LineageMark] = []
    private(set) var lineageTables: [LineageTable] = []
    private(set) var workloads: [WorkloadTest] = []
    private(set) var tableIndex: [TableKey: Int] = [:]
    private(set) var markIndex: [LineageMark: Int] = [:]
    private(set) var workloadIndex: [WorkloadTest: Int] = [:]
    /// Of each table: the atoms, and those that hold in each class.
    private(set) var atoms: [[Atom: Int]] = []
    private(set) var classes: [[[Int]]] = []

    init(_ hooks: [HookRules]) {
        var keys: [TableKey] = []
        var gathered: [TableKey: [Atom]] = [:]
        for condition in hooks.flatMap(\.conditions).flatMap({ $0.entry + $0.returning }) {
            guard case .process(let fact) = condition.subject else { continue }
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
                guard let parts = test.atoms else { continue }
                let key = TableKey(fact: fact, family: test.family(.unsigned))
                if gathered[key] == nil { keys.append(key) }
                gathered[key, default: []] += parts
            }
        }
        for key in keys {
            var index: [Atom: Int] = [:]
            var distinct: [Atom] = []
            for atom in gathered[key] ?? [] where index[atom] == nil {
                index[atom] = distinct.count
                distinct.append(atom)
            }
            let builder = ClassTableBuilder(key.family, distinct)
            tableIndex[key] = tables.count
            tables.append(ProcessTable(fact: key.fact, table: builder.table))
            atoms.append(index)
            classes.append(builder.classes)
        }
        lineageTables = Self.lineageTables(marks)
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
            var index: [Atom: Int] = [:]
            var distinct: [Atom] = []
            var marksOfAtom: [[Int]] = []
            for number in numbers {
                for atom in marks[number].test.atoms ?? [] {
                    if index[atom] == nil {
                        index[atom] = distinct.count
                        distinct.append(atom)
                        marksOfAtom.append([])
                    }
                    marksOfAtom[index[atom] ?? 0].append(number)
                }
            }
            let builder = ClassTableBuilder(key.family, distinct)
            return LineageTable(
                fact: key.fact, table: builder.table,
                marks: builder.classes.map { atoms in Set(atoms.flatMap { marksOfAtom[$0] }).sorted() },
                all: numbers)
        }
    }
}
