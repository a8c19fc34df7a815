import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// What is wrong in a selector: where it is, what is said, what is suggested.
@Suite struct SelectorDiagnosticTests {
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
            "- matchCmdArgs:\n  - index: 31\n    operator: Equal\n    values: [\"/a\"]",
            "16:16: error: spec.kprobes[0].selectors[0].matchCmdArgs[0].index: the first 31 arguments of a program can be compared, from 0 on"
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
        #expect(Sample.findings(Sample.selector(body)) == [expected])
    }
}
