import CEventABI
import PolicyCompiler
import PolicyModel

/// Dimensions of one hook → what the programs judge by.
struct DimensionPacker {
    let hook: HookTables
    let columns: [secd_policy_column]
    let processes: [ProcessPacker.Reference]
    let hash: KeyHash
    /// Row of the image by position in `hook.rows`.
    let rows: [UInt32]
    /// Tests on workloads that hold, by class.
    let workloads: [[Int]]

    func pack(_ dimension: Dimension, into image: inout GenerationImage) throws(PackingLimit)
        -> secd_policy_dimension
    {
        switch dimension {
        case .classes(let classes): try pack(classes, into: &image)
        case .bits(let bits): try pack(bits, into: &image)
        }
    }

    private func pack(
        _ classes: ClassDimension, into image: inout GenerationImage
    ) throws(PackingLimit) -> secd_policy_dimension {
        var packed = secd_policy_dimension()
        packed.index = UInt32(SECD_POLICY_NONE)
        packed.absent_row = rows[Int(classes.absentRow)]
        packed.unreadable_row = rows[Int(classes.unreadableRow)]
        packed.constrained_row = rows[Int(classes.constrained)]
        packed.positive_row = rows[Int(classes.positiveRow)]
        let rowOfClass = classes.rows.map { rows[Int($0)] }
        switch classes.input {
        case .column(let column, let facet, let table):
            packed.input = UInt8(SECD_POLICY_IN_COLUMN)
            packed.column = UInt16(column)
            packed.facet = facet.number
            let text: LookupPacker.Text = columns[column].readsKernelPath ? .kernelPath : .bytes
            packed.lookup = try LookupPacker(hash: hash) { rowOfClass[Int($0)] }
                .pack(table, text, into: &image)
        case .process(let table):
            switch processes[table] {
            case .slot(let slot):
                packed.input = UInt8(SECD_POLICY_IN_PROCESS)
                packed.slot = slot
            case .fact(let fact, let lookup):
                packed.input = UInt8(SECD_POLICY_IN_FACT)
                packed.fact = fact
                packed.lookup = lookup
            }
            packed.index = UInt32(image.indexes.count)
            packed.index_count = UInt32(rowOfClass.count)
            image.indexes += rowOfClass
        }
        return packed
    }

    private func pack(
        _ bits: BitDimension, into image: inout GenerationImage
    ) throws(PackingLimit) -> secd_policy_dimension {
        var packed = secd_policy_dimension()
        packed.free_row = rows[Int(bits.freeRow)]
        packed.positive_row = rows[Int(bits.positiveRow)]
        packed.negative_row = rows[Int(bits.negativeRow)]
        packed.unknown_row = rows[Int(bits.unknownRow)]
        switch bits.input {
        case .column(let column):
            packed.input = UInt8(SECD_POLICY_IN_COLUMN_BITS)
            packed.column = UInt16(column)
        case .gained(let new, let old):
            packed.input = UInt8(SECD_POLICY_IN_GAINED_BITS)
            packed.column = UInt16(new)
            packed.other = UInt16(old)
        case .process(let fact):
            guard let number = ProcessPacker.number(fact) else {
                throw PackingLimit("\(fact) is no set of bits that the programs know")
            }
            packed.input = UInt8(SECD_POLICY_IN_FACT_BITS)
            packed.fact = number
            if fact.countsOnlyInitially { packed.fact_flags = UInt8(SECD_POLICY_FACT_INITIAL_ONLY) }
        case .marks(let includesSelf):
            packed.input = UInt8(includesSelf ? SECD_POLICY_IN_MARKS : SECD_POLICY_IN_MARKS_ABOVE)
        case .workloads: return WorkloadPacker(hook: hook, classes: workloads).pack(bits, into: &image)
        case .substrings(let column, let facet, let patterns):
            packed.input = UInt8(SECD_POLICY_IN_TEXTS)
            packed.column = UInt16(column)
            packed.facet = facet.number
            pack(patterns, bits.members, &packed, &image)
            return packed
        case .argumentSubstrings(let fact, let patterns):
            guard case .commandArgument(let position) = fact else {
                throw PackingLimit("texts inside of \(fact) are not looked for by the programs")
            }
            packed.input = UInt8(SECD_POLICY_IN_ARGUMENT_TEXTS)
            packed.other = UInt16(clamping: position)
            pack(patterns, bits.members, &packed, &image)
            return packed
        case .expressions(let expressions):
            packed.input = UInt8(SECD_POLICY_IN_EXPRESSIONS)
            packed.lookup.first = UInt32(image.starts.count)
            for member in bits.members {
                try ExpressionSteps.append(
                    expressions[member.bit], row: rows[Int(member.row)], to: &image.starts)
            }
            packed.lookup.count = UInt32(image.starts.count) - packed.lookup.first
            for column in bits.members.flatMap({ expressions[$0.bit].columns }) {
                packed.other |= 1 << UInt16(column)
            }
            try ExpressionSteps.check(Int(packed.lookup.count))
            return packed
        }
        let count = (bits.members.map(\.bit).max() ?? -1) + 1
        packed.index = UInt32(image.indexes.count)
        packed.index_count = UInt32(count)
        image.indexes += [UInt32](repeating: UInt32(SECD_POLICY_NONE), count: count)
        for member in bits.members {
            image.indexes[Int(packed.index) + member.bit] = rows[Int(member.row)]
        }
        return packed
    }
}

