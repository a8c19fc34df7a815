import AgentCore
import AgentModel
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("exit") struct ExitTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()

        @Test("the exit code", arguments: [0, 3, 255])
        func code(_ code: Int) throws {
            let exit = try agent.run(.exec("/bin/sh", ["sh", "-c", "exit \(code)"])).exit()

            #expect(exit.body["status"].number == code)
            #expect(!exit.body["signal"].isPresent)
        }

        @Test("the signal", arguments: [("SIGKILL", SIGKILL), ("SIGSEGV", SIGSEGV), ("SIGTERM", SIGTERM)])
        func signal(_ name: String, _ number: Int32) throws {
            let story = try agent.run(Step("core-limit", 0), Step("kill", number))

            #expect(try story.exit().body["signal"].string == name)
            #expect(try story.exit().body["status"].number == 0)
            #expect(!(try story.exit().body["core_dumped"].bool))
        }

        @Test("a core, where this machine writes one")
        func core() throws {
            let story = try agent.run(
                Step("chdir", folder.path), Step("core-limit", 1 << 30), Step("kill", SIGABRT))

            guard case .killed(SIGABRT, let core) = story.status else {
                Issue.record("ended with \(story.status)")
                return
            }
            #expect(try story.exit().body["signal"].string == "SIGABRT")
            #expect(try story.exit().body["core_dumped"].bool == core)
        }

        @Test("a process that never execs ends as its parent's program")
        func forkOnly() throws {
            let story = try agent.run(.exit(4))

            #expect(story.kinds == ["process_fork", "process_exit"])
            #expect(try story.exit().process["binary"].string == Kernel.testBinary)
            #expect(try story.exit().body["status"].number == 4)
            #expect(try story.exit().execID == story.only("process_fork").execID)
        }

        @Test("the first thread ends before the others: one exit, at the end")
        func leaderLeaves() throws {
            let story = try agent.run(Step("leader-leaves", 9))

            #expect(story.status == .exited(9))
            let exit = try story.exit()
            #expect(exit.body["status"].number == 9)
            #expect(exit.body["threads"].number == 2)
            #expect(exit.body["duration_ns"].number >= 50_000_000)
        }

        @Test(
            "CPU time holds the threads that ended: four threads burn 100 ms each, more where ticks are long")
        func cpuOfThreads() throws {
            let milliseconds = Self.stretched(100)
            let story = try agent.run(Step("burn", milliseconds, 4))

            let used = try story.exit().body["process_usage"]["cpu_ns"].number
            #expect(try story.exit().body["threads"].number == 5)
            #expect(used >= 4 * milliseconds * 1_000_000 - 4_000_000)
            expectAgreement(used, story, threads: 5)
        }

        @Test("threads that exit_group ends all at once: the process ends with the last, each is counted")
        func killedThreads() throws {
            for round in 0..<Kernel.scaled(20) {
                let story = try agent.run(Step("threads-killed", 30, round))

                #expect(try story.exit().body["threads"].number == 31)
                #expect(try story.exit().body["status"].number == round)
            }
        }

        @Test(
            "CPU time agrees with wait(2), up to the tick at which the kernel last counted",
            arguments: [1, 10, stretched(300)])
        func cpu(_ milliseconds: Int) throws {
            let story = try agent.run(Step("burn", milliseconds, 0))

            let used = try story.exit().body["process_usage"]["cpu_ns"].number
            #expect(used >= milliseconds * 1_000_000)
            expectAgreement(used, story, isLong: milliseconds > 10)
        }

        @Test(
            "CPU time of a program: of one that ends before the kernel's next tick, and of a long one",
            arguments: [5000, 150_000])
        func programCPU(_ rounds: Int) throws {
            let story = try agent.run(
                .exec("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt \(rounds) ]; do i=$((i+1)); done"]))

            let used = try story.exit().body["process_usage"]["cpu_ns"].number
            expectAgreement(used, story, isLong: rounds > 5000)
        }

        /// A time that is as much longer on an emulated machine as its processes take there.
        private static func stretched(_ time: Int) -> Int {
            Int(Double(time) / min(1, Kernel.scale))
        }

        /// A running thread's time is added up at ticks (4 ms) and switches, so each thread may lack one
        /// tick; wait(2) counts the work of ending as well, which is long for the test's own big image.
        ///
        /// - Parameter isLong: it ran so long that this is at most a fifth of it.
        private func expectAgreement(
            _ used: Int, _ story: Story, threads: Int = 1, isLong: Bool = true,
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let waited = story.activity.cpuNanoseconds
            let slack = Self.stretched(threads * 4_000_000 + 26_000_000)
            #expect(used <= waited + 1_000_000, sourceLocation: sourceLocation)
            #expect(used >= waited - slack, sourceLocation: sourceLocation)
            if isLong { #expect(waited >= 5 * slack, sourceLocation: sourceLocation) }
        }

        @Test("what was used before exec counts for the process, not for the image")
        func sinceExec() throws {
            let file = folder / "out"
            let story = try agent.run(
                Step("burn", 60, 2), Step("write", file, 1 << 20), Step("touch", 48), .exec("/bin/true"))

            let exit = try story.exit()
            let (image, process) = (exit.body["usage"], exit.body["process_usage"])
            #expect(process["cpu_ns"].number - image["cpu_ns"].number >= 116_000_000)
            #expect(process["write_chars"].number >= 1 << 20)
            #expect(image["write_chars"].number == 0)
            #expect(process["rss_bytes"].number >= 48 << 20)
            if image["rss_bytes"].isPresent {
                #expect(image["rss_bytes"].number < 16 << 20)
            }
            #expect(exit.body["process_duration_ns"].number >= exit.body["duration_ns"].number + 60_000_000)
        }

        @Test("reading and writing are parted at exec, also by another thread, to the byte")
        func writingOverThreads() throws {
            let (before, after) = (folder / "before", folder / "after")
            let dd = ["dd", "if=/dev/zero", "of=\(after)", "bs=65536", "count=8", "status=none"]
            let whole = try agent.run(.exec("/bin/dd", dd)).exit()
            let story = try agent.run(
                Step("burn", 1, 3), Step("write", before, 1 << 20), .exec(by: "exec-thread", "/bin/dd", dd))

            let (image, process) = (
                try story.exit().body["usage"], try story.exit().body["process_usage"]
            )
            #expect(image["write_chars"].number == whole.body["usage"]["write_chars"].number)
            #expect(image["read_chars"].number == whole.body["usage"]["read_chars"].number)
            #expect(image["write_chars"].number >= 8 * 65536)
            #expect(process["write_chars"].number == image["write_chars"].number + (1 << 20))
        }

        @Test("an exec from another thread loses nothing of what was used")
        func sinceForkOverThreads() throws {
            let story = try agent.run(
                Step("burn", 60, 2), Step("touch", 8), .exec(by: "exec-thread", "/bin/true"))

            let exit = try story.exit()
            let (image, process) = (exit.body["usage"], exit.body["process_usage"])
            #expect(process["cpu_ns"].number - image["cpu_ns"].number >= 116_000_000)
            let threads = exit.body["threads"].number
            #expect(threads == 4)
        }

        @Test("writing and memory of the image itself")
        func writing() throws {
            let file = folder / "out"
            let story = try agent.run(
                .exec(
                    "/bin/dd", ["dd", "if=/dev/zero", "of=\(file)", "bs=1048576", "count=3", "status=none"]))

            let usage = try story.exit().body["usage"]
            #expect(usage["write_chars"].number >= 3 << 20 && usage["write_chars"].number < 4 << 20)
            #expect(usage["read_chars"].number >= 3 << 20)
            // dd's buffer alone is 1 MiB.
            #expect(try story.exit().body["process_usage"]["rss_bytes"].number >= 1 << 20)
        }

        @Test("every process of many gives one exec and one exit, from two threads at once")
        func many() throws {
            let count = Kernel.scaled(150)
            let mark = agent.capture.count
            let both = try (0..<2).map { _ in try Activity([Step("many-exec", count, "/bin/true", "true")]) }
            for activity in both { #expect(try activity.wait() == .exited(0)) }
            try agent.settle()

            for activity in both {
                let exit = try agent.expect("process_exit", of: activity.pid, from: mark)
                let children = Dictionary(grouping: try agent.children(of: exit.execID)) { $0.pid }
                #expect(children.count == count)
                for (_, events) in children {
                    #expect(events.map(\.kind) == ["process_fork", "process_exec", "process_exit"])
                    #expect(events.last?.execID == events[1].execID)
                    #expect(events.last?.process["binary"].string == Kernel.resolved("/bin/true"))
                }
            }
        }
    }
}
