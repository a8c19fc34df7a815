import CEventABI
import PolicyCompiler
import PolicyModel

/// A generation on its way: what its hooks are attached to, and how their columns are read.
struct GenerationPlan {
    private let tables: Generation
    private let policyIDs: [UInt64]
    /// In the order of `tables.hooks`.
    private(set) var placements: [GenerationPacker.Placement] = []
    /// Likewise.
    private(set) var wanted: [HookAttachments.Wanted] = []
    private(set) var enforcers: [Enforcers.Wanted] = []

    /// - Parameters:
    ///   - number: of a hook; nil = there are too many.
    ///   - since: by number, the first of the generations that have the hook without a break.
    init(
        _ tables: Generation, _ policies: [RunnablePolicy], _ sides: HookSides,
        _ ladder: MechanismLadder, _ number: (PolicyCheck.Placed) -> UInt32?, since: (UInt32) -> UInt32
    ) throws(PolicyRefusal) {
        self.tables = tables
        policyIDs = policies.map(\.id)
        for hook in tables.hooks {
            guard let placed = sides.placed(hook.point, hook.side), let number = number(placed) else {
                throw Self.refusal(
                    hook, "\(hook.point.name): at most \(SECD_POLICY_HOOK_CHUNKS - 1) places are hooked",
                    policies)
            }
            let mechanism = placed.mechanism
            let reader = ColumnReader(ladder.kernel, hook.point, mechanism, programs: ladder.programs)
            var placement = GenerationPacker.Placement(
                number: number, mechanism: mechanism.number,
                columns: hook.columns.map { try? reader.pack($0) },
                counters: [])
            placement.impossible = mechanism.impossible
            placement.waits = placed.waits
            placement.succeeds = mechanism.standIn?.succeeds ?? false
            placement.since = since(number)
            placement.judgesAgain = placed.waits && mechanism.judgesAgain
            placement.changes = Self.changes(hook, mechanism)
            let touched = placement.changes.reduce(hook.columns.touched) { $0 | ChangePacker.touched($1) }
            placements.append(placement)
            wanted.append(
                HookAttachments.Wanted(
                    number: number, mechanism: mechanism, waits: placed.waits,
                    arguments: reader.argumentCount, touched: touched))
        }
        if let conflict = stackConflict() {
            throw Self.refusal(tables.hooks[conflict], Self.stackReason, policies)
        }
    }

    /// By rule: what it does to the program that the hook is in.
    private static func changes(_ hook: HookTables, _ mechanism: HookMechanism) -> [[secd_policy_change]] {
        guard mechanism.canWrite || mechanism.canChange, case .program(let places) = mechanism.attachment
        else { return [] }
        return hook.rules.map { rule in
            ChangePacker.pack(
                rule.actions, memory: mechanism.canWrite, registers: mechanism.canChange,
                distance: places.distance)
        }
    }

    private static let stackReason =
        "one policy changes rsp there (Override), and another waits for the return: the kernel would put its own "
        + "return address where the stack begins then"

    /// Where a rule moves the stack at a place at which another hook waits for the return: the later one of the two.
    private func stackConflict() -> Int? {
        let sites = { (index: Int) -> (ProgramIdentity, Set<UInt64>)? in
            guard case .program(let places) = wanted[index].mechanism.attachment else { return nil }
            return (places.identity, Set(places.sites.map(\.offset)))
        }
        for index in tables.hooks.indices where wanted[index].mechanism.canChange {
            guard tables.hooks[index].rules.contains(where: { $0.actions.contains { $0.movesStack } }),
                let own = sites(index)
            else { continue }
            for other in tables.hooks.indices where wanted[other].waits {
                guard let found = sites(other), found.0 == own.0, !found.1.isDisjoint(with: own.1) else {
                    continue
                }
                let last = { (hook: Int) in tables.hooks[hook].groups.map(\.policy).max() ?? 0 }
                return last(index) >= last(other) ? index : other
            }
        }
        return nil
    }

