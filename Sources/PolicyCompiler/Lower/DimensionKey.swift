internal import PolicyModel

/// Which dimension judges a condition.
enum DimensionKey: Hashable {
    case columnClasses(Int, Facet, ClassTableBuilder.Family)
    /// Position in the generation's process tables. Of files a rule has one condition in a dimension, because a
    /// process may run two, a script and its interpreter: `ordinal` counts the others.
    case processClasses(Int, ordinal: Int)
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
    /// Whether class tables judge it.
    var hasAtoms: Bool {
        switch self {
        case .numbers, .equal, .prefix, .postfix, .inNetwork: true
        case .anyBit, .contains, .workload, .expression: false
        }
    }

    /// Calls `body` with each part.
    func forEachAtom(_ body: (Atom) -> Void) {
        switch self {
        case .numbers(let ranges): for range in ranges { body(.range(range)) }
        case .equal(let texts): for text in texts { body(.equal(text)) }
        case .prefix(let texts): for text in texts { body(.prefix(text)) }
        case .postfix(let texts): for text in texts { body(.postfix(text)) }
        case .inNetwork(let networks): for network in networks { body(.network(network)) }
        case .anyBit, .contains, .workload, .expression: break
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
