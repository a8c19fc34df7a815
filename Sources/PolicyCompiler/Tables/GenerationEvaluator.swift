public import PolicyModel

/// Judges events by the tables of a generation alone, step by step as the kernel programs do: a lookup per
/// dimension, sets of rules intersected, stop at the first empty one.
public struct GenerationEvaluator: Sendable {
    private let generation: Generation

    public init(_ generation: Generation) { self.generation = generation }

    /// One selector that decides for its hook entry.
    public struct Hit: Sendable, Hashable {
        /// Position in `Generation.policies`.
        public var policy: Int
        /// Position in the policy's hooks.
        public var hook: Int
        /// Position in the hook entry.
        public var selector: Int
        /// A condition could not be decided.
        public var isUncertain: Bool
        /// Enforcing actions act.
        public var enforces: Bool

        public init(policy: Int, hook: Int, selector: Int, isUncertain: Bool, enforces: Bool) {
            self.policy = policy
            self.hook = hook
            self.selector = selector
            self.isUncertain = isUncertain
            self.enforces = enforces
        }
    }

    /// What an event causes.
    public struct Verdict: Sendable, Hashable {
        /// When the call is made.
        public var entry: [Hit] = []
        /// When it returns; empty before.
        public var returning: [Hit] = []

        public init(entry: [Hit] = [], returning: [Hit] = []) {
            self.entry = entry
            self.returning = returning
        }
    }

    /// The verdict on an event.
    public func verdict(_ event: HookEvent, _ process: ProcessState? = nil) -> Verdict {
        guard let hook = generation.hook(event.point) else { return Verdict() }
        let state = process ?? ProcessState(event.process, in: generation)
        var matching = RuleSet.all(hook.rules.count)
        var uncertain = RuleSet(count: hook.rules.count)
        judge(hook.dimensions, hook, event, state, &matching, &uncertain)
        var verdict = Verdict(entry: hits(hook, matching, uncertain))
        if event.hasReturned {
            judge(hook.returnDimensions, hook, event, state, &matching, &uncertain)
            verdict.returning = hits(hook, matching, uncertain)
        }
        return verdict
    }

    private func judge(
        _ dimensions: [Dimension], _ hook: HookTables, _ event: HookEvent, _ process: ProcessState,
        _ matching: inout RuleSet, _ uncertain: inout RuleSet
    ) {
        for dimension in dimensions {
            if matching.summary == 0 { return }
            switch dimension {
            case .classes(let classes):
                let found = look(up: classes, hook, event, process)
                switch found {
                case .number(let number): matching.formIntersection(hook.rows[Int(classes.rows[Int(number)])])
                case .absent: matching.formIntersection(hook.rows[Int(classes.absentRow)])
                case .unreadable:
                    matching.formIntersection(hook.rows[Int(classes.unreadableRow)])
                    uncertain.formUnion(hook.rows[Int(classes.constrained)])
                case .both(let first, let second):
                    let positive = hook.rows[Int(classes.positiveRow)]
                    let rows = [first, second].map { hook.rows[Int(classes.rows[Int($0)])] }
                    matching.formIntersection(
                        positive.intersection(rows[0].union(rows[1])).union(rows[0].intersection(rows[1])))
                case .one(let number): judge(classes, hook, one: number, &matching, &uncertain)
                }
            case .bits(let bits):
                judge(
                    bits, hook, BitReader(hook: hook, event: event, process: process).read(bits), &matching,
                    &uncertain)
            }
        }
    }

    /// A process with two files, of which one could not be read: where the other does not decide, a rule is open.
    private func judge(
        _ classes: ClassDimension, _ hook: HookTables, one number: UInt32, _ matching: inout RuleSet,
        _ uncertain: inout RuleSet
    ) {
        let row = hook.rows[Int(classes.rows[Int(number)])]
        let positive = hook.rows[Int(classes.positiveRow)]
        // Those that ask for a file and have not found it, and those that forbid one and have not found it.
        let open = hook.rows[Int(classes.constrained)]
            .intersection(positive.subtracting(row).union(row.subtracting(positive)))
        matching.formIntersection(
            row.subtracting(open).union(hook.rows[Int(classes.unreadableRow)].intersection(open)))
        uncertain.formUnion(open)
    }

    private func look(
        up dimension: ClassDimension, _ hook: HookTables, _ event: HookEvent, _ process: ProcessState
    ) -> ProcessState.Class {
        switch dimension.input {
        case .process(let table): return process.classes[table]
        case .column(let column, let facet, let table):
            let value = event.value(hook.columns[column], facet)
            switch (table, value) {
            case (_, .absent): return .absent
            case (.numbers(let intervals), .present(.number(let number))):
                return .number(intervals.find(number))
            case (.networks(let networks), .present(.address(let address))):
                return .number(networks.find(address))
            case (_, .present(.text(let bytes))): return table.look(up: .present(bytes))
            case (_, .truncated(.text(let bytes))): return table.look(up: .truncated(bytes))
            default: return .unreadable
            }
        }
    }

    /// `T`: rules with a bit that is set. `U`: those that hope for one that is unknown.
    private func judge(
        _ dimension: BitDimension, _ hook: HookTables, _ bits: ProcessState.Bits, _ matching: inout RuleSet,
        _ uncertain: inout RuleSet
    ) {
        var hit = RuleSet(count: hook.rules.count)
        var open = RuleSet(count: hook.rules.count)
        for member in dimension.members {
            if bits.set.contains(member.bit) {
                hit.formUnion(hook.rows[Int(member.row)])
            } else if bits.unknown.contains(member.bit) {
                open.formUnion(hook.rows[Int(member.row)])
            }
        }
        open.subtract(hit)
        var holds = hook.rows[Int(dimension.positiveRow)].intersection(hit)
        holds.formUnion(hook.rows[Int(dimension.negativeRow)].subtracting(hit).subtracting(open))
        holds.formUnion(hook.rows[Int(dimension.unknownRow)].intersection(open))
        holds.formUnion(hook.rows[Int(dimension.freeRow)])
        matching.formIntersection(holds)
        uncertain.formUnion(open)
    }

    /// The first selector of each hook entry decides. One that only reports, because something is unknown, gives
    /// way to a later one that is certain or enforces.
    private func hits(_ hook: HookTables, _ matching: RuleSet, _ uncertain: RuleSet) -> [Hit] {
        let weak = matching.intersection(uncertain).intersection(hook.reportOnly)
        var deciding: [Int: Int] = [:]
        for rule in matching.subtracting(weak).rules + weak.rules {
            let group = hook.rules[rule].group
            if deciding[group] == nil { deciding[group] = rule }
        }
        return deciding.keys.sorted().compactMap { group in
            guard let rule = deciding[group] else { return nil }
            return Hit(
                policy: hook.groups[group].policy, hook: hook.groups[group].hook,
                selector: hook.rules[rule].selector,
                isUncertain: matching.contains(rule) && uncertain.contains(rule),
                enforces: !weak.contains(rule))
        }
    }
}
