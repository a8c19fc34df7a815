import CEventABI
import PolicyCompiler
import PolicyModel

/// Tables about processes: those that give classes, and those that give marks.
struct ProcessPacker {
    /// How a hook refers to a process table.
    enum Reference {
        /// Position in `secd_policy_generation.table`.
        case slot(UInt32)
        /// A number of the process, looked up at the hook.
        case fact(UInt8, secd_policy_lookup)
    }

    let hash: KeyHash

    /// Packs `Generation.processTables`; the references stand in their order.
    func pack(
        _ tables: [ProcessTable], into image: inout GenerationImage
    ) throws(PackingLimit) -> [Reference] {
        var references: [Reference] = []
        for table in tables {
            let lookup = try LookupPacker(hash: hash) { $0 }.pack(table.table, .bytes, into: &image)
            guard let (fact, argument) = Self.text(table.fact) else {
                guard let number = Self.number(table.fact) else {
                    throw PackingLimit("\(table.fact) is no number that the programs know")
                }
                references.append(.fact(number, lookup))
                continue
            }
            let slot = Int(image.head.tables)
            try PackingLimit.check(
                slot + 1, Int(SECD_POLICY_PROCESS_TABLES_MAX),
                "facts about processes (binaries, arguments, each with its kind of comparison)")
            let packed = secd_policy_process_table(
                fact: fact, reserved: 0, argument: argument, lookup: lookup)
            CArray.set(&image.head.table, slot, packed)
            image.head.tables += 1
            references.append(.slot(UInt32(slot)))
        }
        return references
    }

    /// Packs `Generation.lineageTables`; `marks` is how many marks there are.
    func pack(
        _ tables: [LineageTable], marks: Int, into image: inout GenerationImage
    ) throws(PackingLimit) {
        try PackingLimit.check(
            marks, 64 * Int(SECD_POLICY_MARK_WORDS), "predicates that descendants inherit (followChildren)")
        try PackingLimit.check(
            tables.count, Int(SECD_POLICY_LINEAGES_MAX), "facts that descendants inherit (followChildren)")
        for table in tables {
            let rows = table.marks.map { marks in
                marks.isEmpty ? UInt32(SECD_POLICY_NONE) : image.row(Self.words(marks))
            }
            let lookup = try LookupPacker(hash: hash) { rows[Int($0)] }.pack(
                table.table, .bytes, into: &image)
            let packed = secd_policy_lineage(
                fact: Self.fact(table.fact), reserved: (0, 0, 0),
                unreadable_row: image.row(Self.words(table.all)), lookup: lookup)
            CArray.set(&image.head.lineage, Int(image.head.lineages), packed)
            image.head.lineages += 1
        }
    }

    private static func words(_ bits: [Int]) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: Int(SECD_POLICY_MARK_WORDS))
        for bit in bits { words[bit >> 6] |= 1 << UInt64(bit & 63) }
        return words
    }

    private static func fact(_ fact: LineageFact) -> UInt8 {
        switch fact {
        case .binary: UInt8(SECD_POLICY_FACT_BINARY)
        case .pid(let inNamespace):
            UInt8(inNamespace ? SECD_POLICY_FACT_PID_IN_NS : SECD_POLICY_FACT_PID)
        }
    }

    private static func text(_ fact: ProcessFact) -> (fact: UInt8, argument: UInt16)? {
        switch fact {
        case .binary: (UInt8(SECD_POLICY_FACT_BINARY), 0)
        case .parentBinary: (UInt8(SECD_POLICY_FACT_PARENT_BINARY), 0)
        case .commandArgument(let position): (UInt8(SECD_POLICY_FACT_ARGUMENT), UInt16(clamping: position))
        default: nil
        }
    }

    /// Facts that are one number, or a set of bits; nil for others.
    static func number(_ fact: ProcessFact) -> UInt8? {
        switch fact {
        case .pid(let inNamespace):
            return UInt8(inNamespace ? SECD_POLICY_FACT_PID_IN_NS : SECD_POLICY_FACT_PID)
        case .namespace(let kind):
            return position(kind).map { UInt8(SECD_POLICY_FACT_NAMESPACE) + $0 }
        case .capabilities(.effective, _): return UInt8(SECD_POLICY_FACT_EFFECTIVE)
        case .capabilities(.inheritable, _): return UInt8(SECD_POLICY_FACT_INHERITABLE)
        case .capabilities(.permitted, _): return UInt8(SECD_POLICY_FACT_PERMITTED)
        case .namespaceChanges: return UInt8(SECD_POLICY_FACT_NAMESPACES_CHANGED)
        case .capabilityChanges(.effective, _): return UInt8(SECD_POLICY_FACT_EFFECTIVE_CHANGED)
        case .capabilityChanges(.inheritable, _): return UInt8(SECD_POLICY_FACT_INHERITABLE_CHANGED)
        case .capabilityChanges(.permitted, _): return UInt8(SECD_POLICY_FACT_PERMITTED_CHANGED)
        default: return nil
        }
    }

    /// In `struct secd_namespaces`.
    private static func position(_ kind: NamespaceKind) -> UInt8? {
        UInt8(exactly: kind.bit)
    }
}
