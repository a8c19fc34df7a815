import PolicyCompiler
import PolicyModel
import PolicyReference
import Testing
import YAMLReader

/// The tables of a generation against the reference interpreter.
@Suite struct AgreementTests {
    /// Random policies, from text to tables.
    static func policies(seed: UInt64, count: Int) throws -> [CheckedPolicy] {
        var writer = RandomPolicy(seed: seed)
        var batch = PolicyBatch()
        for index in 0..<count {
            batch.add(file: "\(index).yaml", bytes: Array(writer.text(named: "p\(index)").utf8))
        }
        let errors = batch.files.flatMap { file in
            file.diagnostics.filter { $0.severity == .error }.map { $0.rendered(in: file.source) }
        }
        try #require(errors == [])
        return batch.policies
    }

    @Test func tablesAndInterpreterAgreeOnOverAHundredThousandPairs() throws {
        var pairs = 0
        var hits = 0
        var uncertain = 0
        var weak = 0
        for seed in 0..<160 as Range<UInt64> {
            let policies = try Self.policies(seed: seed, count: 1 + Int(seed % 12))
            let generation = try GenerationBuilder.build(policies)
            let evaluator = GenerationEvaluator(generation)
            var events = RandomEvent(seed: seed &* 7919)
            for hook in generation.hooks {
                for _ in 0..<64 {
                    let event = events.event(at: hook.point, hook.columns)
                    let verdict = evaluator.verdict(event)
                    var expected = GenerationEvaluator.Verdict()
                    for (policyIndex, policy) in policies.enumerated() {
                        for (hookIndex, own) in policy.hooks.enumerated()
                        where own.points.contains(hook.point) {
                            pairs += 1
                            expected.entry += Self.hit(
                                ReferenceInterpreter.explain(own, event), policyIndex, hookIndex)
                            if event.hasReturned {
                                expected.returning += Self.hit(
                                    ReferenceInterpreter.explainReturn(own, event), policyIndex, hookIndex)
                            }
                        }
                    }
                    hits += expected.entry.count
                    uncertain += expected.entry.count { $0.isUncertain }
                    weak += expected.entry.count { !$0.enforces }
                    guard verdict == expected else {
                        Issue.record(
                            "seed \(seed), \(hook.point.name): tables say \(verdict), policies \(expected)")
                        return
                    }
                }
            }
        }
        #expect(pairs >= 100_000)
        // Neither nothing nor everything matches, and the unknown is among it.
        #expect(hits > pairs / 10 && hits < pairs * 9 / 10)
        #expect(uncertain > 1_000)
        #expect(weak > 100)
    }

    static func hit(_ explanation: Explanation, _ policy: Int, _ hook: Int) -> [GenerationEvaluator.Hit] {
        guard let deciding = explanation.deciding else { return [] }
        return [
            GenerationEvaluator.Hit(
                policy: policy, hook: hook, selector: deciding, isUncertain: explanation.isUncertain,
                enforces: explanation.enforces)
        ]
    }

    @Test func theSamePoliciesGiveTheSameTables() throws {
        let first = try GenerationBuilder.build(try Self.policies(seed: 11, count: 9))
        let second = try GenerationBuilder.build(try Self.policies(seed: 11, count: 9))
        #expect(first == second)
        #expect(first.hooks.map(\.point) == first.hooks.map(\.point).sorted())
    }

    @Test func noRowStandsTwice() throws {
        for seed in 0..<20 as Range<UInt64> {
            for hook in try GenerationBuilder.build(try Self.policies(seed: seed, count: 10)).hooks {
                #expect(Set(hook.rows).count == hook.rows.count)
            }
        }
    }
}
