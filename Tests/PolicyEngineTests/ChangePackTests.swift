import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Testing

/// `Set` and `Override` of programs as the steps that the kernel's program takes.
@Suite struct ChangePackTests {
    private static func actions(_ list: String, arguments: String = "") throws -> [ActionSpec] {
        let text = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: p
            spec:
              uprobes:
              - path: /bin/app
                symbols: [f]
                args: [\(arguments)]
                selectors:
                - matchActions: [\(list)]

            """
        var batch = PolicyBatch()
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        try #require(!batch.hasErrors)
        return try #require(batch.policies.first).hooks[0].selectors[0].actions
    }

    /// Kind, target, its bytes, source, its bytes, operand.
    private static func steps(
        _ actions: [ActionSpec], memory: Bool = true, registers: Bool = true
    ) -> [[UInt64]] {
        ChangePacker.pack(actions, memory: memory, registers: registers) { _ in -0x100 }.map {
            [
                UInt64($0.kind), UInt64($0.target), UInt64($0.target_size), UInt64($0.source),
                UInt64($0.source_size), $0.operand,
            ]
        }
    }

    @Test("registers are words of those that the kernel saves")
    func registers() throws {
        let actions = try Self.actions(
            "{action: Override, argRegs: [\"eax=11\", \"rip=(%rsp)\", \"rsp=8%rsp\"]}")

        #expect(
            Self.steps(actions) == [
                [1, 10, 4, 0, 0, 11],
                [3, 16, 8, 19, 8, 0],
                [2, 19, 8, 19, 8, 8],
            ])
    }

    @Test("another place is so far from where the probe stands")
    func place() throws {
        let actions = try Self.actions("{action: Override, argNewAddr: 0x1000}")

        #expect(Self.steps(actions) == [[2, 16, 8, 16, 8, UInt64(bitPattern: -0x100)]])
    }

    @Test("argError returns at once")
    func error() throws {
        let actions = try Self.actions("{action: Override, argError: -13}")

        #expect(
            Self.steps(actions) == [
                [1, 10, 8, 0, 0, UInt64(bitPattern: -13)],
                [3, 16, 8, 19, 8, 0],
                [2, 19, 8, 19, 8, 8],
            ])
    }

    @Test("Set writes an argument, what it leads to, or the register that passes it")
    func sets() throws {
        let actions = try Self.actions(
            "{action: Set, argIndex: 0, argValue: 1}, {action: Set, argIndex: 1, argValue: 2}, "
                + "{action: Set, argIndex: 3, argValue: -3}",
            arguments: "{index: 0, type: uint64}, {index: 1, type: string}, {index: 3, type: int}")

        #expect(
            Self.steps(actions) == [
                [4, 0, 0, 0, 0, 1],
                [5, 1, 0, 0, 0, 2],
                [1, 11, 8, 0, 0, UInt64(bitPattern: -3)],
            ])
    }

    @Test("what the kernel does not allow is left out")
    func leftOut() throws {
        let actions = try Self.actions(
            "{action: Set, argIndex: 0, argValue: 1}, {action: Override, argError: 1}")

        #expect(Self.steps(actions, registers: false).map { $0[0] } == [4])
        #expect(Self.steps(actions, memory: false).map { $0[0] } == [1, 3, 2])
        #expect(Self.steps(actions, memory: false, registers: false).isEmpty)
    }

    @Test("the steps of a rule lie in its pool, with their end behind them")
    func pool() throws {
        let text = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: p
            spec:
              uprobes:
              - path: /bin/app
                symbols: [f]
                selectors:
                - matchActions: [{action: Set, argIndex: 2, argValue: 9}]

            """
        var batch = PolicyBatch()
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        let tables = try GenerationBuilder.build(batch.policies)
        var placement = GenerationPacker.Placement(
            number: 1, mechanism: UInt16(SECD_POLICY_BY_UPROBE), columns: [], counters: [0])
        placement.changes = tables.hooks[0].rules.map { rule in
            ChangePacker.pack(rule.actions, memory: true, registers: true) { _ in nil }
        }
        let packer = GenerationPacker(seed: [UInt64](repeating: 1, count: Int(SECD_POLICY_SEEDS)))
        let image = try packer.pack(tables, [placement])
        let rule = try #require(image.rules.first)

        #expect(rule.actions & SECD_POLICY_SET != 0)
        let steps = image.starts[Int(rule.changes)...]
        #expect(steps.map(\.start) == [9, 0])
        // ARGUMENT, of argument 2; then END.
        #expect(steps.map(\.result) == [4 | 2 << 8, 0])

        placement.changes = []
        let without = try packer.pack(tables, [placement])
        #expect(without.rules.map { $0.actions & SECD_POLICY_SET } == [0])
    }
}
