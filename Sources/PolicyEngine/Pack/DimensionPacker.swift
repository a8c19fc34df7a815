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
            guard case .capabilities(_, let onlyInitial) = fact, let number = ProcessPacker.number(fact)
            else {
                throw PackingLimit("changes of namespaces and capabilities are not judged by the programs")
            }
            packed.input = UInt8(SECD_POLICY_IN_FACT_BITS)
            packed.fact = number
            if onlyInitial { packed.fact_flags = UInt8(SECD_POLICY_FACT_INITIAL_ONLY) }
        case .marks(let includesSelf):
            packed.input = UInt8(includesSelf ? SECD_POLICY_IN_MARKS : SECD_POLICY_IN_MARKS_ABOVE)
        case .workloads: throw PackingLimit("workloads are not known to the programs")
        case .substrings, .argumentSubstrings, .expressions:
            throw PackingLimit("substrings and expressions are not judged by the programs")
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
