public import PolicyModel

/// Everything that the kernel needs to judge events by a set of policies: values only, the same for the same
/// policies. The next generation is built beside the running one, then one word switches.
public struct Generation: Sendable, Hashable {
    /// In the order in which they were given; other tables name them by position.
    public var policies: [PolicyRecord]
    /// Looked up once per exec; the classes stay with the process.
    public var processTables: [ProcessTable]
    /// What descendants inherit: numbers of marks stand in `lineageTables`.
    public var marks: [LineageMark]
    /// Looked up once per fork or exec; they give marks.
    public var lineageTables: [LineageTable]
    /// Judged once per workload.
    public var workloads: [WorkloadTest]
    /// By attach point.
    public var hooks: [HookTables]

    /// The tables of an attach point, on one of its sides.
    public func hook(_ point: AttachPoint, side: Int = 0) -> HookTables? {
        // Sorted by the builder.
        var low = 0
        var high = hooks.count
        while low < high {
            let middle = (low + high) / 2
            let found = (hooks[middle].point, hooks[middle].side)
            if found == (point, side) { return hooks[middle] }
            if found < (point, side) { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

/// A policy of a generation.
public struct PolicyRecord: Sendable, Hashable {
    /// `metadata.name`.
    public var name: String
    /// Empty for cluster-wide policies.
    public var namespace: String
    /// Whether enforcing actions act.
    public var mode: PolicyMode
}

/// A fact about processes → class.
public struct ProcessTable: Sendable, Hashable {
    /// What is looked up.
    public var fact: ProcessFact
    /// Value of the fact → class.
    public var table: ClassTable
}

/// A predicate on a process that its descendants inherit.
public struct LineageMark: Sendable, Hashable {
    /// What the test looks at.
    public var fact: LineageFact
    /// The predicate that sets the mark.
    public var test: ValueTest
}

/// A fact about processes → the marks that it gives.
public struct LineageTable: Sendable, Hashable {
    /// What is looked up, for the process itself.
    public var fact: LineageFact
    /// Value of the fact → class.
    public var table: ClassTable
    /// Marks by class.
    public var marks: [[Int]]
    /// Marks that are unknown where the fact is.
    public var all: [Int]
}

/// The tables of one attach point.
public struct HookTables: Sendable, Hashable {
    /// The place in the kernel or in a program.
    public var point: AttachPoint
    /// Which of those that share the point: entries that need different mechanisms there have tables of their
    /// own.
    public var side: Int
    /// What is read, for all policies together.
    public var columns: [Column]
    /// Entries of policies that share the point.
    public var groups: [RuleGroup]
    /// Selectors in the order of their bits; those of a group follow each other.
    public var rules: [Rule]
    /// Distinct sets.
    public var rows: [RuleSet]
    /// Judged when the call is made: process first, text last.
    public var dimensions: [Dimension]
    /// Judged when it returns.
    public var returnDimensions: [Dimension]
    /// Rules that do not enforce where a condition is unknown.
    public var reportOnly: RuleSet
}

/// A hook entry of a policy at an attach point.
public struct RuleGroup: Sendable, Hashable {
    /// Position in `Generation.policies`.
    public var policy: Int
    /// Position in the policy's hooks.
    public var hook: Int
    /// Rules of the group.
    public var rules: Range<Int>
    /// What an event of this entry shows.
    public var event: EventShape
}

/// A selector of a policy, as a bit.
public struct Rule: Sendable, Hashable {
    /// Position in the groups of the hook.
    public var group: Int
    /// Position in the hook entry.
    public var selector: Int
    /// When the call is made.
    public var actions: [ActionSpec]
    /// When the call returns.
    public var returnActions: [ActionSpec]
    /// What an undecided condition leads to.
    public var onUnknown: OnUnknown
}

/// One lookup that says which rules a value satisfies.
public enum Dimension: Sendable, Hashable {
    case classes(ClassDimension)
    case bits(BitDimension)
}

/// Value → class → row.
public struct ClassDimension: Sendable, Hashable {
    /// What is looked up.
    public enum Input: Sendable, Hashable {
        case column(Int, Facet, ClassTable)
        /// Position in `Generation.processTables`.
        case process(Int)
    }

    /// What is looked up.
    public var input: Input
    /// Row by class.
    public var rows: [UInt32]
    /// Row of a value that is known not to exist.
    public var absentRow: UInt32
    /// Row of a value that could not be read: rules that it could decide stay, as uncertain.
    public var unreadableRow: UInt32
    /// Rules that this dimension constrains: they are uncertain where the value is.
    public var constrained: UInt32
    /// Those of them that do not hold without a value. Where a process runs two files, one that is named is
    /// enough for them; the others must find none of the two named.
    public var positiveRow: UInt32
}

/// Bits of a value, any of which satisfies a rule; for masks, capabilities and everything that is computed.
public struct BitDimension: Sendable, Hashable {
    /// Where the bits come from.
    public enum Input: Sendable, Hashable {
        /// Bits of a number.
        case column(Int)
        case gained(new: Int, old: Int)
        case process(ProcessFact)
        /// A bit for each of `Generation.marks`.
        case marks(includesSelf: Bool)
        /// A bit for each of `Generation.workloads`.
        case workloads
        /// A bit for each text; all of them with or all without their case.
        case substrings(Int, Facet, [SubstringPattern])
        case argumentSubstrings(ProcessFact, [SubstringPattern])
        /// A bit for each expression.
        case expressions([Expression])
    }

    /// A bit and the rules that ask for it.
    public struct Member: Sendable, Hashable {
        /// Number of the bit, from 0.
        public var bit: Int
        /// Rules that the bit satisfies.
        public var row: UInt32
    }

    /// Where the bits come from.
    public var input: Input
    /// Bits that any rule asks for; others are ignored.
    public var members: [Member]
    /// Rules that nothing here constrains.
    public var freeRow: UInt32
    /// Rules that hold where one of their bits is set.
    public var positiveRow: UInt32
    /// Rules that hold where none is.
    public var negativeRow: UInt32
    /// Rules that hold where their bits are unknown.
    public var unknownRow: UInt32
}

/// A text that is looked for inside another.
public struct SubstringPattern: Sendable, Hashable {
    /// Not empty.
    public var bytes: [UInt8]
    /// Of ASCII letters only.
    public var ignoresCase: Bool
}
