import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// Each fault class: where it is, what is said, what is suggested.
@Suite struct DiagnosticTests {
    /// A hook with one selector; the selector starts at line 16.
    static func selector(_ body: String, arg: String = "file", options: String = "") -> String {
        Sample.policy(
            """
            kprobes:
            - call: security_file_permission
              syscall: false
              args:
              - index: 0
                type: \(arg)
              - index: 1
                type: int
              selectors:
            \(body.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))\(options)
            """)
    }

    static func hook(_ body: String, section: String = "kprobes") -> String {
        Sample.policy("\(section):\n" + body)
    }

    @Test(arguments: [
        (
            "- matchArgs:\n  - index: 0\n    operator: Equals\n    values: [\"/a\"]",
            "17:19: error: spec.kprobes[0].selectors[0].matchArgs[0].operator: unknown operator \"Equals\" (did you mean \"Equal\"?)"
        ),
        (
            "- matchArg:\n  - index: 0",
            "15:7: error: spec.kprobes[0].selectors[0].matchArg: unknown key (did you mean \"matchArgs\"?)"
        ),
        (
            "- matchArgs:\n  - index: 2\n    operator: Equal\n    values: [\"1\"]",
            "16:16: error: spec.kprobes[0].selectors[0].matchArgs[0].index: spec.kprobes[0] has no args element with index 2 (there are: 0, 1)"
        ),
        (
            "- matchArgs:\n  - index: 0\n    operator: GT\n    values: [\"1\"]",
            "17:19: error: spec.kprobes[0].selectors[0].matchArgs[0].operator: GT cannot be used with type file (use Equal, Prefix, Postfix, SubString or an opposite)"
        ),
        (
            "- matchArgs:\n  - index: 1\n    operator: Equal\n    values:\n    - two",
            "19:11: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: \"two\" is no int"
        ),
        (
            "- matchArgs:\n  - index: 1\n    operator: Equal\n    values:\n    - \"4294967296\"",
            "19:11: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: \"4294967296\" is no int"
        ),
        (
            "- matchArgs:\n  - index: 1\n    operator: In\n    values: [\"1\"]",
            "17:19: error: spec.kprobes[0].selectors[0].matchArgs[0].operator: In is for processes (use Equal)"
        ),
        (
            "- matchArgs:\n  - index: 1\n    operator: InRange\n    values: [\"9:1\"]",
            "18:18: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: \"9:1\" is no number or range of int (write 5 or 1:1000)"
        ),
        (
            "- matchBinaries:\n  - operator: Mask\n    values: [\"/a\"]",
            "16:19: error: spec.kprobes[0].selectors[0].matchBinaries[0].operator: Mask cannot be used with binaries (use In, NotIn, Prefix, NotPrefix, Postfix or NotPostfix)"
        ),
        (
            "- matchBinaries:\n  - operator: Prefix\n    followChildren: true\n    values: [\"/a\"]",
            "16:19: error: spec.kprobes[0].selectors[0].matchBinaries[0].followChildren: is possible with In and NotIn only"
        ),
        (
            "- matchPIDs:\n  - operator: In\n    values: [\"x\"]",
            "17:18: error: spec.kprobes[0].selectors[0].matchPIDs[0].values[0]: \"x\" is no process id"
        ),
        (
            "- matchNamespaces:\n  - namespace: Mount\n    operator: In\n    values: [host_ns]",
            "16:20: error: spec.kprobes[0].selectors[0].matchNamespaces[0].namespace: unknown value \"Mount\" (one of: Uts, Ipc, Mnt, Pid, PidForChildren, Net, Time, TimeForChildren, Cgroup, User)"
        ),
        (
            "- matchCapabilities:\n  - operator: In\n    values: [CAP_SYS_ADMN]",
            "17:18: error: spec.kprobes[0].selectors[0].matchCapabilities[0].values[0]: unknown capability \"CAP_SYS_ADMN\" (did you mean \"CAP_SYS_ADMIN\"?)"
        ),
        (
            "- matchReturnArgs:\n  - index: 0\n    operator: Equal\n    values: [\"1\"]",
            "16:16: error: spec.kprobes[0].selectors[0].matchReturnArgs[0].index: the hook has no returnArg to compare with (add return: true and returnArg)"
        ),
        (
            "- matchActions:\n  - action: Sigkil",
            "16:17: error: spec.kprobes[0].selectors[0].matchActions[0].action: unknown action \"Sigkil\" (did you mean \"Sigkill\"?)"
        ),
        (
            "- matchActions:\n  - action: FollowFD\n    argFd: 0",
            "16:17: error: spec.kprobes[0].selectors[0].matchActions[0].action: there is no action FollowFD any more (type fd resolves the path itself)"
        ),
        (
            "- matchActions:\n  - action: Signal",
            "16:17: error: spec.kprobes[0].selectors[0].matchActions[0]: Signal needs argSig"
        ),
        (
            "- matchActions:\n  - action: Override\n    argError: 1",
            "17:19: error: spec.kprobes[0].selectors[0].matchActions[0].argError: an error is negative (-1 is EPERM, -13 EACCES)"
        ),
        (
            "- matchActions:\n  - action: Sigkill\n    rateLimit: 5m",
            "17:20: error: spec.kprobes[0].selectors[0].matchActions[0].rateLimit: belongs to Post, not to Sigkill"
        ),
        (
            "- matchActions:\n  - action: Post\n    rateLimit: often",
            "17:20: error: spec.kprobes[0].selectors[0].matchActions[0].rateLimit: \"often\" is no span of time (a number of seconds, or 30s, 5m, 1h)"
        ),
        (
            "- matchActions:\n  - action: NotifyEnforcer\n    argError: -1",
            "16:17: error: spec.kprobes[0].selectors[0].matchActions[0].action: NotifyEnforcer needs spec.enforcers (name the calls that shall be stopped)"
        ),
        (
            "- matchActions:\n  - action: Set\n    argIndex: 1\n    argValue: 1",
            "16:17: error: spec.kprobes[0].selectors[0].matchActions[0].action: Set writes into programs: it needs uprobes or usdts"
        ),
        (
            "- matchActions:\n  - action: TrackSock\n    argSock: 0",
            "17:18: error: spec.kprobes[0].selectors[0].matchActions[0].argSock: argument 0 is file, no sock"
        ),
        (
            "- macros: [missing]",
            "15:16: error: spec.kprobes[0].selectors[0].macros[0]: there is no macro \"missing\""
        ),
        (
            "- matchArgs:\n  - index: 0\n    operator: Equal\n    values: [\"list:none\"]",
            "18:18: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: there is no list \"none\" (spec.lists is empty)"
        ),
        (
            "- onUnknown: perhaps",
            "15:18: error: spec.kprobes[0].selectors[0].onUnknown: unknown value \"perhaps\" (one of: match, report, mismatch)"
        ),
        (
            "- matchArgs:\n  - operator: CelExpr\n    values: [\"arg1 > 1 &&\"]",
            "17:18: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: a value is missing, at character 12"
        ),
        (
            "- matchArgs:\n  - operator: CelExpr\n    values: [\"arg0 > 1\"]",
            "17:18: error: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: arg0 is file, no number, at character 1"
        ),
        (
            "- matchArgs:\n  - index: 0\n    operator: Equal\n    values: [\"etc/passwd\"]",
            "18:18: warning: spec.kprobes[0].selectors[0].matchArgs[0].values[0]: \"etc/passwd\" never matches: paths of files are absolute (Postfix compares the end)"
        ),
    ])
    func aSelectorIsRefusedWhereItIsWrong(_ body: String, _ expected: String) {
        #expect(Sample.findings(Self.selector(body)) == [expected])
    }

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
            "- call: list:calls",
            "7:11: error: spec.kprobes[0].call: there is no list \"calls\" (spec.lists is empty)"
        ),
        (
            "- call: sys_read\n  args:\n  - index: 0",
            "9:7: error: spec.kprobes[0].args[0]: has no type, and the kernel's type information knows no arguments of syscalls (add type: int, string, …)"
        ),
    ])
    func aHookIsRefusedWhereItIsWrong(_ body: String, _ expected: String) {
        #expect(Sample.findings(Self.hook(body)) == [expected])
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

    @Test(arguments: [
        (
            "kind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true}",
            "1:1: error: \"apiVersion\" is missing"
        ),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicyy\nmetadata: {name: a}\nspec: {loader: true}",
            "2:7: error: kind: unknown kind \"TracingPolicyy\" (did you mean \"TracingPolicy\"?)"
        ),
        (
            "apiVersion: cilium.io/v1\nkind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true}",
            "1:13: error: apiVersion: unknown version \"cilium.io/v1\" (write cilium.io/v1alpha1)"
        ),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: A_b}\nspec: {loader: true}",
            "3:18: error: metadata.name: \"A_b\" is no name of an object (lower-case letters, digits, - and . ; at most 253; a letter or digit first and last)"
        ),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}",
            "2:7: warning: kind: Pod of v1 is no policy and is skipped"
        ),
        (
            "",
            "1:1: error: there is no policy in this file (a policy begins with apiVersion: cilium.io/v1alpha1 and kind: TracingPolicy)"
        ),
        ("- a", "1:1: error: expected a policy, found a list"),
        (
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: a}\nspec: {loader: true, loader: false}",
            "4:22: error: the key \"loader\" stands here for the second time (first at line 4, column 8)"
        ),
    ])
    func aDocumentIsRefusedWhereItIsWrong(_ text: String, _ expected: String) {
        #expect(Sample.findings(text) == [expected])
    }

    @Test func everythingIsToldAtOnceInTheOrderOfTheFile() {
        let text = Self.selector(
            "- matchArgs:\n  - index: 0\n    operator: Equals\n    values: [a]\n  matchPIDs:\n  - operator: In\n    values: [x]\n  matchActions:\n  - action: Kill"
        )
        #expect(Sample.findings(text).map { $0.prefix { $0 != " " } } == ["17:19:", "21:18:", "23:17:"])
    }

    @Test func aDiagnosticShowsTheLineAndACaret() {
        let file = Sample.check(Self.hook("- call: sys_opneat")).files[0]
        #expect(
            file.diagnostics[0].rendered(in: file.source) == """
                p.yaml:7:11: error: spec.kprobes[0].call: there is no syscall "sys_opneat"
                    7 |   - call: sys_opneat
                      |           ^~~~~~~~~~ did you mean "sys_openat"?
                """)
    }

    @Test func twoFilesWithTheSamePolicyAreNoticed() {
        var batch = PolicyBatch()
        let bytes = Array(Sample.policy("loader: true").utf8)
        batch.add(file: "a.yaml", bytes: bytes)
        batch.add(file: "b.yaml", bytes: bytes)
        #expect(batch.policies.count == 1)
        #expect(batch.files[1].diagnostics.map(\.hint) == ["in a.yaml, line 4"])
    }

    // MARK: Against a kernel

    static let settings = CheckSettings(kernel: Sample.kernel)

    @Test(arguments: [
        (
            "- call: tcp_conect\n  syscall: false",
            "7:11: error: spec.kprobes[0].call: 6.0-test has no function \"tcp_conect\" (did you mean \"tcp_connect\"?)"
        ),
        (
            "- call: tcp_conect\n  syscall: false\n  ignore:\n    callNotFound: true",
            "7:11: warning: spec.kprobes[0].call: 6.0-test has no function \"tcp_conect\"; skipped, as ignore.callNotFound says"
        ),
        (
            "- call: security_file_permission\n  syscall: false\n  args:\n  - index: 1\n    type: string",
            "11:13: error: spec.kprobes[0].args[0].type: security_file_permission has an int here (mask), which is a number; found \"string\" (type int32 fits)"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  args:\n  - index: 0\n    type: file",
            "11:13: error: spec.kprobes[0].args[0].type: tcp_connect has a struct sock * here (sk), which points to struct sock; found \"file\" (type sock fits)"
        ),
        (
            "- call: tcp_connect\n  syscall: false\n  args:\n  - index: 1\n    type: int",
            "10:14: error: spec.kprobes[0].args[0].index: tcp_connect has 1 arguments, counted from 0 (they are: 0 sk)"
        ),
        (
            "- call: do_thing\n  syscall: false\n  args:\n  - index: 1\n    resolve: mm.ownr.comm",
            "11:16: error: spec.kprobes[0].args[0].resolve: struct mm_struct has no member \"ownr\" (did you mean \"owner\"?)"
        ),
        (
            "- call: fd_install\n  syscall: false\n  return: true\n  returnArg:\n    index: 0\n    type: int",
            "11:7: error: spec.kprobes[0].returnArg: fd_install returns nothing"
        ),
    ])
    func aHookIsComparedWithTheKernel(_ body: String, _ expected: String) {
        #expect(Sample.findings(Self.hook(body), Self.settings) == [expected])
    }

    @Test func typesComeFromTheKernel() throws {
        let text = Self.hook(
            "- call: do_thing\n  syscall: false\n  args:\n  - index: 0\n  - index: 1\n    resolve: mm.owner.comm\n  data:\n  - index: 0\n    source: current_task\n    resolve: cred.uid.val"
        )
        let batch = Sample.check(text, Self.settings)
        #expect(batch.files[0].diagnostics == [])
        let columns = try #require(batch.policies.first).hooks[0].columns
        #expect(columns.map(\.type) == [.uint64, .string, .uint32])
        #expect(columns.map(\.path) == ["", "mm.owner.comm", "cred.uid.val"])
    }

    @Test func withoutAKernelTypesMayStayOpen() throws {
        let batch = Sample.check(Self.hook("- call: do_thing\n  syscall: false\n  args:\n  - index: 0"))
        #expect(batch.files[0].diagnostics.map(\.severity) == [.note])
        #expect(try #require(batch.policies.first).hooks[0].points == [])
    }
}
