import AgentCore
import Glibc
import LinuxSystem
import PolicyModel
import Testing

extension KernelSuite {
    @Suite("actions of policies", .serialized) struct PolicyActionTests {
        private var live: LivePolicies { .shared }

        /// An argument of umask that nobody else gives.
        private static let met = 0o651

        /// Acts on who calls umask with `met`.
        private func policy(_ name: String, _ actions: String, spec: String = "") -> String {
            PolicySample.policy(
                name,
                """
                \(spec)kprobes:
                - call: sys_umask
                  syscall: true
                  args:
                  - index: 0
                    type: int
                  selectors:
                  - matchArgs:
                    - index: 0
                      operator: Equal
                      values: ["\(Self.met)"]
                    matchActions:
                \(actions.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))
                """)
        }

        /// Ends of processes below a process, as they come.
        private func waitForEnds(_ count: Int, below execID: String, from mark: Int) -> [CapturedEvent] {
            var parents: Set<String> = [execID]
            var found: [CapturedEvent] = []
            _ = live.agent.capture.wait(Kernel.patience, from: mark) { event in
                guard event.kind == "process_exit" else { return false }
                found.append(event)
                // A child may end before its parent does, or after.
                var below = 0
                var grown = true
                while grown {
                    let before = parents.count
                    for end in found where parents.contains(end.process["parent_exec_id"].text) {
                        parents.insert(end.process["exec_id"].text)
                    }
                    grown = parents.count > before
                }
                below = found.filter { parents.contains($0.process["parent_exec_id"].text) }.count
                return below >= count
            }
            return found.filter { parents.contains($0.process["parent_exec_id"].text) }
        }

        @Test("KillTree ends the process and everything below it, and nothing else")
        func killsTree() throws {
            let reports = try live.run([policy("tree", "- action: KillTree")])
            let mark = live.agent.capture.count
            let bystander = try Activity([.wait])

            let victim = try live.agent.run(Step("brood", 20), .umask(Self.met))

            #expect(victim.status == .killed(signal: SIGKILL, core: false))
            let event = try victim.only("process_kprobe")
            #expect(event.body["verdict"].text == "killed")
            let ends = waitForEnds(40, below: event.process["exec_id"].text, from: mark)
            #expect(ends.count == 40)
            #expect(ends.allSatisfy { $0.body["signal"].text == "SIGKILL" })
            bystander.release()
            #expect(try bystander.wait() == .exited(0))
            #expect(live.counts()[1]?.signals == 1)
            #expect(reports[0].hooks[0].blindSpots.contains { $0.contains("descendants") })
        }

        @Test(
            "KillTree is told also where nothing is to be told, and a rate limit beside it holds none back",
            arguments: [
                "- action: NoPost", "- action: Post\n  rateLimit: 1h\n  rateLimitScope: global",
            ])
        func tellsOrders(_ beside: String) throws {
            try live.run([policy("tree", "- action: KillTree\n" + beside)])

            for _ in 0..<2 {
                let mark = live.agent.capture.count
                let victim = try live.agent.run(Step("brood", 1), .umask(Self.met))

                let event = try victim.only("process_kprobe")
                #expect(waitForEnds(2, below: event.process["exec_id"].text, from: mark).count == 2)
            }
            #expect(live.counts()[1]?.signals == 2 && live.counts()[1]?.heldBack == 0)
        }

