import Foundation
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Testing
import YAMLReader

/// The types of the kernel that runs here.
private enum RunningKernel {
    static let vmlinux = FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux")
}

/// Which mechanism an entry gets, on this kernel's types and with facts of the test's own.
@Suite(.enabled(if: RunningKernel.vmlinux != nil, "/sys/kernel/btf/vmlinux is not here"))
struct LadderTests {
    /// No policy here names programs.
    private struct NoPrograms: ProgramFiles {
        func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
            throw ProgramObstacle(.file, "is not there")
        }

        func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes {
            throw ProgramObstacle(.file, "is not there")
        }

        func resolved(_ path: String) -> String? { nil }
    }

    /// A kernel with everything but kprobe_multi.
    private static var facts: EngineFacts {
        var facts = EngineFacts(lsmObstacle: nil, fentryObstacle: nil, kprobeObstacle: nil, cgroupRoot: nil)
        facts.multiProbeObstacle = "not here"
        return facts
    }

    /// With it, too.
    private static var withMulti: EngineFacts {
        var facts = facts
        facts.multiProbeObstacle = nil
        return facts
    }

    /// What an engine with these facts would say of a policy with this `spec`.
    private func forecast(_ spec: String, _ facts: EngineFacts = Self.facts) throws -> PolicyForecast {
        let kernel = try BTFKernelTypes(release: "running", bytes: Array(try #require(RunningKernel.vmlinux)))
        var batch = PolicyBatch(CheckSettings(kernel: kernel))
        let text =
            "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: sample\nspec:\n"
            + spec.split(separator: "\n").map { "  \($0)\n" }.joined()
        batch.add(file: "p.yaml", bytes: Array(text.utf8))
        try #require(batch.files[0].diagnostics.filter { $0.severity == .error }.map(\.message) == [])
        return PolicyForecast(
            batch.policies, facts: facts, kernel: kernel, programs: NoPrograms(), fileObstacle: "not here")
    }

    private func hook(_ spec: String, _ facts: EngineFacts = Self.facts) throws -> HookReport {
        let told = try forecast(spec, facts)
        try #require(told.refusal == nil, "\(told.refusal?.reason ?? "")")
        return try #require(told.reports.first?.hooks.first)
    }

    private static let call = "kprobes:\n- call: tcp_connect\n  syscall: false\n"
    private static let register = "  data:\n  - {index: 0, source: pt_regs, resolve: rdi, type: uint64}\n"
    private static let filter =
        "  selectors:\n  - matchData:\n    - {index: 0, operator: NotEqual, values: [\"0\"]}\n"
    private static let denies = "    matchActions:\n    - {action: Override, argError: -1}\n"

    // MARK: Registers

    @Test("an entry that asks for registers of a function is met by a kprobe, others by fentry")
    func registersOfFunctions() throws {
        #expect(try hook(Self.call).mechanism == "fentry/tcp_connect")
        #expect(try hook(Self.call + Self.register).mechanism == "kprobe/tcp_connect")
        #expect(try hook(Self.call + Self.register + Self.filter).mechanism == "kprobe/tcp_connect")
    }

    @Test("where there are no kprobes, conditions on registers are refused, and shown ones missing")
    func noKprobes() throws {
        var facts = Self.facts
        facts.kprobeObstacle = "not here"
        let reason =
            "fentry/tcp_connect has no registers (pt_regs): "
            + "of what meets functions of the kernel only kprobes have them"

        let refusal = try #require(try forecast(Self.call + Self.register + Self.filter, facts).refusal)
        let shown = try hook(Self.call + Self.register, facts)

        #expect(refusal.faults.map(\.reason) == ["spec.kprobes[0]: matchData[0]: \(reason)"])
        #expect(refusal.faults.map(\.place.line) == [13])
        #expect(shown.mechanism == "fentry/tcp_connect")
        #expect(shown.blindSpots.contains("a value is not shown: \(reason)"))
    }

    @Test("a function that shall refuse has no registers")
    func denied() throws {
        let spec =
            Self.call.replacing("tcp_connect", with: "security_socket_connect") + Self.register + Self.filter
            + Self.denies

        let refusal = try #require(try forecast(spec).refusal)

        #expect(refusal.faults.map { $0.reason.contains("lsm/socket_connect has no registers") } == [true])
    }

    @Test("system calls have the registers of the program, when they begin and when they return")
    func registersOfCalls() throws {
        let call = "kprobes:\n- call: sys_chdir\n  syscall: true\n"
        let text = "  args:\n  - {index: 0, type: string}\n"

        let begins = try hook(call + Self.register)
        let returns = try hook(call + text + Self.register)

        #expect(begins.mechanism == "tp_btf/sys_enter" && returns.mechanism == "tp_btf/sys_exit")
        #expect(!(begins.blindSpots + returns.blindSpots).contains { $0.contains("not shown") })
    }

    // MARK: Many functions

    private static let functions = [
        "commit_creds", "fd_install", "security_file_open", "tcp_close", "tcp_connect", "vfs_open",
        "vfs_read", "vfs_write",
    ]

    private func mechanisms(
        _ functions: [String], _ facts: EngineFacts, _ more: String = ""
    ) throws -> [String] {
        let spec =
            "lists:\n- name: functions\n  values: [\(functions.joined(separator: ", "))]\n"
            + "kprobes:\n- call: \"list:functions\"\n  syscall: false\n" + more
        let told = try forecast(spec, facts)
        try #require(told.refusal == nil, "\(told.refusal?.reason ?? "")")
        return try #require(told.reports.first).hooks.map(\.mechanism).sorted()
    }

    @Test("eight functions of one entry share a link, where the kernel has such; seven do not")
    func lists() throws {
        let shared = Self.functions.map { "kprobe_multi/\($0)" }
        let single = Self.functions.map { $0 == "security_file_open" ? "lsm/file_open" : "fentry/\($0)" }

        #expect(try mechanisms(Self.functions, Self.withMulti) == shared)
        #expect(try mechanisms(Self.functions, Self.facts) == single.sorted())
        let few = Array(Self.functions.prefix(7))
        #expect(try mechanisms(few, Self.withMulti) == single.prefix(7).sorted())
    }

    @Test("registers are asked of kprobes, also of many functions: a shared link has only some of them")
    func registersOfLists() throws {
        #expect(
            try mechanisms(Self.functions, Self.withMulti, Self.register)
                == Self.functions.map { "kprobe/\($0)" })
    }

    @Test("without fentry a function is met by a shared link, else by a kprobe")
    func withoutFentry() throws {
        var (shared, single) = (Self.withMulti, Self.facts)
        shared.fentryObstacle = "not here"
        single.fentryObstacle = "not here"

        #expect(try hook(Self.call, shared).mechanism == "kprobe_multi/tcp_connect")
        #expect(try hook(Self.call, single).mechanism == "kprobe/tcp_connect")
    }

    @Test("a function with arguments on the stack is not met by fentry, which older kernels refuse there")
    func argumentsOnTheStack() throws {
        // Ten arguments.
        let call = Self.call.replacing("tcp_connect", with: "ip_make_skb")
        var without = Self.facts
        without.kprobeObstacle = "not here"

        #expect(try hook(call, Self.withMulti).mechanism == "kprobe_multi/ip_make_skb")
        #expect(try hook(call, Self.facts).mechanism == "kprobe/ip_make_skb")
        #expect(try hook(call, without).mechanism == "fentry/ip_make_skb")
    }
}
