import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    @Suite("policies", .serialized) struct PolicyTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        private func opens(_ count: Int, of name: String = "a") -> [Step] {
            (0..<count).flatMap { _ -> [Step] in
                [.openat(Call.here, .path(folder / name), O_RDONLY).fails(ENOENT)]
            }
        }

        @Test("opens below a path give an event each, with policy and arguments; others give none")
        func observes() throws {
            try live.run([PolicySample.opens("opens", below: folder.path)])

            let story = try live.agent.run(
                steps: opens(7) + [.openat(Call.here, "/dev/null", O_RDONLY)] + opens(3, of: "b"))

            let events = live.events(story)
            #expect(
                events.map { $0.body["args"][1]["string_arg"].text } == [String](
                    repeating: folder / "a", count: 7) + [String](repeating: folder / "b", count: 3))
            #expect(events.allSatisfy { $0.body["policy_name"].text == "opens" })
            #expect(events.allSatisfy { $0.body["function_name"].text == "__x64_sys_openat" })
            #expect(events.allSatisfy { $0.body["args"][0]["int_arg"].int == Call.here })
            #expect(live.counts()[1]?.posts == 10)
        }

        @Test("who writes to a file is killed, and nothing is written")
        func kills() throws {
            let reports = try live.run([PolicySample.killsWriters(folder / "kept")])
            let path = folder / "kept"

            let victim = try live.agent.run(
                .open(.path(path), O_CREAT | O_WRONLY), .call(1, .number(Call.first), "secret", 6))
            let other = try live.agent.run(
                .open(.path(folder / "other"), O_CREAT | O_WRONLY), .call(1, .number(Call.first), "secret", 6)
            )

            #expect(victim.activity.pid > 0 && victim.status == .killed(signal: SIGKILL, core: false))
            #expect(other.status == .exited(0))
            #expect(Kernel.readText(path).isEmpty)
            #expect(Kernel.readText(folder / "other") == "secret")
            let event = try victim.only("process_kprobe")
            #expect(event.body["action"].text == "KPROBE_ACTION_SIGKILL")
            #expect(event.body["verdict"].text == "killed")
            #expect(event.body["args"][0]["file_arg"]["path"].text == path)
            #expect(live.counts()[1]?.signals == 1)
            #expect(reports[0].hooks.map(\.effect) == [.killBeforeReturn])
        }

        @Test(
            "connects to an address are refused, others are not",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func denies() throws {
            let reports = try live.run([PolicySample.deniesConnects("127.0.0.9/32")])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.9,1").fails(EPERM),
                .connect(0, "4,127.0.0.8,1").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(event.body["verdict"].text == "denied")
            #expect(live.counts()[1]?.overrides == 1)
            #expect(reports[0].hooks.map(\.effect) == [.prevent])
        }

        @Test("calls that do not exist are skipped where the entry says so, and the report tells")
        func skips() throws {
            let text = PolicySample.hook(
                "skips", "sys_umask", [(0, "int")],
                selector: "matchArgs: [{index: 0, operator: Equal, values: [421]}]")
            let missing =
                "  - call: secd_no_such_function\n    syscall: false\n    ignore: {callNotFound: true}\n"

            let report = try #require(try live.run([text + missing]).first)
            let story = try live.agent.run(.umask(421))

            #expect(report.hooks.map(\.state) == [.loaded, .callNotFound])
            #expect(report.hooks.map(\.point.name) == ["sys_umask", "secd_no_such_function"])
            #expect(live.events(story).count == 1)
        }

        @Test("in mode monitor nothing is done, and the event says what would have been")
        func monitors() throws {
            let text = PolicySample.killsWriters(folder / "kept").replacing(
                "  kprobes:", with: "  options:\n  - name: policy-mode\n    value: monitor\n  kprobes:")
            try live.run([text])

            let story = try live.agent.run(
                .open(.path(folder / "kept"), O_CREAT | O_WRONLY), .call(1, .number(Call.first), "x", 1))

            #expect(story.status == .exited(0))
            #expect(Kernel.readText(folder / "kept") == "x")
            #expect(try story.only("process_kprobe").body["would_be"].text == "killed")
            #expect(live.counts()[1]?.monitoredSignals == 1)
        }

        @Test("generations that change under load lose nothing and tell nothing twice")
        func flips() throws {
            let rounds = 6
            let count = Kernel.scaled(2000)
            let text = PolicySample.opens("opens", below: folder.path)
            try live.run([text])
            let mark = live.agent.capture.count
            let activity = try Activity(
                (0..<rounds).flatMap { _ in [.wait, Step("open-often", folder / "a", count)] })

            for round in 0..<rounds {
                activity.release()
                try live.run(
                    round % 2 == 1
                        ? [text] : [text, PolicySample.opens("others", below: "/nowhere/\(round)")])
            }
            #expect(try activity.wait() == .exited(0))
            _ = try live.agent.expect("process_exit", of: activity.pid, from: mark)

            let events = live.agent.capture.events(of: activity.pid, from: mark).filter {
                $0.kind == "process_kprobe"
            }
            #expect(events.count == rounds * count)
            #expect(live.counts()[1]?.posts == UInt64(rounds * count))
        }

        @Test("a thousand policies: the one that is meant tells, with all of them loaded")
        func thousand() throws {
            let others = (0..<999).map { PolicySample.opens("other-\($0)", below: "/nowhere/\($0)/") }
            let reports = try live.run(others + [PolicySample.opens("meant", below: folder.path)])

            let story = try live.agent.run(steps: opens(5))

            #expect(reports.count == 1000)
            #expect(
                live.events(story).map { $0.body["policy_name"].text }
                    == [String](repeating: "meant", count: 5))
            #expect(live.counts()[1000]?.posts == 5)
            // Issue 3: at most 4 kB a generation.
            #expect(reports.allSatisfy { $0.kernelBytes <= 4096 })
        }

        @Test("a thousand policies that all match give one event with all of them")
        func everyone() throws {
            try live.run((0..<1000).map { PolicySample.opens("p\($0)", below: folder.path) })

            let story = try live.agent.run(steps: opens(2))

            let events = live.events(story)
            #expect(events.count == 2)
            #expect(events.map { $0.body["policies"].array.count } == [1000, 1000])
            #expect(live.counts().values.filter { $0.posts == 2 }.count == 1000)
        }

        @Test("what this kernel cannot do is refused at its line, and what ran before goes on")
        func refuses() throws {
            try live.run([PolicySample.opens("opens", below: folder.path)])
            let text = PolicySample.policy(
                "denies",
                """
                kprobes:
                - call: sys_lseek
                  syscall: true
                  args:
                  - index: 2
                    type: int
                  selectors:
                  - matchActions:
                    - action: Override
                      argError: -1
                """)

            let refusal = try #require(try live.refusal([text]))

            #expect(refusal.faults.map(\.place.line) == [14])
            #expect(refusal.faults[0].reason.contains("cannot refuse the call"))
            #expect(live.events(try live.agent.run(steps: opens(2))).count == 2)
        }

        @Test("names that a program passes are no ground for killing it, unless its policy accepts that")
        func namesAreWeak() throws {
            let text = PolicySample.opens("kills", below: folder.path)
                .replacing(
                    "values: [\"\(folder.path)\"]",
                    with: "values: [\"\(folder.path)\"]\n      matchActions:\n      - action: Sigkill")

            let refusal = try #require(try live.refusal([text]))
            let degraded = try live.run([text.replacing("spec:\n", with: "spec:\n  degraded: true\n")])

            #expect(refusal.faults.count == 1)
            #expect(degraded[0].hooks.map(\.isDegraded) == [true])
            #expect(
                try live.agent.run(steps: opens(1)).status == .killed(signal: SIGKILL, core: false))
        }

        @Test("calls of the daemon itself are left alone, the same calls of others are not")
        func spares() throws {
            try live.run([PolicySample.opens("opens", below: folder.path)])
            let mark = live.agent.capture.count

            #expect(unsafe open(folder / "a", O_RDONLY) == -1)
            let story = try live.agent.run(steps: opens(1))

            #expect(live.events(story).count == 1)
            let own = live.agent.capture.events(of: Int(getpid()), from: mark)
            #expect(own.filter { $0.kind == "process_kprobe" }.isEmpty)
            #expect(live.counts()[1]?.posts == 1)
        }

        @Test("without policies nothing is told")
        func nothing() throws {
            try live.run([PolicySample.opens("opens", below: folder.path)])
            try live.run([])

            #expect(live.events(try live.agent.run(steps: opens(3))).isEmpty)
        }

        /// Without a counter of its own a selector would not be counted, and share its rate limit with others.
        @Test(
            "selectors that find no counter are refused, those that came last",
            .enabled(
                if: Kernel.scale == 1, "9,000 selectors take half a minute here, none of it in the kernel"))
        func counters() throws {
            try live.run([])
            let calls = [
                "umask", "close", "dup", "fsync", "fdatasync", "fchdir", "flock", "getpgid", "getsid",
            ]
            let selectors = (0..<1000).map { "matchArgs: [{index: 0, operator: Equal, values: [\"\($0)\"]}]" }
            let texts = calls.map { call in
                PolicySample.hook(
                    call, "sys_" + call, [(0, "int")], selector: selectors.joined(separator: "\n  - "))
            }

            let refusal = try #require(try live.refusal(texts))

            #expect(
                refusal.reason
                    == "spec.kprobes[0]: selectors of all policies together: there is room for 8192")
            // The first selector stands in line 11, and 192 of the last policy find room.
            #expect(refusal.faults.map(\.place.line) == [203])
            // What was refused keeps nothing.
            #expect(try live.refusal(Array(texts.dropLast())) == nil)
            try live.run([])
        }
    }
}