        @Test(
            "KillContainer ends everything in the container's cgroup, and nothing outside",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func killsContainer() throws {
            let id = String(repeating: "5ecd", count: 16)
            let path = (Kernel.cgroupRoot ?? "") + "/docker-\(id).scope"
            try Activity.run(Step("mkdir", path))
            defer { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", path])) }
            try live.run([policy("container", "- action: KillContainer")])
            let enter = Step("put", path + "/cgroup.procs", "0")
            let inside = try Activity([enter, .report, .wait])
            let outside = try Activity([.report, .wait])
            _ = try (inside.report(), outside.report())

            let victim = try live.agent.run(enter, .umask(Self.met))

            #expect(victim.status == .killed(signal: SIGKILL, core: false))
            #expect(try inside.wait() == .killed(signal: SIGKILL, core: false))
            outside.release()
            #expect(try outside.wait() == .exited(0))
        }

        @Test("a process outside of containers ends alone by KillContainer")
        func killsAlone() throws {
            try live.run([policy("container", "- action: KillContainer")])
            let beside = try Activity([.report, .wait])
            _ = try beside.report()

            let victim = try live.agent.run(.umask(Self.met))

            #expect(victim.status == .killed(signal: SIGKILL, core: false))
            beside.release()
            #expect(try beside.wait() == .exited(0))
        }

        // MARK: Count

        @Test("Count tells how often each value came, exactly, instead of every call")
        func counts() throws {
            let text = PolicySample.policy(
                "masks",
                """
                kprobes:
                - call: sys_umask
                  syscall: true
                  args:
                  - index: 0
                    type: int
                    label: mask
                  selectors:
                  - matchArgs:
                    - index: 0
                      operator: InRange
                      values: ["424:426"]
                    matchActions:
                    - action: Count
                      countBy: [0]
                      interval: 1
                """)
            try live.run([text])
            let mark = live.agent.capture.count

            _ = try live.agent.run(
                steps: (0..<70).flatMap { _ in [Step.umask(424), .umask(425)] } + [.umask(426)])
            // Nothing is counted any more: what was counted is told now.
            try live.run([])

            var counted: [Int: Int] = [:]
            _ = live.agent.capture.wait(Kernel.patience, from: mark) { event in
                guard event.kind == "process_kprobe", event.body["policy_name"].text == "masks" else {
                    return false
                }
                counted[event.body["args"][0]["int_arg"].int ?? 0, default: 0] +=
                    Int(
                        event.body["count"].text) ?? event.body["count"].int ?? 0
                return counted.values.reduce(0, +) >= 141
            }
            #expect(counted == [424: 70, 425: 70, 426: 1])
        }

        // MARK: Stacks

        @Test("stacks of kernel and program have names and modules")
        func stacks() throws {
            try live.run([
                policy("stacks", "- action: Post\n  kernelStackTrace: true\n  userStackTrace: true")
            ])

            /// It stays until its event has been read: names are those of its memory.
            func met() throws -> CapturedEvent {
                let activity = try Activity([.umask(Self.met), .wait])
                let event = try live.agent.expect("process_kprobe", of: activity.pid)
                activity.release()
                #expect(try activity.wait() == .exited(0))
                return event
            }
            // The first does not wait for ever until the functions of a file are read; they are known then.
            var event = try met()
            for _ in 0..<5 where event.body["user_stack_trace"][0]["symbol"].text.isEmpty {
                event = try met()
            }

            let kernel = event.body["kernel_stack_trace"].array.map { $0["symbol"].text }
            #expect(kernel.contains { $0.contains("do_syscall_64") })
            // Where it made the call; further frames need frame pointers, which libraries lack.
            let call = try #require(event.body["user_stack_trace"].array.first)
            #expect(!call["module"].text.isEmpty && !call["symbol"].text.isEmpty)
        }

        // MARK: Shadow

        @Test("a policy that is only monitored kills nobody, and says and counts what it would have done")
        func shadows() throws {
            let monitor = "options:\n- name: policy-mode\n  value: monitor\n"
            try live.run([policy("shadow", "- action: KillTree", spec: monitor)])
            let story = try live.agent.run(.umask(Self.met))

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(event.body["would_be"].text == "killed")
            #expect(event.body["verdict"].text == "none")
            #expect(live.counts()[1]?.monitoredSignals == 1 && live.counts()[1]?.signals == 0)
        }
    }
}
