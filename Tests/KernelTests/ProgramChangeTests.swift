import BPFRuntime
import Glibc
import PolicyEngine
import PolicyModel
import Testing
import YAMLReader

extension KernelSuite {
    /// `Set`, and `Override` in uprobes: functions and a USDT probe of the test binary (Tests/CTestActivity/traced.c)
    /// tell what is left of their values. Where the kernel does not allow it, the policies are refused.
    @Suite(
        "changes of programs", .serialized,
        .enabled(
            if: unsafe access("/sys/bus/event_source/devices/uprobe/type", F_OK) == 0,
            "the kernel was built without uprobes"))
    struct ProgramChangeTests {
        private var live: LivePolicies { .shared }

        private func uprobe(_ function: String, _ action: String, _ more: String = "") -> String {
            PolicySample.policy(
                "changes",
                "uprobes:\n- path: \(Kernel.testBinary)\n  symbols: [\(function)]\n\(more)"
                    + "  selectors:\n  - matchActions:\n    - \(action)\n")
        }

        private func usdt(_ action: String) -> String {
            PolicySample.policy(
                "changes",
                "usdts:\n- path: \(Kernel.testBinary)\n  provider: activity\n  name: answers\n"
                    + "  selectors:\n  - matchActions:\n    - \(action)\n")
        }

        /// What a step reports.
        private func reported(_ step: Step) throws -> Int {
            let activity = try Activity([step])
            let value = try activity.report()
            #expect(try activity.wait() == .exited(0))
            return value
        }

        /// The policy is refused at the line of its action, with the reason.
        private func expectRefusal(
            _ text: String, line: Int, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
        ) throws {
            let refusal = try #require(try live.refusal([text]), sourceLocation: sourceLocation)
            #expect(refusal.faults.map { Int($0.place.line) } == [line], sourceLocation: sourceLocation)
            #expect(refusal.reason.contains(words), sourceLocation: sourceLocation)
            #expect(
                refusal.reason.contains("Sigkill at the same place ends the process before the code goes on"),
                sourceLocation: sourceLocation)
        }

        /// True where programs are written to; else a policy that asks for it is refused.
        private func writes(_ text: String, line: Int) throws -> Bool {
            if KernelProbe.writesIntoPrograms { return true }
            try expectRefusal(text, line: line, "Set in a program: this kernel does not let programs write")
            return false
        }

        /// The same of registers.
        private func changes(_ text: String, line: Int, _ action: String = "Override") throws -> Bool {
            if KernelProbe.changesRegisters { return true }
            try expectRefusal(
                text, line: line, "\(action) in a program: registers can be changed from Linux 6.18")
            return false
        }

        // MARK: Set

        @Test("Set writes to where an argument leads, and the event says so")
        func pointed() throws {
            let text = uprobe("activity_answer", "{action: Set, argIndex: 0, argValue: 42}")
            guard try writes(text, line: 11) else { return }
            defer { _ = try? live.run([]) }
            #expect(try reported(Step("answer")) == 1)
            let reports = try live.run([text])

            #expect(try reported(Step("answer")) == 42)
            let story = try live.agent.run(Step("answer"))

            let event = try #require(story.events.first { $0.kind == "process_uprobe" }).body
            #expect(event["action"].text == "KPROBE_ACTION_SET")
            #expect(event["verdict"].text == "changed")
            #expect(reports[0].hooks.map(\.mechanism) == ["uprobe/write"])
            #expect(live.counts()[1]?.sets == 2 && live.counts()[1]?.posts == 2)
        }

        @Test("Set writes an argument of a USDT probe where it stands, and else to where it leads")
        func probe() throws {
            let text = usdt("{action: Set, argIndex: 0, argValue: 77}")
            guard try writes(text, line: 12) else { return }
            defer { _ = try? live.run([]) }
            #expect(try reported(Step("answers")) == 2001)

            try live.run([text])
            #expect(try reported(Step("answers")) == 2077)
            try live.run([usdt("{action: Set, argIndex: 1, argValue: 5}")])
            #expect(try reported(Step("answers")) == 5001)
            let both =
                "{action: Set, argIndex: 0, argValue: 6}\n    - {action: Set, argIndex: 1, argValue: 7}"
            try live.run([usdt(both)])
            #expect(try reported(Step("answers")) == 7006)
        }

