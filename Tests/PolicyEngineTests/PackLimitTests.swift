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

    private func policy(_ name: String, _ fact: ProcessFact, _ test: ValueTest) -> CheckedPolicy {
        var made = policy(name, Column(source: .argument(0), type: .int), test, .number)
        made.hooks[0].selectors[0].conditions[0].subject = .process(fact)
        return made
    }

    private func text(_ index: Int) -> [[UInt8]] { [Array("/usr/bin/program\(index)".utf8)] }

    @Test func selectorsOfAHook() throws {
        let limit = Int(SECD_POLICY_RULES_MAX)
        var many = policy(
            "many", Column(source: .argument(0), type: .uint64), .numbers([NumberRange(low: 1, high: 1)]),
            .number)
        let selector = many.hooks[0].selectors[0]
        many.hooks[0].selectors = [CheckedSelector](repeating: selector, count: limit + 1)

        let found = #expect(throws: GenerationBuilder.LimitExceeded.self) {
            try GenerationBuilder.build([many])
        }

        #expect(
            found?.description
                == "sys_openat has 4097 selectors of all policies together; there is room for 4096")
    }

    /// Beginnings, endings and texts inside are compared each in another way.
    @Test func kindsOfConditionsOfAHook() throws {
        let limit = Int(SECD_POLICY_DIMENSIONS_MAX)
        let policies = (0...limit).map { index in
            let column = Column(source: .argument(1), type: .string, path: "member\(index / 3)")
            let tests: [ValueTest] = [
                .prefix(text(index)), .postfix(text(index)), .contains(text(index), ignoringCase: false),
            ]
            return policy("p\(index)", column, tests[index % 3], .text)
        }

        let found = try #require(try fault(policies))

        #expect(found.policy == limit)
        #expect(
            found.description
                == "sys_openat: kinds of conditions: 33 of all policies together; there is room for 32")
        #expect(try fault(Array(policies.dropLast())) == nil)
    }

    @Test func factsAboutProcesses() throws {
        let limit = Int(SECD_POLICY_PROCESS_TABLES_MAX)
        let policies = (0...limit).map { policy("p\($0)", .commandArgument($0), .equal(text($0))) }

        let found = try #require(try fault(policies))

        #expect(found.policy == limit)
        #expect(found.reason.hasSuffix(": 17 of all policies together; there is room for 16"))
        #expect(try fault(Array(policies.dropLast())) == nil)
    }

    @Test func predicatesThatDescendantsInherit() throws {
        let limit = 64 * Int(SECD_POLICY_MARK_WORDS)
        let policies = (0...limit).map {
            policy("p\($0)", .lineage(.binary, includesSelf: true), .equal(text($0)))
        }

        let found = try #require(try fault(policies))

        #expect(found.policy == limit)
        #expect(found.reason.hasSuffix(": 257 of all policies together; there is room for 256"))
        #expect(try fault(Array(policies.dropLast())) == nil)
    }

    /// The name of the program is among those that the programs look through.
    @Test func argumentsOfAProgram() {
        #expect(ProcessFact.commandArguments == Int(SECD_POLICY_ARGUMENTS_MAX) - 1)
    }

    /// A number is given again, but not to somebody else while programs may still look for its hook.
    @Test func numbersOfHooks() {
        var numbers = HookNumbers<String>(limit: 4)
        func number(_ name: String, _ generation: UInt32) -> UInt32? {
            numbers.number(of: name, in: generation)
        }

        #expect(["a", "b", "c", "a", "d"].map { number($0, 1) } == [1, 2, 3, 1, nil])
        numbers.keep([1, 2, 3], in: 1)
        #expect(number("d", 2) == nil)
        // From the second generation on two of them are gone.
        numbers.keep([1], in: 2)
        #expect(number("d", 3) == nil)
        #expect(number("b", 3) == 2)
        numbers.keep([1], in: 3)
        // "b" was asked for, and did not come: it has gone a generation later than "c".
        #expect(number("d", 4) == 3)
        #expect(number("e", 4) == nil)
        #expect(number("e", 5) == 2)
        #expect(number("a", 5) == 1)
    }
}
