import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// What only a kernel can tell: functions, arguments and members that it does not have.
@Suite struct KernelDiagnosticTests {
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
        #expect(Sample.findings(Sample.hook(body), Self.settings) == [expected])
    }

    @Test func typesComeFromTheKernel() throws {
        let text = Sample.hook(
            "- call: do_thing\n  syscall: false\n  args:\n  - index: 0\n  - index: 1\n    resolve: mm.owner.comm\n  data:\n  - index: 0\n    source: current_task\n    resolve: cred.uid.val"
        )
        let batch = Sample.check(text, Self.settings)
        #expect(batch.files[0].diagnostics == [])
        let columns = try #require(batch.policies.first).hooks[0].columns
        #expect(columns.map(\.type) == [.uint64, .string, .uint32])
        #expect(columns.map(\.path) == ["", "mm.owner.comm", "cred.uid.val"])
    }

    /// The small kernel with a module.
    private static let withModule: CheckSettings = {
        var kernel = Sample.kernel
        var module = FixedKernelTypes(release: "the module overlay")
        let int = KernelType("int", .integer(IntegerShape(bytes: 4, isSigned: true)))
        let file = KernelType("struct ovl *", .pointer(KernelType("struct ovl", .structure("ovl"))))
        module.structures = ["ovl": ["depth": int]]
        kernel.modules = ["overlay": module]
        kernel.functions["ovl_open"] = KernelFunction(
            [.init("it", file)], returning: int, module: "overlay")
        return CheckSettings(kernel: kernel)
    }()

    @Test("types are those of the module that is named, or that the function is in")
    func typesOfModules() throws {
        let text = Sample.policy(
            """
            kprobes:
            - call: ovl_open
              syscall: false
              args:
              - index: 0
                resolve: depth
            - call: do_thing
              syscall: false
              args:
              - index: 1
                btfType: struct ovl
                btfTypeModule: overlay
                resolve: depth
            """)

        let batch = Sample.check(text, Self.withModule)

        #expect(batch.files[0].diagnostics == [])
        let columns = try #require(batch.policies.first).hooks.flatMap(\.columns)
        #expect(columns.map(\.type) == [.int32, .int32])
        #expect(columns.map(\.module) == ["", "overlay"])
    }

    @Test(arguments: [
        (
            "btfType: ovl\n    btfTypeModule: overlya\n    resolve: depth",
            "12:22: error: spec.kprobes[0].args[0].btfTypeModule: 6.0-test has no types of a module \"overlya\" (it is not loaded, or was built without them: /sys/kernel/btf has those that are there)"
        ),
        (
            "btfType: ov\n    btfTypeModule: overlay\n    resolve: depth",
            "11:16: error: spec.kprobes[0].args[0].btfType: the module overlay has no struct \"ov\""
        ),
        (
            "btfType: ovl\n    btfTypeModule: overlay\n    resolve: dept",
            "13:16: error: spec.kprobes[0].args[0].resolve: struct ovl has no member \"dept\" (did you mean \"depth\"?)"
        ),
        (
            "btfTypeModule: overlay",
            "11:22: error: spec.kprobes[0].args[0].btfTypeModule: needs btfType"
        ),
    ])
    func aModuleIsComparedWithWhatIsLoaded(_ body: String, _ expected: String) {
        let text = Sample.hook("- call: do_thing\n  syscall: false\n  args:\n  - index: 1\n    " + body)
        #expect(Sample.findings(text, Self.withModule) == [expected])
    }

    @Test func callsThatAreSkippedAreTold() throws {
        let text = Sample.policy(
            "lists:\n- name: calls\n  values: [tcp_connect, tcp_conect]\nkprobes:\n- call: \"list:calls\"\n  syscall: false\n  ignore:\n    callNotFound: true\n- call: sys_nosuch\n  ignore:\n    callNotFound: true\n"
        )
        let hooks = try #require(Sample.check(text, Self.settings).policies.first).hooks
        #expect(hooks.map(\.points) == [[.function("tcp_connect")], []])
        #expect(hooks.map(\.skippedCalls) == [["tcp_conect"], ["sys_nosuch"]])
    }

    @Test func withoutAKernelTypesMayStayOpen() throws {
        let batch = Sample.check(Sample.hook("- call: do_thing\n  syscall: false\n  args:\n  - index: 0"))
        #expect(batch.files[0].diagnostics.map(\.severity) == [.note])
        #expect(try #require(batch.policies.first).hooks[0].points == [])
    }
}
