public import PolicyModel

/// What a generation knows of a process: computed at fork and exec, kept with the process, read at hooks.
public struct ProcessState: Sendable, Hashable {
    /// What a lookup gave.
    public enum Class: Sendable, Hashable {
        case number(UInt32)
        case absent
        case unreadable
        /// A script and its interpreter, where policies name both.
        case both(UInt32, UInt32)
        /// One of the two; the other could not be read.
        case one(UInt32)

        /// What is known of a process whose file and script have these classes. Class 0 is that of a text that
        /// nobody names.
        static func of(file: Class, script: Class) -> Class {
            switch (file, script) {
            case (_, .absent), (_, .number(0)): file
            case (.absent, _), (.number(0), _): script
            case (.number(let file), .number(let script)):
                file == script ? .number(file) : .both(file, script)
            case (.number(let known), _), (_, .number(let known)): .one(known)
            default: .unreadable
            }
        }
    }

    /// Bits that are set and bits that are not known.
    public struct Bits: Sendable, Hashable {
        /// Bits that are known to be set.
        public var set: Set<Int> = []
        /// Bits of which neither is known; not in `set`.
        public var unknown: Set<Int> = []
    }

    /// By position in `Generation.processTables`.
    public var classes: [Class]
    /// Marks of the processes above.
    public var inherited: Bits
    /// Those and its own.
    public var marks: Bits
    /// Workload tests that hold.
    public var workloads: Bits

    /// Computes classes and marks from the first ancestor down, as forks and execs would have.
    public init(_ facts: ProcessFacts, in generation: Generation) {
        classes = generation.processTables.map { Self.look(up: $0, facts) }
        // From the first process down, as forks and execs happen.
        var above = Bits()
        if !facts.ancestryIsComplete { above.unknown = Set(generation.marks.indices) }
        for ancestor in facts.ancestors.reversed() { above.add(ancestor, generation.lineageTables) }
        inherited = above
        above.add(facts.identity, generation.lineageTables)
        marks = above
        workloads = Bits()
        for (index, test) in generation.workloads.enumerated() {
            switch facts.workload {
            case .present(let workload): if test.holds(for: workload) { workloads.set.insert(index) }
            case .absent: break
            case .truncated, .unreadable: workloads.unknown.insert(index)
            }
        }
    }

    private static func look(up table: ProcessTable, _ facts: ProcessFacts) -> Class {
        if case .numbers(let intervals) = table.table {
            switch facts.number(table.fact) {
            case .present(let number): return .number(intervals.find(number))
            case .absent: return .absent
            case .truncated, .unreadable: return .unreadable
            }
        }
        return .of(
            file: table.table.look(up: facts.text(table.fact)),
            script: table.table.look(up: facts.script(table.fact)))
    }
}

extension ProcessState.Bits {
    /// Inherits from above and adds what a process is itself.
    fileprivate mutating func add(_ process: ProcessIdentity, _ tables: [LineageTable]) {
        for table in tables {
            switch table.find(process) {
            case .number(let number): add(number, table)
            case .both(let file, let script):
                add(file, table)
                add(script, table)
            case .one(let number):
                unknown.formUnion(Set(table.all).subtracting(set))
                add(number, table)
            case .absent: break
            case .unreadable: unknown.formUnion(Set(table.all).subtracting(set))
            }
        }
    }

    private mutating func add(_ number: UInt32, _ table: LineageTable) {
        set.formUnion(table.marks[Int(number)])
        unknown.subtract(table.marks[Int(number)])
    }
}

extension LineageTable {
    fileprivate func find(_ process: ProcessIdentity) -> ProcessState.Class {
        guard case .pid(let inNamespace) = fact else {
            return .of(file: table.look(up: process.binary), script: table.look(up: process.script))
        }
        guard case .numbers(let intervals) = table else { return .unreadable }
        return .number(intervals.find(UInt64(inNamespace ? process.namespacePID : process.pid)))
    }
}

extension ClassTable {
    /// The class of a text.
    func look(up text: Observed<[UInt8]>) -> ProcessState.Class {
        switch (self, text) {
        case (_, .absent): .absent
        case (.text(let table), .present(let bytes)): .number(table.find(bytes, isTruncated: false))
        case (.text(let table), .truncated(let bytes)): .number(table.find(bytes, isTruncated: true))
        case (.endings(let table), .present(let bytes)): .number(table.find(bytes))
        default: .unreadable
        }
    }
}