    /// Tells rules that notify whose calls they are about; before they get their counters.
    mutating func notify(_ enforcers: [Enforcers.Wanted], _ checks: [PolicyCheck]) {
        self.enforcers = enforcers
        guard !enforcers.isEmpty else { return }
        for (index, hook) in tables.hooks.enumerated() {
            placements[index].enforcers = hook.rules.map { rule in
                let policy = hook.groups[rule.group].policy
                guard !checks[policy].actsAtOnce(hook.point) else { return nil }
                return enforcers.first { $0.policy == policy }?.number
            }
        }
    }

    /// Gives each rule its counter. Without one it is not counted, and shares its rate limit with others.
    mutating func counters(_ book: CounterBook, _ policies: [RunnablePolicy]) throws(PolicyRefusal) {
        var fresh: [NewRule] = []
        for (index, hook) in tables.hooks.enumerated() {
            let enforcers = placements[index].enforcers
            var counters: [UInt32] = []
            counters.reserveCapacity(hook.rules.count)
            for (bit, rule) in hook.rules.enumerated() {
                let group = hook.groups[rule.group]
                let key = CounterBook.Key(
                    policy: policyIDs[group.policy], hook: group.hook, selector: rule.selector)
                let packed = RulePacker.pack(
                    rule, .enforce, counter: 0, enforcer: enforcers.isEmpty ? nil : enforcers[bit])
                let actions = packed.actions | packed.return_actions
                let known = book.known(key, actions: actions)
                counters.append(known ?? UInt32(SECD_POLICY_NONE))
                guard known == nil else { continue }
                fresh.append(
                    NewRule(policy: group.policy, hook: index, bit: bit, key: key, actions: actions))
            }
            placements[index].counters = counters
        }
        // In the order of policies: the last ones find no room.
        for index in fresh.indices.sorted(by: { (fresh[$0].policy, $0) < (fresh[$1].policy, $1) }) {
            let rule = fresh[index]
            guard let counter = book.counter(rule.key, actions: rule.actions) else {
                throw Self.refusal(of: rule, policies[rule.policy].policy, room: book.capacity)
            }
            placements[rule.hook].counters[rule.bit] = counter
        }
    }

    /// A rule that has no counter yet.
    private struct NewRule {
        var policy: Int
        var hook: Int
        var bit: Int
        var key: CounterBook.Key
        var actions: UInt32
    }

    private static func refusal(of rule: NewRule, _ policy: CheckedPolicy, room: Int) -> PolicyRefusal {
        let entry = policy.hooks[rule.key.hook]
        let isWritten = entry.selectors.indices.contains(rule.key.selector)
        let reason = "\(entry.path): selectors of all policies together: there is room for \(room)"
        return PolicyRefusal(
            faults: [
                PolicyRefusal.Fault(
                    policy: rule.key.policy,
                    place: isWritten ? entry.selectors[rule.key.selector].place : entry.place, reason: reason)
            ], reason: reason)
    }

    /// Without a kernel there is nothing to count in.
    mutating func withoutCounters() {
        for (index, hook) in tables.hooks.enumerated() {
            placements[index].counters = hook.rules.map { _ in UInt32(SECD_POLICY_NONE) }
        }
    }

    /// By hook number: counters of rules that the kernel does not count.
    func tallied(_ image: GenerationImage) -> [UInt32: [UInt32?]] {
        var result: [UInt32: [UInt32?]] = [:]
        for (index, hook) in image.hooks.enumerated() {
            let plain = image.rows[Int(hook.tables.plain_row)]
            let counters = placements[index].counters
            result[hook.number] = counters.indices.map { rule in
                let word: UInt64 = CArray.get(plain.words, rule >> 6)
                return word >> UInt64(rule & 63) & 1 == 1 ? counters[rule] : nil
            }
        }
        return result
    }

    /// The generation as decoders need it.
    func running(
        _ number: UInt32, _ tables: Generation, _ policies: [RunnablePolicy], _ countHash: CountHash
    ) -> RunningGeneration {
        RunningGeneration(
            number: number, tables: tables, policies: policies.map(\.policy),
            hooks: tables.hooks.indices.map { index in
                let mechanism = wanted[index].mechanism
                return RunningGeneration.Hook(
                    number: wanted[index].number, point: tables.hooks[index].point,
                    side: tables.hooks[index].side, mechanism: mechanism.name,
                    effect: mechanism.canDeny ? .prevent : mechanism.killEffect,
                    counters: placements[index].counters)
            }, countHash: countHash)
    }

