internal import PolicyModel

/// Which dimension judges a condition.
enum DimensionKey: Hashable {
    case columnClasses(Int, Facet, ClassTableBuilder.Family)
    /// Position in the generation's process tables.
    case processClasses(Int)
    /// A rule with two conditions on the same bits needs two dimensions: `ordinal` counts them.
    case bits(BitSource, ordinal: Int)

    /// Where bits come from, before the patterns of a hook are gathered.
    enum BitSource: Hashable {
        case column(Int)
        case gained(new: Int, old: Int)
        case process(ProcessFact)
        case marks(includesSelf: Bool)
        case workloads
        /// Texts with and without their case have automata of their own.
        case substrings(Int, Facet, ignoringCase: Bool)
        case argumentSubstrings(ProcessFact, ignoringCase: Bool)
        case expressions
    }

    /// Cheap dimensions are judged first, because the first that leaves no rule ends the evaluation.
    var cost: Int {
        switch self {
        case .processClasses: 0
        case .bits(.workloads, _), .bits(.marks, _), .bits(.process, _): 1
        case .columnClasses(_, _, .numbers): 2
        case .bits(.column, _), .bits(.gained, _): 3
        case .columnClasses(_, _, .networks): 4
        case .bits(.expressions, _): 5
        case .columnClasses(_, _, .text): 6
        case .columnClasses(_, _, .endings): 7
        case .bits(.substrings, _), .bits(.argumentSubstrings, _): 8
        }
    }
}

extension ValueTest {
    /// The parts that class tables are made of; nil for tests that bits judge.
    var atoms: [Atom]? {
        switch self {
        case .numbers(let ranges): ranges.map { .range($0) }
        case .equal(let texts): texts.map { .equal($0) }
        case .prefix(let texts): texts.map { .prefix($0) }
        case .postfix(let texts): texts.map { .postfix($0) }
        case .inNetwork(let networks): networks.map { .network($0) }
        case .anyBit, .contains, .workload, .expression: nil
        }
    }

    /// The family of table that its parts go into.
    func family(_ order: NumberOrder) -> ClassTableBuilder.Family {
        switch self {
        case .postfix: .endings
        case .inNetwork: .networks
        case .numbers: .numbers(order)
        default: .text
        }
    }
}

extension Subject {
    /// How the numbers of a subject sort.
    func order(_ columns: [Column]) -> NumberOrder {
        guard case .column(let index, .number) = self, columns[index].type.integer?.isSigned == true else {
            return .unsigned
        }
        return .signed
    }
}

extension Facet {
    /// Of a socket: where a socket has no address or port, neither `SAddr` nor `NotSAddr` holds.
    var isOfSocket: Bool {
        switch self {
        case .sourceAddress, .destinationAddress, .sourcePort, .destinationPort, .protocolNumber, .family,
            .socketState:
            true
        case .number, .text, .path, .fileType: false
        }
    }
}
