import PolicyCompiler
import PolicyModel
import Testing

/// `Set`, and `Override` in uprobes: what they may say, and where a mistake is told.
@Suite struct ProgramChangeTests {
    private let settings = CheckSettings(
        programs: SampleProgram(
            symbols: [
                .init(name: "SSL_write", address: 0x401100), .init(name: "SSL_read", address: 0x401200),
            ],
            probes: [.init(name: "start", arguments: "-4@%edi 8@%rsi 4@-8(%rbp) -4@$7")]))

    private static let uprobe = "uprobes:\n- path: /bin/app\n  symbols: [SSL_write]\n"
    private static let usdt = "usdts:\n- path: /bin/app\n  provider: app\n  name: start\n"
    private static let actions = "  selectors:\n  - matchActions:\n    - "

    private static func assignment(_ text: String) -> RegisterAssignment? {
        try? RegisterAssignment.parse(text)
    }

    private static func part(_ name: String, _ size: Int) throws -> RegisterAssignment.Part {
        RegisterAssignment.Part(register: try #require(ProgramRegister(name)), size: size)
    }

    // MARK: Assignments

    @Test("an assignment is a number, a register, a register and a number, or what stands there in memory")
    func assignments() throws {
        let rax = try Self.part("rax", 8)
        let rsp = try Self.part("rsp", 8)
        let rbp = try Self.part("rbp", 8)

        #expect(Self.assignment("rax=11") == RegisterAssignment(target: rax, source: .constant(11)))
        #expect(Self.assignment("rax=0x80") == RegisterAssignment(target: rax, source: .constant(0x80)))
        #expect(Self.assignment("rax=010") == RegisterAssignment(target: rax, source: .constant(8)))
        #expect(Self.assignment("rax=-1") == RegisterAssignment(target: rax, source: .constant(.max)))
        #expect(
            Self.assignment("rax=18446744073709551615")
                == RegisterAssignment(target: rax, source: .constant(.max)))
        #expect(
            Self.assignment("rsp=%rax") == RegisterAssignment(target: rsp, source: .register(rax, offset: 0)))
        #expect(
            Self.assignment("rsp=8%rsp") == RegisterAssignment(target: rsp, source: .register(rsp, offset: 8))
        )
        #expect(
            Self.assignment("rbp=(%rsp)") == RegisterAssignment(target: rbp, source: .memory(rsp, offset: 0)))
        #expect(
            Self.assignment("rsp=-1372(%rbp)")
                == RegisterAssignment(
                    target: rsp, source: .memory(rbp, offset: UInt64(bitPattern: -1372))))
        #expect(
            Self.assignment("rbp = 0x20 ( %rsp )")
                == RegisterAssignment(target: rbp, source: .memory(rsp, offset: 0x20)))
    }

    @Test(
        "the name of a register says how many of its bytes are meant",
        arguments: [
            ("rax", 8), ("eax", 4), ("ax", 2), ("al", 1), ("rsi", 8), ("esi", 4), ("si", 2), ("sil", 1),
            ("r9", 8),
            ("r9d", 4), ("r9w", 2), ("r9b", 1), ("rip", 8), ("eip", 4), ("spl", 1),
        ])
    func widths(_ name: String, _ size: Int) throws {
        #expect(try RegisterAssignment.parse("\(name)=1").target.size == size)
    }

    @Test(
        "what is no assignment is none",
        arguments: [
            "rax=", "=1", "rax=1=2", "ra x=1", "rax=1 2", "rax=abc", "rbp=0x2 0(%rsp)", "rbp=0x20(%rsp",
            "rbp=0x20(%rsp)junk", "rbp=0x20(% rsp)", "rsp=%rax)", "rsp=% rax", "rsp=%r ax",
            "rsp=8%rax garbage",
            "rax=0x20()", "rax=0x20(%notareg)", "flags=1", "cs=1", "orig_rax=1", "%rax=1", "x0=1", "w3=1",
            "pc=1",
        ])
    func noAssignments(_ text: String) {
        #expect(Self.assignment(text) == nil)
    }

    @Test("argError is what the function returns at once")
    func returning() {
        #expect(
            RegisterAssignment.returning(-13)
                == ["rax=-13", "rip=(%rsp)", "rsp=8%rsp"].compactMap(Self.assignment))
    }

    // MARK: Checked

    @Test(
        "what Set writes follows from the argument's type",
        arguments: [
            (ProgramChangeTests.uprobe + "  args: [{index: 1, type: int}]\n", ActionSpec.Written.register),
            (ProgramChangeTests.uprobe + "  args: [{index: 1, type: uint8}]\n", .register),
            (ProgramChangeTests.uprobe + "  args: [{index: 1, type: uint64}]\n", .argument),
            (ProgramChangeTests.uprobe + "  args: [{index: 1, type: string}]\n", .pointed),
            (ProgramChangeTests.uprobe, .argument),
            (ProgramChangeTests.usdt + "  args: [{index: 1, type: uint64}]\n", .argument),
            (ProgramChangeTests.usdt + "  args: [{index: 1, type: string}]\n", .pointed),
            (ProgramChangeTests.usdt, .argument),
        ])
    func written(_ hook: String, _ expected: ActionSpec.Written) throws {
        let text = Sample.policy(hook + Self.actions + "{action: Set, argIndex: 1, argValue: -1}")
        let batch = Sample.check(text, settings)
        let action = try #require(batch.policies.first?.hooks.first?.selectors.first?.actions.first)

        #expect(!batch.hasErrors)
        #expect(action.written == expected)
        #expect(action.argument?.value == 1 && action.value?.value == -1)
    }

    @Test(
        "Override by registers, and to another place of the program",
        arguments: [
            "{action: Override, argRegs: [\"rax=11\", \"rip=(%rsp)\", \"rsp=8%rsp\"]}",
            "{action: Override, argNewSymbol: SSL_read}", "{action: Override, argNewSymbol: SSL_read+0x4}",
            "{action: Override, argNewAddr: 0x401200}", "{action: Override, argNewOffset: 0x1200}",
            "{action: Override, argError: -1}",
        ])
    func overrides(_ action: String) {
        #expect(Sample.findings(Sample.policy(Self.uprobe + Self.actions + action), settings) == [])
    }

    // MARK: Refused

    private static let place = "spec.uprobes[0].selectors[0].matchActions[0]"
    private static let form = "(rax=11, rdi=%rsi, rsp=8%rsp or rip=8(%rsp))"

    @Test(arguments: [
        (
            "{action: Override}",
            "11:18: error: \(ProgramChangeTests.place).action: Override needs one of argRegs, argNewSymbol, argNewAddr and argNewOffset (or argError: the function returns it at once)"
        ),
        (
            "{action: Override, argRegs: [\"rax=1\", \"rxa=1\"]}",
            "11:47: error: \(ProgramChangeTests.place).argRegs[1]: \"rxa=1\" names \"rxa\", which is no register (did you mean \"rax\"?)"
        ),
        (
            "{action: Override, argRegs: [\"rax\"]}",
            "11:38: error: \(ProgramChangeTests.place).argRegs[0]: \"rax\" is no assignment \(ProgramChangeTests.form)"
        ),
        (
            "{action: Override, argRegs: [\"rax=rbx\"]}",
            "11:38: error: \(ProgramChangeTests.place).argRegs[0]: \"rax=rbx\" gives neither a number nor a register (write %rbx)"
        ),
        (
            "{action: Override, argRegs: [\"rbp=0x20(%rsp\"]}",
            "11:38: error: \(ProgramChangeTests.place).argRegs[0]: \"rbp=0x20(%rsp\" has no closing parenthesis \(ProgramChangeTests.form)"
        ),
        (
            "{action: Override, argRegs: [\"rbp=x(%rsp)\"]}",
            "11:38: error: \(ProgramChangeTests.place).argRegs[0]: \"rbp=x(%rsp)\" has the offset \"x\" \(ProgramChangeTests.form)"
        ),
        (
            "{action: Override, argRegs: [\"x0=1\"]}",
            "11:38: error: \(ProgramChangeTests.place).argRegs[0]: \"x0=1\" names x0, a register of arm64; programs are changed on x86-64 only"
        ),
        (
            "{action: Override, argRegs: [\"rax=1\"], argNewAddr: 0x401200}",
            "11:38: error: \(ProgramChangeTests.place).argRegs: argNewAddr says already how the program goes on (keep one of them)"
        ),
        (
            "{action: Override, argRegs: [\"rax=1\"], argError: -1}",
            "11:58: warning: \(ProgramChangeTests.place).argError: does nothing beside argRegs"
        ),
        (
            "{action: Override, argNewSymbol: SSL_raed}",
            "11:42: error: \(ProgramChangeTests.place).argNewSymbol: /bin/app: it has no function \"SSL_raed\" (did you mean \"SSL_read\"?)"
        ),
        (
            "{action: Override, argNewAddr: 0x402000}",
            "11:40: error: \(ProgramChangeTests.place).argNewAddr: /bin/app: at address 0x402000 is no code"
        ),
        (
            "{action: Override, argNewOffset: 16}",
            "11:42: error: \(ProgramChangeTests.place).argNewOffset: /bin/app: at offset 16 of the file is no code"
        ),
        (
            "{action: Set, argValue: 1}",
            "11:18: error: \(ProgramChangeTests.place): Set needs argIndex"
        ),
        (
            "{action: Set, argIndex: 0}",
            "11:18: error: \(ProgramChangeTests.place): Set needs argValue"
        ),
        (
            "{action: Set, argIndex: 6, argValue: 1}",
            "11:33: error: \(ProgramChangeTests.place).argIndex: argument 6 is beyond the 6 that calls pass in registers (they are counted from 0)"
        ),
    ])
    func refusedInAUprobe(_ action: String, _ expected: String) {
        #expect(Sample.findings(Sample.policy(Self.uprobe + Self.actions + action), settings) == [expected])
    }

    private static let probePlace = "spec.usdts[0].selectors[0].matchActions[0]"

    @Test(arguments: [
        (
            "{action: Override, argRegs: [\"rax=1\"]}",
            "12:18: error: \(ProgramChangeTests.probePlace).action: Override is not possible on a USDT probe"
        ),
        (
            "{action: Set, argIndex: 0, argValue: 1}",
            "12:33: error: \(ProgramChangeTests.probePlace).argIndex: argument 0 is a number in a register, of which the program may have a copy"
        ),
        (
            "{action: Set, argIndex: 3, argValue: 1}",
            "12:33: error: \(ProgramChangeTests.probePlace).argIndex: argument 3 is a constant in the program"
        ),
        (
            "{action: Set, argIndex: 4, argValue: 1}",
            "12:33: error: \(ProgramChangeTests.probePlace).argIndex: the probe has 4 arguments, counted from 0"
        ),
    ])
    func refusedInAProbe(_ action: String, _ expected: String) {
        #expect(Sample.findings(Sample.policy(Self.usdt + Self.actions + action), settings) == [expected])
    }

    @Test("what comes when the call has returned is too late")
    func returned() {
        let text =
            Self.uprobe + "  return: true\n  selectors:\n  - matchReturnActions:\n"
            + "    - {action: Set, argIndex: 0, argValue: 1}"
        #expect(
            Sample.findings(Sample.policy(text), settings) == [
                "12:18: error: spec.uprobes[0].selectors[0].matchReturnActions[0].action: Set comes too late when the call returns (move it to matchActions)"
            ])
    }

    @Test("a stack that begins elsewhere and a return that is waited for exclude each other")
    func stackAndReturn() {
        let text = Self.uprobe + "  return: true\n" + Self.actions + "{action: Override, argError: 1}"
        #expect(
            Sample.findings(Sample.policy(text), settings) == [
                "12:18: error: \(Self.place).action: Override of rsp (also by argError) is not possible beside return: true (the kernel would put its own return address where the stack begins then)"
            ])
    }

    @Test("a selector changes 32 values at most")
    func limit() {
        let registers = (0..<31).map { "\"rax=\($0)\"" }.joined(separator: ", ")
        let sets =
            "    - {action: Set, argIndex: 0, argValue: 1}\n    - {action: Set, argIndex: 1, argValue: 1}"
        let text = Self.uprobe + Self.actions + "{action: Override, argRegs: [\(registers)]}\n" + sets
        #expect(
            Sample.findings(Sample.policy(text), settings) == [
                "13:9: error: spec.uprobes[0].selectors[0].matchActions: Set and Override change 33 values; at most 32"
            ])
    }
}
