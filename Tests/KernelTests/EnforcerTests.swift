import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// NotifyEnforcer: what a rule decides at its hook is done at the calls of `spec.enforcers`.
    @Suite("enforcers of policies", .serialized) struct EnforcerTests {
        private static let hasCompat = Kernel.can(Step("call32", 20))
        private static let needsGuards: Comment = "needs guards: BPF LSM or fmod_ret"

        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// An argument of umask that nobody else gives.
        private static let met = 423
        /// Calls that ask for nothing (arch/x86/entry/syscalls/syscall_64.tbl).
        private static let alarm = Step.call(37, 0)
        private static let parent = Step.call(110)

        /// Notifies of who calls umask with `met`.
        private func policy(
            _ action: String, name: String = "notifies", met: Int = Self.met, calls: String...
        ) -> String {
            PolicySample.hook(
                name, "sys_umask", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: Equal, values: [\"\(met)\"]}], "
                    + "matchActions: [{action: NotifyEnforcer, \(action)}]}"
            ).replacing(
                "spec:\n", with: "spec:\n  enforcers:\n  - calls: [\(calls.joined(separator: ", "))]\n")
        }

        /// Notifies of calls by their number, where all of them begin; the calls are the enforcer's, too. Of this
        /// program alone: others make such calls as well.
        private func numbered(_ calls: [String], _ action: String) -> String {
            PolicySample.policy(
                "numbered",
                """
                lists:
                - {name: calls, type: syscalls, values: [\(calls.joined(separator: ", "))]}
                enforcers:
                - calls: ["list:calls"]
                tracepoints:
                - subsystem: raw_syscalls
                  event: sys_enter
                  args:
                  - {index: 4, type: syscall64}
                  selectors:
                  - matchArgs:
                    - {index: 0, operator: InMap, values: ["list:calls"]}
                    matchBinaries:
                    - {operator: In, values: ["\(Kernel.testBinary)"]}
                    matchActions:
                    - {action: NotifyEnforcer, \(action)}
                """)
        }

        private func said(_ event: CapturedEvent) -> [String] {
            [
                event.body["action"].text, event.body["policies"][0]["action"].text,
                event.body["verdict"].text,
            ]
        }

        // MARK: Signals

        @Test(
            "a signal meets the thread at the next call that the policy names, and no other call",
            arguments: [(SIGKILL, EffectClass.killBeforeReturn), (SIGUSR1, .observe)])
        func signals(_ signal: Int32, _ effect: EffectClass) throws {
            defer { _ = try? live.run([]) }
            let reports = try live.run([policy("argSig: \(signal)", calls: "sys_alarm")])

            let other = try live.agent.run(Self.alarm, .umask(Self.met + 1), Self.alarm, .exit(7))
            let without = try live.agent.run(Self.alarm, .umask(Self.met), Self.parent, .exit(7))
            let met = try live.agent.run(.umask(Self.met), Self.parent, Self.alarm, .exit(7))

            #expect(other.status == .exited(7) && live.events(other).isEmpty)
            #expect(without.status == .exited(7))
            #expect(met.status == .killed(signal: signal, core: false))
            // The hook itself changes nothing.
            #expect(
                said(try met.only("process_kprobe"))
                    == ["KPROBE_ACTION_NOTIFYENFORCER", "NotifyEnforcer", "none"])
            #expect(live.counts()[1]?.notifications == 2)
            let hooks = reports[0].hooks
            #expect(hooks.map(\.point.name) == ["sys_umask", "sys_alarm"])
            #expect(hooks.map(\.mechanism) == ["tp_btf/sys_enter", "tp_btf/sys_enter"])
            #expect(hooks.map(\.effect) == [.observe, effect])
        }

        @Test("where the call that is judged is itself one of them, the signal meets it")
        func sameCall() throws {
            defer { _ = try? live.run([]) }
            try live.run([policy("argSig: \(SIGKILL)", calls: "sys_umask")])

            let met = try live.agent.run(.umask(Self.met), .exit(7))

            #expect(met.status == .killed(signal: SIGKILL, core: false))
            #expect(said(try met.only("process_kprobe")).last == "killed")
        }

        @Test("so it does where a tracepoint of all calls has judged it, by a list of calls")
        func byTracepoint() throws {
            defer { _ = try? live.run([]) }
            try live.run([numbered(["sys_alarm", "sys_getppid"], "argSig: \(SIGKILL)")])

            let other = try live.agent.run(.umask(0o22), .exit(7))
            let met = try live.agent.run(.umask(0o22), Self.parent, .exit(7))

            #expect(other.status == .exited(7))
            #expect(met.status == .killed(signal: SIGKILL, core: false))
            #expect(said(try met.only("process_tracepoint")).last == "killed")
        }

        @Test(
            "32-bit programs meet it at the same call",
            .enabled(if: hasCompat, "this kernel takes no 32-bit calls"))
        func compat() throws {
            defer { _ = try? live.run([]) }
            try live.run([policy("argSig: \(SIGKILL)", calls: "sys_alarm")])

            // alarm by int 0x80 (arch/x86/entry/syscalls/syscall_32.tbl).
            let met = try live.agent.run(.umask(Self.met), Step("call32", 27, 0), .exit(7))

            #expect(met.status == .killed(signal: SIGKILL, core: false))
        }

        @Test("what one policy says is over at its own calls, not at those of another")
        func apart() throws {
            defer { _ = try? live.run([]) }
            try live.run([
                policy("argSig: \(SIGKILL)", name: "one", calls: "sys_alarm"),
                policy("argSig: \(SIGKILL)", name: "two", met: Self.met + 1, calls: "sys_getppid"),
            ])

            let passes = try live.agent.run(.umask(Self.met), Self.parent, .exit(7))
            let met = try live.agent.run(.umask(Self.met), Self.parent, Self.alarm, .exit(7))
            let both = try live.agent.run(.umask(Self.met), .umask(Self.met + 1), Self.parent, .exit(7))

            #expect(passes.status == .exited(7))
            #expect(met.status == .killed(signal: SIGKILL, core: false))
            #expect(both.status == .killed(signal: SIGKILL, core: false))
        }

        @Test("when the policy goes, what waits is over, also when it comes again")
        func goes() throws {
            defer { _ = try? live.run([]) }
            let text = policy("argSig: \(SIGKILL)", calls: "sys_alarm")
            try live.run([text])
            let process = try Activity([
                .umask(Self.met), .report, .wait, Self.alarm, .report, .wait, Self.alarm, .exit(7),
            ])
            _ = try process.report()

            try live.run([])
            process.release()
            _ = try process.report()
            try live.run([text])
            process.release()

            #expect(try process.wait() == .exited(7))
        }

        @Test("in mode monitor nobody is notified, and the event says what would have been")
        func monitors() throws {
            defer { _ = try? live.run([]) }
            let text = policy("argSig: \(SIGKILL)", calls: "sys_alarm").replacing(
                "  kprobes:", with: "  options:\n  - name: policy-mode\n    value: monitor\n  kprobes:")
            try live.run([text])

            let story = try live.agent.run(.umask(Self.met), Self.alarm, .exit(7))

            #expect(story.status == .exited(7))
            #expect(try story.only("process_kprobe").body["would_be"].text == "killed")
            #expect(live.counts()[1]?.monitoredNotifications == 1)
        }

        // MARK: Errors

        @Test(
            "an error meets the next call that the policy names, once",
            .enabled(if: Kernel.hasFentry, needsGuards), arguments: ["sys_mkdir", "security_inode_mkdir"])
        func refuses(_ call: String) throws {
            defer { _ = try? live.run([]) }
            let (made, other) = (folder / "made", folder / "other")
            let reports = try live.run([policy("argError: -\(EACCES)", calls: call)])

            let story = try live.agent.run(
                .mkdir(.path(other)), .umask(Self.met), Self.parent, .mkdir(.path(made)).fails(EACCES),
                .rmdir(.path(other)), .mkdir(.path(made)), .rmdir(.path(made)))

            #expect(story.status == .exited(0))
            #expect(live.counts()[1]?.notifications == 1)
            #expect(reports[0].hooks.map(\.effect) == [.observe, .prevent])
            let mechanism = reports[0].hooks.last?.mechanism ?? ""
            #expect(mechanism.hasSuffix("inode_mkdir"), "\(mechanism)")
        }

        @Test(
            "where a tracepoint of all calls has judged the call, that one fails, each time",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func refusesByTracepoint() throws {
            defer { _ = try? live.run([]) }
            let (made, other) = (folder / "made", folder / "other")
            try live.run([numbered(["sys_mkdir", "sys_rename"], "argError: -\(EPERM)")])

            let story = try live.agent.run(
                .mkdir(.path(made)).fails(EPERM), .symlink("x", .path(other)),
                .rename(.path(other), .path(made)).fails(EPERM), .mkdir(.path(made)).fails(EPERM),
                .unlink(.path(other)))

            #expect(story.status == .exited(0))
            #expect(!Kernel.exists(made))
            #expect(live.events(story).count == 3)
        }

        @Test(
            "an error meets the next connect, once; those of other processes go through",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func refusesConnect() throws {
            defer { _ = try? live.run([]) }
            let reports = try live.run([policy("argError: -1", calls: "security_socket_connect")])
            let connect = Step.connect(0, "4,127.0.0.1,1")

            let other = try live.agent.run(.socket(0, Net.inet, Net.stream), connect.fails(ECONNREFUSED))
            let met = try live.agent.run(
                .socket(0, Net.inet, Net.stream), connect.fails(ECONNREFUSED), .umask(Self.met),
                connect.fails(EPERM), connect.fails(ECONNREFUSED))

            #expect(other.status == .exited(0))
            #expect(met.status == .exited(0))
            #expect(reports[0].hooks.map(\.effect) == [.observe, .prevent])
        }

        @Test(
            "NotifyEnforcer at a function that is among the calls itself acts there",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func itself() throws {
            defer { _ = try? live.run([]) }
            let text = PolicySample.deniesConnects("127.0.0.9/32")
                .replacing("action: Override", with: "action: NotifyEnforcer")
                .replacing("spec:\n", with: "spec:\n  enforcers:\n  - calls: [security_socket_connect]\n")
            let reports = try live.run([text])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.9,1").fails(EPERM),
                .connect(0, "4,127.0.0.8,1").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(said(event) == ["KPROBE_ACTION_NOTIFYENFORCER", "NotifyEnforcer", "denied"])
            #expect(live.counts()[1]?.overrides == 1)
            #expect(reports[0].hooks.map(\.effect) == [.prevent])
        }

        // MARK: What this kernel lacks

        @Test(
            "where nobody can refuse the calls, the policy is refused, or says that it is weaker",
            .enabled(if: !Kernel.hasFentry, "guards can be attached here"))
        func cannot() throws {
            defer { _ = try? live.run([]) }
            let call = policy("argError: -1, argSig: \(SIGKILL)", calls: "sys_mkdir")
            let function = policy("argError: -1", calls: "security_inode_mkdir", "sys_alarm")

            let first = try #require(try live.refusal([call]))
            let second = try #require(try live.refusal([function]))
            #expect(first.faults.map { $0.reason.contains("cannot refuse the call") } == [true])
            #expect(first.faults.map { $0.reason.contains("sys_mkdir") } == [true])
            #expect(second.faults.map { $0.reason.contains("needs BPF LSM") } == [true, false])

            let degraded = call.replacing("spec:\n", with: "spec:\n  degraded: true\n")
            let reports = try live.run([degraded])
            #expect(reports[0].hooks.map(\.isDegraded) == [false, true])
            #expect(reports[0].hooks.map(\.effect) == [.observe, .killBeforeReturn])
            let met = try live.agent.run(.umask(Self.met), .mkdir(.path(folder / "made")), .exit(7))
            #expect(met.status == .killed(signal: SIGKILL, core: false))
        }
    }
}
