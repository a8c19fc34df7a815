import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel
import PolicyReference
import Testing

/// The bytes of a generation's maps against its tables, on random policies and events.
@Suite struct PackAgreementTests {
    static let seed = (1...18).map { 0x9e37_79b9_7f4a_7c15 &* UInt64($0) }

    /// Random policies.
    static func policies(seed: UInt64, count: Int) throws -> [CheckedPolicy] {
        var writer = RandomPolicy(seed: seed)
        var batch = PolicyBatch()
        for index in 0..<count {
            batch.add(file: "\(index).yaml", bytes: Array(writer.text(named: "p\(index)").utf8))
        }
        try #require(!batch.hasErrors)
        return batch.policies
    }

    /// Every way of reading, so that files are packed as paths of components.
    static func placements(_ generation: Generation) -> [GenerationPacker.Placement] {
        generation.hooks.enumerated().map { index, hook in
            GenerationPacker.Placement(
                number: UInt32(index + 1), mechanism: UInt16(SECD_POLICY_BY_SYS_ENTER),
                columns: hook.columns.map { column in
                    var packed = secd_policy_column()
                    if column.type == .file { packed.reader = UInt8(SECD_POLICY_READ_FILE) }
                    return packed
                },
                counters: hook.rules.map { _ in UInt32(SECD_POLICY_NONE) })
        }
    }

    static func image(
        _ generation: Generation, _ workloads: WorkloadClasses.Plan? = nil
    ) throws -> GenerationImage {
        let plan = workloads ?? plan(generation, [])
        return try GenerationPacker(seed: seed).pack(generation, placements(generation), workloads: plan.sets)
    }

    /// A class for each set of tests that some events need.
    static func plan(_ generation: Generation, _ events: [HookEvent]) -> WorkloadClasses.Plan {
        var plan = WorkloadClasses.Plan(tests: generation.workloads)
        var sets: Set<[Int]> = [plan.set(.host)]
        for event in events {
            if case .present(let facts) = event.process.workload { sets.insert(plan.set(facts)) }
        }
        plan.sets = sets.sorted { $0.lexicographicallyPrecedes($1) }
        return plan
    }

    private static func rules(_ words: [UInt64]) -> Set<Int> {
        Set((0..<words.count * 64).filter { words[$0 / 64] >> UInt64($0 % 64) & 1 == 1 })
    }

    /// As decide.h: of each group the first rule that need not give way, else the first.
    private static func hits(
        _ hook: HookTables, _ rules: ImageEvaluator.Rules
    ) -> [GenerationEvaluator.Hit] {
        let matching = Self.rules(rules.matching)
        let uncertain = Self.rules(rules.uncertain)
        return hook.groups.flatMap { group -> [GenerationEvaluator.Hit] in
            let own = group.rules.filter { matching.contains($0) }
            let weak = Set(own.filter { uncertain.contains($0) && hook.rules[$0].onUnknown == .report })
            guard let rule = own.first(where: { !weak.contains($0) }) ?? own.first else { return [] }
            return [
                GenerationEvaluator.Hit(
                    policy: group.policy, hook: group.hook, selector: hook.rules[rule].selector,
                    isUncertain: uncertain.contains(rule), enforces: !weak.contains(rule))
            ]
        }
    }

    /// More kinds of conditions than the kernel's tables have room for at a hook.
    private static func isTooWide(_ hook: HookTables) -> Bool {
        hook.dimensions.count + hook.returnDimensions.count > Int(SECD_POLICY_DIMENSIONS_MAX)
    }

    @Test func bytesAndTablesAgreeOnRandomEvents() throws {
        var hits = 0
        var events = 0
        for seed in 0..<120 as Range<UInt64> {
            var policies = try Self.policies(seed: seed, count: 1 + Int(seed % 14))
            var generation = try GenerationBuilder.build(policies)
            while generation.hooks.contains(where: Self.isTooWide) {
                policies.removeLast()
                generation = try GenerationBuilder.build(policies)
            }
            var random = RandomEvent(seed: seed &* 7919)
            let batches = generation.hooks.map { hook in
                (0..<48).map { _ in Self.plausible(random.event(at: hook.point, hook.columns)) }
            }
            let plan = Self.plan(generation, batches.flatMap(\.self))
            let packed = ImageEvaluator(try Self.image(generation, plan), KeyHash(seed: Self.seed), plan)
            let tables = GenerationEvaluator(generation)
            for (index, hook) in generation.hooks.enumerated() {
                for event in batches[index] {
                    let (entry, returning) = packed.judge(index, hook.columns, event)
                    let expected = tables.verdict(event)
                    events += 1
                    hits += expected.entry.count
                    let found = GenerationEvaluator.Verdict(
                        entry: Self.hits(hook, entry),
                        returning: event.hasReturned ? Self.hits(hook, returning) : [])
                    guard found == expected else {
                        Issue.record(
                            "seed \(seed), \(hook.point.name): bytes say \(found), tables \(expected)")
                        return
                    }
                }
            }
        }
        #expect(events > 10_000)
        #expect(hits > events)
    }

    /// Kernel paths as they can be: absolute, no empty names, whole. Other text is as it comes.
    static func plausible(_ event: HookEvent) -> HookEvent {
        var event = event
        for (key, value) in event.values where key.facet == .path && key.column.type == .file {
            switch value {
            case .present(.text(let text)):
                let names = text.split(separator: UInt8(ascii: "/")).map { [UInt8(ascii: "/")] + $0 }
                event.values[key] = .present(.text(names.isEmpty ? Array("/".utf8) : names.flatMap { $0 }))
            case .truncated: event.values[key] = .unreadable
            default: continue
            }
        }
        return event
    }

    @Test func theSameTablesGiveTheSameBytes() throws {
        let generation = try GenerationBuilder.build(try Self.policies(seed: 11, count: 9))
        let packer = GenerationPacker(seed: Self.seed)
        let first = try packer.pack(generation, Self.placements(generation))
        let second = try packer.pack(generation, Self.placements(generation))

        #expect(first.keys.map(\.key.hash.0) == second.keys.map(\.key.hash.0))
        #expect(first.indexes == second.indexes)
        #expect(first.rows.count == second.rows.count)
        #expect(first.rules.map(\.actions) == second.rules.map(\.actions))
    }
}
