import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// The whole language: what is accepted and what comes out.
@Suite struct SurfaceTests {
    static func checked(_ spec: String, kind: String = "TracingPolicy") throws -> CheckedPolicy {
        let batch = Sample.check(Sample.policy(spec, kind: kind))
        try #require(batch.files[0].diagnostics.filter { $0.severity == .error }.map(\.message) == [])
        return try #require(batch.policies.first)
    }

    /// As `kubectl get tracingpolicies -o yaml` writes them.
    @Test func policiesInAListAreRead() throws {
        let items = ["ant", "bee"].map { name in
            "- {apiVersion: cilium.io/v1alpha1, kind: TracingPolicy, metadata: {name: \(name)},"
                + " spec: {kprobes: [{call: sys_dup}]}}\n"
        }
        let list = "apiVersion: v1\nkind: List\nitems:\n"
        let batch = Sample.check(list + items.joined())
        #expect(batch.policies.map(\.name) == ["ant", "bee"])
        #expect(batch.policies.map { $0.hooks[0].path } == ["spec.kprobes[0]", "spec.kprobes[0]"])
        #expect(
            Sample.findings(list + items[0] + "- {apiVersion: v1, kind: Pod, metadata: {name: web}}\n") == [
                "5:26: warning: kind: Pod of v1 is no policy and is skipped"
            ])
        #expect(Sample.findings(list + items[0].replacing("sys_dup", with: "sys_dup, nothing: 1")).count == 1)
    }

    /// In a directory of manifests somebody else reads the other objects.
    @Test(arguments: [
        "", "{apiVersion: v1, kind: Pod}", "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy}",
        "{kind: TracingPolicy}", "[1]", "{apiVersion: cilium.io/v1alpha1, kind: TracingPolicyy}",
    ])
    func amongOtherObjectsNothingIsSaidOfThem(_ other: String) {
        let policy = Sample.policy("kprobes: [{call: sys_dup}]")
        for text in [other, other + "\n---\n" + policy] {
            var batch = PolicyBatch()
            batch.add(file: "m.yaml", bytes: Array(text.utf8), amongOthers: true)
            #expect(batch.files.flatMap(\.diagnostics) == [])
            #expect(batch.policies.count == (text == other ? 0 : 1))
        }
        var batch = PolicyBatch()
        let broken = Sample.policy("nothing: []")
        batch.add(file: "m.yaml", bytes: Array((other + "\n---\n" + broken).utf8), amongOthers: true)
        #expect(batch.hasErrors)
    }

    @Test func everySectionIsRead() throws {
        let policy = try Self.checked(
            """
            loader: true
            unknown: deny
            degraded: true
            options:
            - {name: disable-kprobe-multi, value: "1"}
            - {name: policy-mode, value: monitor}
            lists:
            - {name: calls, type: syscalls, values: [sys_dup, sys_dup2]}
            - {name: all, type: generated_syscalls}
            - {name: plain, values: [do_a, do_b]}
            enforcers:
            - calls: [sys_prctl, "list:calls", security_file_open]
            kprobes:
            - call: "list:calls"
            - call: list:all
            - call: list:plain
              syscall: false
            - call: __x64_sys_openat
            fentries:
            - call: tcp_close
              syscall: false
            tracepoints:
            - {subsystem: sched, event: sched_switch}
            - {subsystem: sched, event: sched_process_exec, raw: true}
            lsmhooks:
            - hook: file_open
            uprobes:
            - path: /bin/sh
              symbols: [main, exit]
              message: m
              tags: [one, two]
            - path: /bin/sh
              offsets: [16, "0x20"]
            - path: /bin/sh
              addrs: [0x400000]
            usdts:
            - {path: /bin/sh, provider: p, name: n}
            """)
        #expect(policy.mode == .monitor && policy.acceptsDegraded && policy.reportsLoads)
        #expect(
            policy.enforcers == [
                .syscall("prctl"), .syscall("dup"), .syscall("dup2"), .function("security_file_open"),
            ])
        #expect(
            policy.hooks.map(\.section) == [
                .kprobes, .kprobes, .kprobes, .kprobes, .fentries, .tracepoints, .tracepoints, .lsmhooks,
                .uprobes, .uprobes, .uprobes, .usdts, .loader,
            ])
        #expect(policy.hooks[0].points == [.syscall("dup"), .syscall("dup2")])
        #expect(policy.hooks[1].points.count == SyscallTable.x86.numbers.count)
        #expect(policy.hooks[2].points == [.function("do_a"), .function("do_b")])
        #expect(policy.hooks[3].points == [.syscall("openat")])
        #expect(policy.hooks[6].points == [.rawTracepoint("sched_process_exec")])
        #expect(
            policy.hooks[8].points == [
                .uprobe(path: "/bin/sh", location: .symbol("main")),
                .uprobe(path: "/bin/sh", location: .symbol("exit")),
            ])
        #expect(policy.hooks[8].event.tags == ["one", "two"])
        #expect(policy.hooks[9].points.map(\.name) == ["/bin/sh:+0x10", "/bin/sh:+0x20"])
        #expect(policy.hooks.allSatisfy { $0.selectors.count == 1 })
    }

    @Test(arguments: ArgumentType.names)
    func everyTypeIsKnown(_ name: String) throws {
        _ = try Self.checked(
            "kprobes:\n- call: f\n  syscall: false\n  args:\n  - index: 0\n    type: \(name)")
    }

    @Test(arguments: [
        ("Equal", "int"), ("eq", "int"), ("NotEqual", "int"), ("neq", "int"), ("GT", "int"),
        ("GreaterThan", "int"),
        ("lt", "int"), ("InRange", "int"), ("NotInRange", "int"), ("InMap", "int"), ("notinmap", "int"),
        ("Mask", "int"),
        ("Prefix", "file"), ("notprefix", "file"), ("Postfix", "string"), ("NotPostfix", "path"),
        ("SubString", "string"),
        ("NotSubString", "file"), ("notsubstringigncase", "string"),
        ("SubStringIgnCase", "string"), ("SPort", "sock"), ("NotSport", "sock"), ("DPort", "skb"),
        ("notdport", "skb"),
        ("Family", "sockaddr"), ("State", "sock"), ("Protocol", "skb"),
    ])
    func everyOperatorIsKnown(_ operation: String, _ type: String) throws {
        let policy = try Self.checked(
            "kprobes:\n- call: f\n  syscall: false\n  args:\n  - index: 0\n    type: \(type)\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: \(operation)\n      values: [\"1\"]"
        )
        #expect(policy.hooks[0].selectors[0].conditions.count == 1)
    }

    @Test(arguments: [
        ("SAddr", "sock", "10.0.0.0/8"), ("saddr", "sockaddr", "::1"), ("NotDAddr", "skb", "2001:db8::/32"),
        ("FileType", "file", "reg"), ("NotFileType", "path", "socket"), ("Equal", "capability", "CAP_BPF"),
    ])
    func everyOperatorWithValuesOfItsOwnIsKnown(_ operation: String, _ type: String, _ value: String) throws {
        _ = try Self.checked(
            "kprobes:\n- call: f\n  syscall: false\n  args:\n  - index: 0\n    type: \(type)\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: \(operation)\n      values: [\"\(value)\"]"
        )
    }

    @Test(arguments: ["SPortPriv", "NotSportPriv", "NotSPortPriv", "DPortPriv", "NotDPortPriv"])
    func privilegedPortsNeedNoValues(_ operation: String) throws {
        _ = try Self.checked(
            "kprobes:\n- call: f\n  syscall: false\n  args:\n  - index: 0\n    type: sock\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: \(operation)"
        )
    }

    @Test(arguments: [
        "Post\n      rateLimit: 5\n      rateLimitScope: global\n      kernelStackTrace: true\n      userStackTrace: true",
        "NoPost", "Sigkill", "Signal\n      argSig: 10", "Override\n      argError: -13", "Freeze",
        "KillTree",
        "KillContainer", "Count\n      countBy: [0]\n      interval: 10s",
        "GetUrl\n      argUrl: https://a/b",
        "DnsLookup\n      argFqdn: a.example",
    ])
    func everyActionIsKnown(_ action: String) throws {
        let policy = try Self.checked(
            "kprobes:\n- call: sys_read\n  args:\n  - index: 0\n    type: int\n  selectors:\n  - matchActions:\n    - action: \(action)"
        )
        #expect(policy.hooks[0].selectors[0].actions.count == 1)
    }

    @Test func limitsOfThePeerAreLifted() throws {
        var spec = "kprobes:\n- call: sys_mmap\n  args:\n"
        for index in 0..<6 { spec += "  - index: \(index)\n    type: uint64\n" }
        spec += "  selectors:\n"
        for number in 0..<64 {
            spec += "  - matchArgs:\n    - index: 5\n      operator: Equal\n      values: ["
            spec += (0..<100).map { "\"\(number * 1_000 + $0)\"" }.joined(separator: ", ") + "]\n"
            spec +=
                "    matchActions:\n    - action: Post\n    - action: Signal\n      argSig: 1\n    - action: Freeze\n    - action: Count\n"
        }
        let policy = try Self.checked(spec)
        #expect(policy.hooks[0].selectors.count == 64)
        #expect(policy.hooks[0].columns.count == 6)
        let tables = try #require(try GenerationBuilder.build([policy]).hook(.syscall("mmap")))
        #expect(tables.rules.count == 64)
        // 64 selectors with one value class each, and the rest.
        #expect(tables.rows.count <= 64 + 3)
    }

    @Test func rangesAreNotCountedOut() throws {
        let policy = try Self.checked(
            "kprobes:\n- call: sys_read\n  args:\n  - index: 0\n    type: uint64\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: InMap\n      values: [\"0:18446744073709551615\"]\n  - matchArgs:\n    - index: 0\n      operator: InMap\n      values: [\"5:4294967295\", \"7\"]"
        )
        #expect(
            policy.hooks[0].selectors[1].conditions[0].test
                == .numbers([NumberRange(low: 5, high: 4_294_967_295)]))
        let generation = try GenerationBuilder.build([policy])
        guard case .classes(let dimension) = generation.hooks[0].dimensions[0],
            case .column(_, _, .numbers(let table)) = dimension.input
        else {
            Issue.record("no intervals")
            return
        }
        #expect(table.starts == [0, 5, 4_294_967_296])
    }

    @Test func macrosAreMergedAndContradictionsNoticed() throws {
        let macros =
            "selectorsMacros:\n  shells:\n    matchBinaries:\n    - operator: In\n      values: [/bin/sh]\n"
        let hook =
            "kprobes:\n- call: sys_read\n  selectors:\n  - macros: [shells]\n    matchPIDs:\n    - operator: In\n      values: [1]\n"
        let policy = try Self.checked(macros + hook)
        #expect(policy.hooks[0].selectors[0].conditions.map(\.field) == ["matchPIDs[0]", "matchBinaries[0]"])
        let twice = hook + "    matchBinaries:\n    - operator: In\n      values: [/bin/ls]\n"
        #expect(
            Sample.findings(Sample.policy(macros + twice)) == [
                "14:16: error: spec.kprobes[0].selectors[0].macros[0]: matchBinaries of the macro \"shells\" is set already, in the selector or in another macro"
            ])
    }

    @Test func listsOfEnforcersMayHoldCallsAndFunctions() throws {
        let policy = try Self.checked(
            "lists:\n- {name: both, values: [sys_dup, security_file_open]}\nenforcers:\n- calls: [\"list:both\"]\nkprobes:\n- call: sys_read"
        )
        #expect(policy.enforcers == [.syscall("dup"), .function("security_file_open")])
    }

    @Test func tracepointsCountBothWays() throws {
        for index in [4, 0] {
            let policy = try Self.checked(
                "lists:\n- {name: dups, type: syscalls, values: [sys_dup, __ia32_sys_dup]}\ntracepoints:\n- subsystem: raw_syscalls\n  event: sys_enter\n  args:\n  - index: 4\n    type: syscall64\n  selectors:\n  - matchArgs:\n    - index: \(index)\n      operator: InMap\n      values: [\"list:dups\"]"
            )
            #expect(
                policy.hooks[0].selectors[0].conditions[0].test
                    == .numbers([
                        NumberRange(low: 32, high: 32), NumberRange(low: 41 | 1 << 31, high: 41 | 1 << 31),
                    ]))
        }
    }

    @Test func aNamespacedPolicyIsAboutPodsOfItsNamespace() throws {
        let policy = try Self.checked("kprobes:\n- call: sys_read", kind: "TracingPolicyNamespaced")
        #expect(policy.namespace == "default")
        guard case .workload(let test) = policy.hooks[0].selectors[0].conditions[0].test else {
            Issue.record("no scope")
            return
        }
        #expect(test.holds(for: .container(ContainerFacts(namespace: "default"))))
        #expect(!test.holds(for: .container(ContainerFacts(namespace: "other"))))
        #expect(!test.holds(for: .host))
        #expect(
            Sample.findings(
                Sample.policy("hostSelector: {}\nkprobes:\n- call: sys_read", kind: "TracingPolicyNamespaced")
            ).count == 1)
    }

    @Test(arguments: [
        ("10.0.0.1", true), ("010.0.0.1", false), ("10.0.0", false), ("10.0.0.0/33", false), ("::", true),
        ("1::2::3", false), ("::ffff:10.0.0.1", true), ("1:2:3:4:5:6:7:8", true), ("1:2:3:4:5:6:7", false),
        ("::1/129", false), ("fe80::1%eth0", false), ("", false), ("10.0.0.1/", false),
    ])
    func addresses(_ text: String, _ isAddress: Bool) {
        let found = Sample.findings(
            Sample.policy(
                "kprobes:\n- call: f\n  syscall: false\n  args:\n  - index: 0\n    type: sock\n  selectors:\n  - matchArgs:\n    - index: 0\n      operator: SAddr\n      values: [\"\(text)\"]"
            ))
        #expect(found.isEmpty == isAddress)
    }
}
