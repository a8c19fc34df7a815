import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// What is wrong in a hook and in the rest of a spec: where it is, what is said, what is suggested.
@Suite struct HookDiagnosticTests {
    @Test(arguments: [
        (
            "- call: tcp_connect\n  args:\n  - index: 0\n    type: sock",
            "7:11: error: spec.kprobes[0].call: there is no syscall \"tcp_connect\" (for a function of the kernel write syscall: false)"
        ),
        (
            "- call: sys_opneat",
            "7:11: error: spec.kprobes[0].call: there is no syscall \"sys_opneat\" (did you mean \"sys_openat\"?)"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  args:\n  - index: 0\n    type: sok",
            "11:13: error: spec.kprobes[0].args[0].type: unknown type \"sok\" (did you mean \"sock\"?)"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  args:\n  - index: 6\n    type: int",
            "10:14: error: spec.kprobes[0].args[0].index: argument 6 is beyond the 6 that can be read"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  return: true",
            "9:13: error: spec.kprobes[0].return: needs returnArg (add returnArg with index: 0 and a type)"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  selectors:\n  - matchActions:\n    - action: Override\n      argError: -1",
            "11:17: error: spec.kprobes[0].selectors[0].matchActions[0].action: Override is possible on syscalls and security_ functions, not on tcp_connect (use Sigkill, or hook the syscall)"
        ),
        (
            "- call: sys_write\n  args:\n  - index: 0\n    type: int\n    sizeArgIndex: 2",
            "11:21: error: spec.kprobes[0].args[0].sizeArgIndex: belongs to char_buf and char_iovec, not to int"
        ),
        (
            "- call: sys_write\n  args:\n  - index: 0\n    type: int\n    source: current_task",
            "11:15: error: spec.kprobes[0].args[0].source: source current_task belongs under data (move this element from args to data)"
        ),
        (
            "- call: sys_write\n  args:\n  - index: 1\n    type: string\n    resolve: \"a..b\"",
            "11:16: error: spec.kprobes[0].args[0].resolve: \"\" is no name of a member"
        ),
        (
            "- call: sys_read\n  args:\n  - index: 1\n    type: char_buf\n    returnCopy: true",
            "9:7: error: spec.kprobes[0].args[0].returnCopy: needs return: true"
        ),
        ("- syscall: true", "7:5: error: spec.kprobes[0]: \"call\" is missing"),
        (
            "- call: sys_read\n  tags: [x]",
            "8:12: error: spec.kprobes[0].tags[0]: a tag has 2 to 128 characters"
        ),
        (
            "- call: sys_read\n  returnArgAction: Post",
            "8:22: error: spec.kprobes[0].returnArgAction: Post is not possible here (TrackSock and UntrackSock are)"
        ),
        (
            "- call: sk_alloc\n  syscall: false\n  returnArgAction: TrackSock",
            "9:22: error: spec.kprobes[0].returnArgAction: TrackSock needs the socket that the call returns (add return: true, and returnArg with type: sock)"
        ),
        (
            "- call: sk_alloc\n  syscall: false\n  return: true\n  returnArg: {index: 0, type: int}\n  returnArgAction: UntrackSock",
            "11:22: error: spec.kprobes[0].returnArgAction: UntrackSock needs a sock; returnArg is int"
        ),
        (
            "- call: list:calls",
            "7:11: error: spec.kprobes[0].call: there is no list \"calls\" (spec.lists is empty)"
        ),
        (
            "- call: sys_read\n  args:\n  - index: 0",
            "9:7: error: spec.kprobes[0].args[0]: has no type, and the kernel's type information knows no arguments of syscalls (add type: int, string, …)"
        ),
    ])
    func aHookIsRefusedWhereItIsWrong(_ body: String, _ expected: String) {
        #expect(Sample.findings(Sample.hook(body)) == [expected])
    }

    @Test(arguments: [
        (
            "lsmhooks:\n- hook: security_file_open",
            "7:11: error: spec.lsmhooks[0].hook: \"security_file_open\" is no LSM hook (write file_open)"
        ),
        (
            "lsmhooks:\n- hook: file_open\n  selectors:\n  - matchActions:\n    - action: Post\n      kernelStackTrace: true",
            "10:9: error: spec.lsmhooks[0].selectors[0].matchActions[0]: an LSM hook gives no stack traces"
        ),
        (
            "tracepoints:\n- subsystem: a\n  event: b\n  selectors:\n  - matchActions:\n    - action: Override",
            "11:17: error: spec.tracepoints[0].selectors[0].matchActions[0].action: Override is not possible on a tracepoint: it only observes (use Sigkill, or another hook)"
        ),
        (
            "uprobes:\n- path: /bin/x\n  symbols: [a]\n  offsets: [4]",
            "7:5: error: spec.uprobes[0]: needs exactly one of symbols, offsets and addrs"
        ),
        (
            "uprobes:\n- path: bin/x\n  symbols: [a]",
            "7:11: error: spec.uprobes[0].path: \"bin/x\" is no absolute path"
        ),
        (
            "uprobes:\n- path: /bin/x\n  symbols: [a]\n  binaryDigests: [\"sha256:12\"]",
            "9:21: error: spec.uprobes[0].binaryDigests[0]: these are not the hexadecimal digits of a sha256"
        ),
        (
            "usdts:\n- path: /bin/x\n  provider: p\n  name: n\n  selectors:\n  - matchActions:\n    - action: GetUrl\n      argUrl: http://a",
            "12:17: error: spec.usdts[0].selectors[0].matchActions[0].action: GetUrl is not possible in programs"
        ),
        (
            "options:\n- name: policy-mod\n  value: x",
            "7:11: error: spec.options[0].name: unknown option \"policy-mod\" (did you mean \"policy-mode\"?)"
        ),
        (
            "options:\n- name: policy-mode\n  value: watch",
            "8:12: error: spec.options[0].value: \"watch\" is no value of policy-mode (one of: enforce, monitor)"
        ),
        ("kprobe:\n- call: x", "6:3: error: spec.kprobe: unknown key (did you mean \"kprobes\"?)"),
        (
            "lists:\n- name: l\n  values: [a]\n- name: l\n  values: [b]",
            "9:11: error: spec.lists[1].name: a list \"l\" exists already (first at line 7)"
        ),
        (
            "lists:\n- name: l\n  type: syscalls\n  values: [sys_nix]",
            "9:14: error: spec.lists[0].values[0]: there is no syscall \"sys_nix\""
        ),
        ("lists:\n- name: l\n  type: generated_ftrace", "7:5: error: spec.lists[0]: \"pattern\" is missing"),
        (
            "containerSelector:\n  matchLabels:\n    app: x",
            "8:7: error: spec.containerSelector: containers have no \"app\" (the keys are name and repo)"
        ),
        (
            "hostSelector:\n  matchLabels:\n    app: x",
            "7:5: error: spec.hostSelector: the host has no labels (write {})"
        ),
        (
            "enforcers:\n- calls: [tcp_connect]",
            "7:13: error: spec.enforcers[0].calls[0]: tcp_connect cannot be overridden: only syscalls and security_ functions can"
        ),
        ("unknown: maybe", "6:12: error: spec.unknown: unknown value \"maybe\" (one of: deny, allow)"),
    ])
    func aSpecIsRefusedWhereItIsWrong(_ body: String, _ expected: String) {
        #expect(Sample.findings(Sample.policy(body)).filter { !$0.contains("names no hook") } == [expected])
    }
}
