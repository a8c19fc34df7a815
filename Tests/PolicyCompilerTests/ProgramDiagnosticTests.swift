import PolicyCompiler
import PolicyModel
import Testing

/// What is wrong with uprobes and USDT probes, where the program can be looked into.
@Suite struct ProgramDiagnosticTests {
    private let settings = CheckSettings(
        programs: SampleProgram(
            symbols: [.init(name: "SSL_write", address: 0x401100)],
            probes: [.init(name: "start", arguments: "-4@%edi 8@%rsi 1@%al")]))

    private func findings(_ spec: String) -> [String] { Sample.findings(Sample.policy(spec), settings) }

    @Test(arguments: [
        (
            "uprobes:\n- path: /bin/other\n  symbols: [main]",
            "7:11: error: spec.uprobes[0].path: /bin/other is not there"
        ),
        (
            "uprobes:\n- path: /procRoot/1/root/bin/sh\n  symbols: [main]",
            "7:11: error: spec.uprobes[0].path: /procRoot/1/root/bin/sh is not there (write /proc/1/root/bin/sh)"
        ),
        (
            "uprobes:\n- path: /bin/app\n  symbols: [SSL_write, SSL_wrtie]",
            "8:26: error: spec.uprobes[0].symbols[1]: /bin/app: it has no function \"SSL_wrtie\" (did you mean \"SSL_write\"?)"
        ),
        (
            "uprobes:\n- path: /bin/app\n  offsets: [16]",
            "8:15: error: spec.uprobes[0].offsets[0]: /bin/app: at offset 16 of the file is no code"
        ),
        (
            "usdts:\n- path: /bin/app\n  provider: app\n  name: strat",
            "9:11: error: spec.usdts[0].name: /bin/app: it has no probe \"app:strat\" (did you mean \"app:start\"?)"
        ),
        (
            "usdts:\n- path: /bin/app\n  provider: app\n  name: start\n  args:\n  - index: 3",
            "11:14: error: spec.usdts[0].args[0].index: /bin/app:app:start has 3 arguments, counted from 0"
        ),
        (
            "uprobes:\n- path: /bin/app\n  symbols: [SSL_write]\n  args:\n  - index: 0",
            "10:7: error: spec.uprobes[0].args[0]: has no type, and programs do not tell it (add type: int, string, …)"
        ),
        (
            "uprobes:\n- path: /bin/app\n  symbols: [SSL_write]\n  args:\n  - index: 0\n    type: file",
            "11:13: error: spec.uprobes[0].args[0].type: a program has no file of the kernel (one of the numbers, string, char_buf, fd, sockaddr, sockaddr_un)"
        ),
        (
            "uprobes:\n- path: /bin/app\n  symbols: [SSL_write]\n  data:\n  - index: 0\n    source: pt_regs\n    resolve: rxa",
            "12:16: error: spec.uprobes[0].data[0].resolve: there is no register \"rxa\" (did you mean \"rax\"?)"
        ),
        (
            "uprobes:\n- path: /bin/app\n  symbols: [SSL_write]\n  args:\n  - index: 0\n    type: int\n    resolve: a.b",
            "12:16: error: spec.uprobes[0].args[0].resolve: the types of the program are not known (btfPath: a file with them, and btfType where the argument begins)"
        ),
    ])
    func finding(_ spec: String, _ expected: String) {
        #expect(findings(spec) == [expected])
    }

    @Test("what a note says of an argument is its type")
    func types() throws {
        let batch = Sample.check(
            Sample.policy(
                "usdts:\n- path: /bin/app\n  provider: app\n  name: start\n  args:\n  - index: 0\n  - index: 1\n  - index: 2"
            ),
            settings)
        let policy = try #require(batch.policies.first)
        #expect(policy.hooks[0].columns.map(\.type) == [.int32, .uint64, .uint8])
        #expect(policy.hooks[0].points == [.usdt(path: "/bin/app", provider: "app", name: "start")])
    }

    @Test("loader is a hook of its own, in the pods that the policy is about")
    func loader() throws {
        let policy = try #require(
            Sample.check(Sample.policy("loader: true\npodSelector:\n  matchLabels: {app: web}")).policies
                .first)
        #expect(policy.hooks.map(\.path) == ["spec.loader"])
        #expect(policy.hooks[0].points == [.mapping])
        #expect(policy.hooks[0].selectors.map(\.conditions.count) == [1])
    }

    @Test("a program is compared by its name and by the file that the name leads to")
    func links() throws {
        var programs = SampleProgram(bytes: [])
        programs.links = ["/usr/bin/vi": "/usr/bin/vim.basic", "/bin/ed": "/usr/bin/ed"]
        let text = Sample.policy(
            """
            kprobes:
            - call: sys_unlink
              selectors:
              - matchBinaries:
                - {operator: In, values: [/usr/bin/vi, /bin/app, /nowhere, vi, /usr/bin/vim.basic, /bin/ed]}
                matchParentBinaries:
                - {operator: NotIn, values: [/usr/bin/vi], followChildren: true}
                matchAncestorBinaries:
                - {operator: Prefix, values: [/usr/bin/vi]}
            """)
        let tests = { (settings: CheckSettings) in
            try #require(Sample.check(text, settings).policies.first).hooks[0].selectors[0].conditions
                .map(\.test)
        }
        let bytes = { (texts: [String]) in texts.map { Array($0.utf8) } }
        let named = ["/usr/bin/vi", "/bin/app", "/nowhere", "vi", "/usr/bin/vim.basic", "/bin/ed"]

        #expect(
            try tests(CheckSettings(programs: programs)) == [
                .equal(bytes(named + ["/usr/bin/ed"])),
                .equal(bytes(["/usr/bin/vi", "/usr/bin/vim.basic"])), .prefix(bytes(["/usr/bin/vi"])),
            ])
        // Without a machine to look at it is the text.
        #expect(
            try tests(CheckSettings()) == [
                .equal(bytes(named)), .equal(bytes(["/usr/bin/vi"])), .prefix(bytes(["/usr/bin/vi"])),
            ])
    }
}