    // MARK: What is told to the owner

    /// Why a hook could not be attached, and whose it is.
    func refusal(of hook: UInt32, _ reason: String, _ policies: [RunnablePolicy]) -> PolicyRefusal {
        if let enforcer = enforcers.first(where: { Enforcers.user($0.number) == hook }) {
            let policy = policies[enforcer.policy]
            let words = "\(PolicyCheck.enforcersPath): \(reason)"
            let fault = PolicyRefusal.Fault(policy: policy.id, place: policy.policy.place, reason: words)
            return PolicyRefusal(faults: [fault], reason: words)
        }
        guard let index = wanted.firstIndex(where: { $0.number == hook }) else {
            return PolicyRefusal(reason: reason)
        }
        return Self.refusal(tables.hooks[index], "\(tables.hooks[index].point.name): \(reason)", policies)
    }

    /// All policies at the hook are to blame.
    private static func refusal(
        _ hook: HookTables, _ reason: String, _ policies: [RunnablePolicy]
    ) -> PolicyRefusal {
        let faults = hook.groups.map { group in
            let entry = policies[group.policy].policy.hooks[group.hook]
            return PolicyRefusal.Fault(
                policy: policies[group.policy].id, place: entry.place, reason: "\(entry.path): \(reason)")
        }
        return PolicyRefusal(faults: faults, reason: reason)
    }

    /// What each policy acts by. Memory is shared by all: each has its part by the number of its rules.
    func reports(
        _ policies: [RunnablePolicy], _ checks: [PolicyCheck], bytes: UInt64, _ tables: Generation
    ) -> [PolicyReport] {
        var rules = [Int](repeating: 0, count: policies.count)
        for hook in tables.hooks {
            for group in hook.groups { rules[group.policy] += group.rules.count }
        }
        let all = max(1, rules.reduce(0, +))
        return policies.indices.map { index in
            var hooks: [HookReport] = []
            for position in checks[index].placed.indices {
                let path = policies[index].policy.hooks[position].path
                for place in checks[index].placed[position].indices {
                    hooks.append(HookReport(path, checks[index].placed[position][place]))
                }
                for call in policies[index].policy.hooks[position].skippedCalls {
                    hooks.append(HookReport(path, skipped: .function(call), .callNotFound))
                }
                for point in policies[index].policy.hooks[position].rejectedPoints {
                    hooks.append(HookReport(path, skipped: point, .digestRejected))
                }
            }
            hooks += checks[index].enforced.map { placed in
                HookReport(
                    path: PolicyCheck.enforcersPath, point: placed.point, mechanism: placed.mechanism.name,
                    effect: placed.effect, blindSpots: placed.blindSpots, isDegraded: placed.isDegraded)
            }
            return PolicyReport(
                id: policies[index].id, hooks: hooks, kernelBytes: bytes * UInt64(rules[index]) / UInt64(all))
        }
    }
}

extension HookReport {
    /// What an entry asks for and has been let go, as it says.
    fileprivate init(_ path: String, skipped point: AttachPoint, _ state: State) {
        self.init(path: path, point: point, state: state, mechanism: "", effect: .observe)
    }

    /// An entry at a point, as it is met there.
    fileprivate init(_ path: String, _ placed: PolicyCheck.Placed) {
        let isAsked = if case .files = placed.mechanism.attachment { true } else { false }
        self.init(
            path: path, point: placed.point, mechanism: placed.mechanism.name, effect: placed.effect,
            condition: isAsked && placed.effect != .observe ? FileCalls.duration : "",
            blindSpots: placed.blindSpots, isDegraded: placed.isDegraded)
    }
}

extension [Column] {
    /// Arguments, by bit, that lead to memory of the program, which is read.
    fileprivate var touched: UInt16 {
        reduce(0) { touched, column in
            guard case .argument(let position) = column.source, position < 16, !column.atReturn else {
                return touched
            }
            let isText = column.type.isInUserMemory
            return isText || !column.path.isEmpty ? touched | 1 << UInt16(position) : touched
        }
    }
}
