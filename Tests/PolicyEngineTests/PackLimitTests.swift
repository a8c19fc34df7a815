import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Testing

/// What does not fit is refused, with who is one too many and how much would fit.
@Suite struct PackLimitTests {
    private func fault(_ policies: [CheckedPolicy]) throws -> PackingFault? {
        let generation = try GenerationBuilder.build(policies)
        do throws(PackingFault) {
            _ = try GenerationPacker(seed: PackAgreementTests.seed)
                .pack(generation, PackAgreementTests.placements(generation))
            return nil
        } catch {
            return error
        }
    }

    private func policy(_ name: String, _ column: Column, _ test: ValueTest, _ facet: Facet) -> CheckedPolicy
    {
        let condition = Condition(subject: .column(0, facet), test: test, isNegated: false)
        let hook = CheckedHook(
            path: "spec.kprobes[0]", place: .nowhere, section: .kprobes, points: [.syscall("openat")],
            columns: [column], selectors: [CheckedSelector(conditions: [condition])],
            event: EventShape(arguments: [EventShape.Field(column: 0, label: "")]))
        return CheckedPolicy(file: name, place: .nowhere, name: name, hooks: [hook])
    }

    @Test func argumentsOfAHook() throws {
        let limit = Int(SECD_POLICY_COLUMNS_MAX)
        let policies = (0...limit).map { index in
            policy(
                "p\(index)", Column(source: .argument(0), type: .uint64, path: "member\(index)"),
                .numbers([NumberRange(low: 1, high: 2)]), .number)
        }

        let found = try #require(try fault(policies))

        #expect(found.policy == limit)
        #expect(found.hook == 0)
        #expect(
            found.description
                == "sys_openat: distinct arguments: 17 of all policies together; there is room for 16")
        #expect(try fault(Array(policies.dropLast())) == nil)
    }

    /// Beginnings and endings of any number of lengths fit: those beyond eight go into the trie.
    @Test func lengthsOfBeginningsAndEndings() throws {
        let column = Column(source: .argument(1), type: .string)
        let texts = (1...200).map { [UInt8](repeating: 97, count: $0) }
        let beginnings = texts.map { policy("b\($0.count)", column, .prefix([$0]), .text) }
        let endings = texts.map { policy("e\($0.count)", column, .postfix([$0]), .text) }

        #expect(try fault(beginnings + endings) == nil)
    }

    /// As deep as no expression of a policy is.
    @Test func valuesThatAnExpressionKeeps() throws {
        let limit = Int(SECD_POLICY_EXPRESSION_STACK)
        func sum(_ values: Int) -> CheckedPolicy {
            let steps = [Expression.Step](repeating: .constant(1), count: values)
            let expression = Expression(
                text: "sum", steps: steps + [Expression.Step](repeating: .binary(.add), count: values - 1))
            let column = Column(source: .argument(0), type: .int)
            var sum = policy("sum", column, .expression(expression), .number)
            sum.hooks[0].selectors[0].conditions[0].subject = .expression
            return sum
        }

        #expect(try fault([sum(limit)]) == nil)
        let reason = try fault([sum(limit + 1)])?.reason
        #expect(reason == "\"sum\" keeps 65 values at once; there is room for 64")
    }

    /// Longer than the keys of a trie: hashed, and then only so many lengths.
    @Test func lengthsBeyondTheTrie() throws {
        let limit = Int(SECD_POLICY_LENGTHS_MAX)
        let column = Column(source: .argument(1), type: .string)
        let policies = (0...limit).map { index in
            let length = Int(SECD_POLICY_TRIE_MAX) + 1 + index
            return policy("p\(index)", column, .prefix([[UInt8](repeating: 97, count: length)]), .text)
        }

        #expect(try fault(policies)?.policy == limit)
    }
}
