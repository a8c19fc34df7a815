import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Policies that meet at one system call and need different ends of it.
    @Suite("sides of a call", .serialized) struct PolicySideTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// Kills who opens something below a path.
        private func kills(below path: String) -> String {
            PolicySample.opens("kills", below: path)
                .replacing("spec:\n", with: "spec:\n  degraded: true\n")
                .replacing(
                    "values: [\"\(path)\"]",
                    with: "values: [\"\(path)\"]\n      matchActions:\n      - action: Sigkill")
        }

        /// All opens of a process, and what they return where it is asked for.
        private func opens(_ name: String, of pid: Int, returns: Bool) -> String {
            PolicySample.policy(
                name,
                """
                kprobes:
                - call: sys_openat
                  syscall: true
                  return: \(returns)
                \(returns ? "  returnArg: {index: 0, type: int}" : "  message: \"without return\"")
                  args:
                  - {index: 2, type: int}
                  selectors:
                  - matchPIDs:
                    - {operator: In, values: [\(pid)]}
                """)
        }

        @Test("who only looks is at the return of a call, though another policy kills at its begin")
        func sides() throws {
            let reports = try live.run([
                PolicySample.opens("looks", below: folder.path), kills(below: folder / "bad"),
            ])
            defer { _ = try? live.run([]) }

            let good = try live.agent.run(.openat(Call.here, .path(folder / "good"), O_RDONLY).fails(ENOENT))
            let bad = try live.agent.run(.openat(Call.here, .path(folder / "bad"), O_RDONLY).fails(ENOENT))

            #expect(
                reports.map { $0.hooks.map(\.mechanism) } == [["tp_btf/sys_exit"], ["tp_btf/sys_enter"]])
            #expect(live.events(good).map { $0.body["policy_name"].text } == ["looks"])
            #expect(bad.status == .killed(signal: SIGKILL, core: false))
            #expect(Set(live.events(bad).map { $0.body["policy_name"].text }) == ["looks", "kills"])
            #expect(live.events(bad).count == 2)
        }

        @Test("names in memory that is not there yet are read all the same, beside a policy that kills")
        func coldNames() throws {
            let name = folder / "cold"
            let file = try folder.script("names", name)
            try live.run([PolicySample.opens("looks", below: folder.path), kills(below: "/nowhere")])
            defer { _ = try? live.run([]) }
            let count = Kernel.scaled(50)
            let cold: [Step] = [
                // PROT_READ, MAP_PRIVATE | MAP_FIXED: a mapping that was not touched.
                .call(9, .number(Call.mapping), 4096, 1, 0x12, .number(Call.first), 0),
                .call(257, .number(Call.here), .number(Call.mapping), 0).fails(ENOENT),
            ]

            let story = try live.agent.run(
                steps: [.openat(Call.here, .path(file), O_RDONLY)] + (0..<count).flatMap { _ in cold })

            let names = live.events(story).map { $0.body["args"][1]["string_arg"].text }
            #expect(names == [file] + [String](repeating: name, count: count))
        }

        @Test("who opens by a name in memory that is not there yet is killed all the same, without noise")
        func coldKill() throws {
            let file = try folder.script("names", folder / "bad")
            let reports = try live.run([kills(below: folder / "bad")])
            defer { _ = try? live.run([]) }

            let harmless = try live.agent.run(.exec("/bin/true"))
            let story = try live.agent.run(
                .openat(Call.here, .path(file), O_RDONLY),
                .call(9, .number(Call.mapping), 4096, 1, 0x12, .number(Call.first), 0),
                .call(257, .number(Call.here), .number(Call.mapping), 0).fails(ENOENT))

            #expect(story.status == .killed(signal: SIGKILL, core: false))
            #expect(live.events(harmless).isEmpty)
            #expect(live.events(story).map { $0.body["verdict"].text } == ["killed"])
            #expect(live.events(story).map { $0.body["args"][1]["string_arg"].text } == [folder / "bad"])
            #expect(reports[0].hooks.map(\.effect) == [.killBeforeReturn])
        }

        @Test("policies that wait for the return come and go: the others tell each call once")
        func flips() throws {
            let rounds = 6
            let count = Kernel.scaled(500)
            let activity = try Activity(
                (0..<rounds).flatMap { _ in [.wait, Step("open-often", folder / "a", count)] })
            let looks = opens("looks", of: activity.pid, returns: false)
            let waits = opens("waits", of: activity.pid, returns: true)
            try live.run([looks])
            defer { _ = try? live.run([]) }
            let mark = live.agent.capture.count

            for round in 0..<rounds {
                activity.release()
                try live.run(round % 2 == 0 ? [looks, waits] : [looks])
            }
            #expect(try activity.wait() == .exited(0))
            _ = try live.agent.expect("process_exit", of: activity.pid, from: mark)

            let events = live.agent.capture.events(of: activity.pid, from: mark).filter {
                $0.kind == "process_kprobe"
            }
            #expect(events.filter { $0.body["policy_name"].text == "looks" }.count == rounds * count)
            // What waits is told at its return, once.
            let waiting = events.filter { $0.body["policy_name"].text == "waits" }
            #expect(waiting.count <= rounds * count)
            #expect(waiting.allSatisfy { $0.body["return"]["int_arg"].int == Int(-ENOENT) })
        }

        @Test("a policy that waits tells each call once, with what it returned")
        func waits() throws {
            let activity = try Activity([.wait, Step("open-often", folder / "a", 20)])
            let mark = live.agent.capture.count
            try live.run([opens("waits", of: activity.pid, returns: true)])
            defer { _ = try? live.run([]) }

            activity.release()
            #expect(try activity.wait() == .exited(0))
            _ = try live.agent.expect("process_exit", of: activity.pid, from: mark)

            let events = live.agent.capture.events(of: activity.pid, from: mark).filter {
                $0.kind == "process_kprobe"
            }
            #expect(events.map { $0.body["return"]["int_arg"].int } == [Int?](repeating: -2, count: 20))
        }
    }
}
