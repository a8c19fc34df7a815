import Glibc
import PolicyEngine
import PolicyModel
import Testing

extension KernelSuite {
    /// System calls that a policy refuses: judged where they begin, refused where they ask the kernel's
    /// security modules, or at their function.
    @Suite("refused system calls", .serialized) struct CallRefusalTests {
        private static let hasCompat = Kernel.can(Step("call32", 20))
        private static let needsGuards: Comment = "needs guards: BPF LSM or fmod_ret"

        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// A mode that nobody else gives.
        private static let met = 0o653

        /// int 0x80 (arch/x86/entry/syscalls/syscall_32.tbl).
        private static func compat(_ number: Int, _ arguments: any CustomStringConvertible...) -> Step {
            Step("call32", bytes: ([number] + arguments).map { Array($0.description.utf8) })
        }

        /// Refuses directories with a mode.
        private func refuses(
            _ name: String = "refuses", _ met: Int = Self.met, call: String = "sys_mkdir", index: Int = 1
        ) -> String {
            PolicySample.hook(
                name, call, [(index, "int")],
                selector: "{matchArgs: [{index: \(index), operator: Equal, values: [\"\(met)\"]}], "
                    + "matchActions: [{action: Override, argError: -\(EACCES)}]}")
        }

        @Test(
            "a call fails with the error that the policy says and has no effect, each time; others go on",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func refused() throws {
            defer { _ = try? live.run([]) }
            let (made, other) = (folder / "made", folder / "other")
            let report = try live.run([refuses()])[0]
            #expect(report.hooks.map(\.effect) == [.prevent])
            let mechanism = report.hooks.first?.mechanism ?? ""
            #expect(mechanism.hasPrefix("tp_btf/sys_enter, "), "\(mechanism)")
            #expect(mechanism.hasSuffix("inode_mkdir"), "\(mechanism)")

            // The one in between makes nobody forget, and is not mistaken for the ones beside it.
            let story = try live.agent.run(
                .mkdir(.path(made), Self.met).fails(EACCES), .mkdir(.path(other), 0o700),
                .mkdir(.path(made), Self.met).fails(EACCES), .rmdir(.path(other)))

            #expect(story.status == .exited(0))
            #expect(!Kernel.exists(made))
            let events = live.events(story)
            let action = "KPROBE_ACTION_OVERRIDE"
            #expect(events.map { $0.body["action"].text } == [action, action])
            #expect(events.map { $0.body["error"].text } == ["EACCES", "EACCES"])
            #expect(events.map { $0.body["verdict"].text } == ["denied", "denied"])
            #expect(live.counts()[1]?.overrides == 2)
        }

        @Test(
            "a 32-bit call is refused like the other, also where another call leads to it",
            .enabled(if: Kernel.hasFentry && hasCompat, "needs guards, and a kernel that takes 32-bit calls"))
        func compatIsRefused() throws {
            defer { _ = try? live.run([]) }
            let made = folder / "made"
            try live.run([
                refuses(), refuses("sockets", Int(SOCK_SEQPACKET.rawValue), call: "sys_socket"),
            ])

            let story = try live.agent.run(
                Self.compat(39, ":" + made, Self.met).fails(EACCES),
                Self.compat(102, 1, "=1,5,0").fails(EACCES), Self.compat(102, 1, "=1,1,0"))

            #expect(story.status == .exited(0))
            #expect(!Kernel.exists(made))
            #expect(live.events(story).map { $0.body["abi"].text } == ["i386", "i386"])
        }

        @Test(
            "when its policy goes, calls go through again, also of a thread that was refused, past a guard that stays",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func goes() throws {
            defer { _ = try? live.run([]) }
            let made = folder / "made"
            // mkdirat has the same guard.
            let stays = refuses("stays", call: "sys_mkdirat", index: 2)
            try live.run([stays, refuses()])
            let process = try Activity([
                .mkdir(.path(made), Self.met).fails(EACCES), .report, .wait, .mkdir(.path(made), Self.met),
                .report, .wait, .rmdir(.path(made)), .mkdir(.path(made), Self.met).fails(EACCES),
            ])
            _ = try process.report()

            try live.run([stays])
            process.release()
            _ = try process.report()
            #expect(Kernel.exists(made))

            try live.run([stays, refuses()])
            process.release()
            #expect(try process.wait() == .exited(0))
        }

        @Test(
            "who only looks at a call beside a policy that refuses it sees what it returned",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func beside() throws {
            defer { _ = try? live.run([]) }
            let looks = PolicySample.hook(
                "looks", "sys_mkdir", [(1, "int")],
                selector: "matchArgs: [{index: 1, operator: Equal, values: [\"\(Self.met)\"]}]",
                more: "return: true\n  returnArg: {index: 0, type: int}")
            try live.run([looks, refuses()])

            let story = try live.agent.run(.mkdir(.path(folder / "made"), Self.met).fails(EACCES))

            let seen = live.events(story).matched(by: "looks")
            #expect(seen.map { $0.body["return"]["int_arg"].int } == [-Int(EACCES)])
            #expect(live.events(story).matched(by: "refuses").count == 1)
        }

        @Test(
            "in mode monitor the call goes through, and the event says what would have been",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func monitors() throws {
            defer { _ = try? live.run([]) }
            let made = folder / "made"
            try live.run([
                refuses().replacing(
                    "  kprobes:", with: "  options:\n  - name: policy-mode\n    value: monitor\n  kprobes:")
            ])

            let story = try live.agent.run(.mkdir(.path(made), Self.met))

            #expect(Kernel.exists(made))
            #expect(live.events(story).map { $0.body["would_be"].text } == ["denied"])
            #expect(live.counts()[1]?.monitoredOverrides == 1)
        }

        @Test(
            "a call that cannot be made to seem to succeed is not, and the policy is refused",
            .enabled(if: Kernel.hasFentry, needsGuards))
        func seemsToSucceed() throws {
            let refusal = try #require(try live.refusal([refuses().replacing("-\(EACCES)", with: "0")]))

            #expect(refusal.faults.map { $0.reason.contains("make a call seem to succeed") } == [true])
        }

        @Test("a call that asks nobody is refused where its function may fail; elsewhere its policy is")
        func asksNobody() throws {
            defer { _ = try? live.run([]) }
            let text = refuses(call: "sys_umask", index: 0)
            guard Kernel.makesCallsFail else {
                let refusal = try #require(try live.refusal([text]))
                #expect(refusal.faults.map(\.place.line) == [11])
                #expect(refusal.faults.map { $0.reason.contains("which cannot refuse the call") } == [true])
                return
            }
            let report = try live.run([text])[0]
            #expect(report.hooks.map(\.effect) == [.prevent])
            #expect(report.hooks.allSatisfy { $0.mechanism.contains("fmod_ret/__x64_sys_umask") })

            let story = try live.agent.run(.umask(Self.met).fails(EACCES), .umask(0o22))

            #expect(story.status == .exited(0))
            if Self.hasCompat {
                let compat = try live.agent.run(Self.compat(60, Self.met).fails(EACCES))
                #expect(compat.status == .exited(0))
            }
        }

        @Test(
            "where a guard cannot be attached, nothing stays attached, and the policy is refused",
            .enabled(if: !Kernel.hasFentry, "guards can be attached here"))
        func guardIsRefused() throws {
            let policies = try DirectPolicies(facts: {
                $0.lsmObstacle = "none"
                $0.fentryObstacle = nil
            })
            let links = DirectPolicies.links

            let refusal = try #require(try policies.run([refuses()]))

            #expect(refusal.faults.count == 1)
            #expect(refusal.faults[0].reason.hasPrefix("spec.kprobes[0]: sys_mkdir: "), "\(refusal)")
            #expect(DirectPolicies.links == links)
        }
    }
}