        @Test("an argument in a register of the program is refused, whatever the kernel lets be written")
        func probeRegister() throws {
            let errors = live.errors(usdt("{action: Set, argIndex: 2, argValue: 5}"))

            #expect(errors.map(\.line) == [12])
            #expect(
                errors.first?.message.contains(
                    "is a number in a register, of which the program may have a copy")
                    == true)
        }

        @Test("Set of what leads nowhere changes nothing, and the event says that it failed")
        func nowhere() throws {
            let text = uprobe("activity_number", "{action: Set, argIndex: 0, argValue: 42}")
            guard try writes(text, line: 11) else { return }
            defer { _ = try? live.run([]) }
            try live.run([text])

            let story = try live.agent.run(Step("number", 8))

            let event = try #require(story.events.first { $0.kind == "process_uprobe" }).body
            #expect(story.status == .exited(0))
            #expect(event["signal_failed"].bool == true && event["verdict"].text == "none")
        }

        @Test("a policy that monitors changes nothing, and counts what it would have done")
        func monitors() throws {
            let text = uprobe("activity_answer", "{action: Set, argIndex: 0, argValue: 42}")
                .replacing("spec:\n", with: "spec:\n  options: [{name: policy-mode, value: monitor}]\n")
            guard try writes(text, line: 12) else { return }
            defer { _ = try? live.run([]) }
            try live.run([text])

            let story = try live.agent.run(Step("answer"))

            let event = try #require(story.events.first { $0.kind == "process_uprobe" }).body
            #expect(event["would_be"].text == "changed" && event["verdict"].text == "none")
            #expect(try reported(Step("answer")) == 1)
            #expect(live.counts()[1]?.monitoredSets == 2 && live.counts()[1]?.sets == 0)
        }

        @Test("a policy that only looks is another hook of the same place, and is told, too")
        func beside() throws {
            let text = uprobe("activity_answer", "{action: Set, argIndex: 0, argValue: 42}")
            guard try writes(text, line: 11) else { return }
            defer { _ = try? live.run([]) }
            let watching = PolicySample.policy(
                "watches", "uprobes:\n- path: \(Kernel.testBinary)\n  symbols: [activity_answer]\n")
            let reports = try live.run([text, watching])

            let story = try live.agent.run(Step("answer"))

            #expect(reports.map { $0.hooks.map(\.mechanism) } == [["uprobe/write"], ["uprobe"]])
            #expect(
                Set(story.events.filter { $0.kind == "process_uprobe" }.map { $0.body["policy_name"].text })
                    == ["changes", "watches"])
        }

        // MARK: Registers

        @Test("Set of a number that a call passes changes its register")
        func number() throws {
            let text = uprobe(
                "activity_number", "{action: Set, argIndex: 0, argValue: 42}",
                "  args: [{index: 0, type: int}]\n")
            guard try changes(text, line: 12, "Set") else { return }
            defer { _ = try? live.run([]) }
            #expect(try reported(Step("number", 8)) == 8)
            try live.run([text])

            #expect(try reported(Step("number", 8)) == 42)
            #expect(live.counts()[1]?.sets == 1)
        }

        @Test("Override returns from a function at once, goes on in another, or with other registers")
        func override() throws {
            let cases = [
                ("{action: Override, argRegs: [\"rax=11\", \"rip=(%rsp)\", \"rsp=8%rsp\"]}", 11),
                ("{action: Override, argError: 7}", 7),
                ("{action: Override, argNewSymbol: activity_other}", 1008),
                ("{action: Override, argRegs: [\"rdi=5%rdi\"]}", 13),
                // What cannot be read leaves all registers as they are.
                ("{action: Override, argRegs: [\"rdi=99\", \"rsi=(%rdi)\"]}", 8),
            ]
            defer { _ = try? live.run([]) }
            for (action, expected) in cases {
                let text = uprobe("activity_number", action)
                guard try changes(text, line: 11) else { continue }
                let reports = try live.run([text])

                #expect(try reported(Step("number", 8)) == expected, "\(action)")
                #expect(reports[0].hooks.map(\.mechanism) == ["uprobe/change"])
                let story = try live.agent.run(Step("number", 8))
                let event = try #require(story.events.first { $0.kind == "process_uprobe" }).body
                #expect(event["action"].text == "KPROBE_ACTION_OVERRIDE")
                #expect(event["verdict"].text == (expected == 8 ? "none" : "changed"))
                #expect(live.counts()[1]?.overrides == 2)
            }
        }

        @Test("a stack that begins elsewhere is refused where another policy waits for the return")
        func stack() throws {
            // Refused before anything is loaded, so on every kernel.
            let policies = try DirectPolicies(facts: { $0.registerObstacle = nil })
            let returning = PolicySample.policy(
                "returns",
                "uprobes:\n- path: \(Kernel.testBinary)\n  symbols: [activity_number]\n  return: true\n"
                    + "  returnArg: {index: 0, type: int64}\n")
            let text = uprobe("activity_number", "{action: Override, argError: 7}")

            let refusal = try #require(try policies.run([text, returning]))

            #expect(refusal.reason.contains("one policy changes rsp there (Override), and another waits"))
            // One of the two is to blame.
            #expect(refusal.faults.count == 1)
        }

        @Test("each of the two is refused with its own reason where the kernel does not allow it")
        func obstacles() throws {
            let policies = try DirectPolicies(facts: {
                $0.memoryObstacle = "no memory"
                $0.registerObstacle = "no registers"
            })
            let pointed = uprobe("activity_answer", "{action: Set, argIndex: 0, argValue: 1}")
            let number = uprobe(
                "activity_number", "{action: Set, argIndex: 0, argValue: 1}",
                "  args: [{index: 0, type: int}]\n")
            let override = uprobe("activity_number", "{action: Override, argNewSymbol: activity_other}")

            for (text, line, words) in [
                (pointed, 11, "Set in a program: no memory;"),
                (number, 12, "Set in a program: no registers;"),
                (override, 11, "Override in a program: no registers;"),
            ] {
                let refusal = try #require(try policies.run([text]))
                #expect(refusal.faults.map { Int($0.place.line) } == [line])
                #expect(refusal.reason.contains(words))
            }
        }

        @Test("degraded: true only observes where the kernel lets nobody change a program")
        func degraded() throws {
            defer { _ = try? live.run([]) }
            let text = uprobe("activity_number", "{action: Override, argError: 7}")
                .replacing("spec:\n", with: "spec:\n  degraded: true\n")
            let reports = try live.run([text])

            #expect(try reported(Step("number", 8)) == (KernelProbe.changesRegisters ? 7 : 8))
            #expect(reports[0].hooks.map(\.isDegraded) == [!KernelProbe.changesRegisters])
        }
    }
}