extension DimensionPacker {
    /// Texts that are looked for inside of another; all have the same kind of letters.
    private func pack(
        _ patterns: [SubstringPattern], _ members: [BitDimension.Member],
        _ packed: inout secd_policy_dimension, _ image: inout GenerationImage
    ) {
        let words = members.map { hook.rows[Int($0.row)].words }
        func row(_ positions: [Int]) -> UInt32 {
            guard let first = positions.first else { return UInt32(SECD_POLICY_NONE) }
            let all = positions.dropFirst().reduce(words[first]) { all, next in
                zip(all, words[next]).map { $0 | $1 }
            }
            return image.row(all)
        }
        packed.constrained_row = row(Array(members.indices))
        // An empty text is in every other.
        packed.lookup.missing = row(members.indices.filter { patterns[members[$0].bit].bytes.isEmpty })
        let sought = members.indices.filter { !patterns[members[$0].bit].bytes.isEmpty }
        let automaton = TextAutomaton(
            sought.map { patterns[members[$0].bit].bytes },
            ignoringCase: patterns.contains { $0.ignoresCase })
        packed.lookup.first = UInt32(image.starts.count)
        packed.lookup.count = UInt32(automaton.transitions.count)
        var known: [[Int]: UInt32] = [[]: UInt32(SECD_POLICY_NONE)]
        for transition in automaton.transitions {
            let found = known[transition.texts] ?? row(transition.texts.map { sought[$0] })
            known[transition.texts] = found
            // Laid out as `secd_policy_transition`: state, next, row.
            image.starts.append(
                secd_policy_start(
                    start: UInt64(transition.state) | UInt64(transition.next) << 32, result: found,
                    reserved: 0))
        }
    }
}

extension ProcessFact {
    /// Capabilities that count in the initial user namespace only.
    fileprivate var countsOnlyInitially: Bool {
        switch self {
        case .capabilities(_, let onlyInitial), .capabilityChanges(_, let onlyInitial): onlyInitial
        default: false
        }
    }
}

extension Facet {
    /// SECD_POLICY_FACET_*.
    var number: UInt8 {
        switch self {
        case .number: UInt8(SECD_POLICY_FACET_NUMBER)
        case .text: UInt8(SECD_POLICY_FACET_TEXT)
        case .path: UInt8(SECD_POLICY_FACET_PATH)
        case .fileType: UInt8(SECD_POLICY_FACET_FILE_TYPE)
        case .sourceAddress: UInt8(SECD_POLICY_FACET_SOURCE)
        case .destinationAddress: UInt8(SECD_POLICY_FACET_DESTINATION)
        case .sourcePort: UInt8(SECD_POLICY_FACET_SOURCE_PORT)
        case .destinationPort: UInt8(SECD_POLICY_FACET_DEST_PORT)
        case .protocolNumber: UInt8(SECD_POLICY_FACET_PROTOCOL)
        case .family: UInt8(SECD_POLICY_FACET_FAMILY)
        case .socketState: UInt8(SECD_POLICY_FACET_STATE)
        }
    }
}

extension secd_policy_column {
    /// Whether the kernel has the value as a path of components.
    var readsKernelPath: Bool {
        switch Int32(reader) {
        case SECD_POLICY_READ_DESCRIPTOR, SECD_POLICY_READ_FILE, SECD_POLICY_READ_PATH,
            SECD_POLICY_READ_DENTRY, SECD_POLICY_READ_BINPRM:
            true
        default: false
        }
    }
}
