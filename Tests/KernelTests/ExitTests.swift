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

        @Test("CPU time holds the threads that ended: four threads burn 50 ms each by their own clocks")
        func cpuOfThreads() throws {
            let story = try agent.run(Step("burn", 50, 4))

            let used = try story.exit().body["process_usage"]["cpu_ns"].number
            #expect(try story.exit().body["threads"].number == 5)
            #expect(used >= 4 * 50_000_000)
            #expect(used <= Self.waited(story))
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
            "CPU time is at least what the process itself saw at its end, at most what wait(2) tells",
            arguments: [1, 10, 100])
        func cpu(_ milliseconds: Int) throws {
            let story = try agent.run(Step("burn", milliseconds, 0), Step("cpu-time"))

            let used = try story.exit().body["process_usage"]["cpu_ns"].number
            let seen = try story.activity.report()
            #expect(seen >= milliseconds * 1_000_000)
            #expect(used >= seen)
            #expect(used <= Self.waited(story))
        }

        /// The kernel adds a running thread's time up at ticks and switches, so a program that asks for no time
        /// may lack one tick; wait(2) counts the work of ending as well. Neither has a bound on a machine that
        /// its host makes wait, so the best of ten is looked at: what lacks more as a rule, lacks it there, too.
        @Test("CPU time of a program lacks a tick at most, also where it ends before the kernel's next one")
        func programCPU() throws {
            let longestTick = Int(10_000_000 / min(1, Kernel.scale))
            let program = "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); done"
            var lacking = Int.max
            for _ in 0..<10 {
                let story = try agent.run(.exec("/bin/sh", ["sh", "-c", program]))
                let used = try story.exit().body["process_usage"]["cpu_ns"].number
                #expect(used <= Self.waited(story))
                lacking = min(lacking, Self.waited(story) - used)
            }
            #expect(lacking <= longestTick)
        }

        /// What wait(2) tells: two times of which the part below a microsecond is cut off.
        private static func waited(_ story: Story) -> Int { story.activity.cpuNanoseconds + 2000 }

        @Test("what was used before exec counts for the process, not for the image")
        func sinceExec() throws {
            let file = folder / "out"
            let story = try agent.run(
                Step("burn", 60, 2), Step("write", file, 1 << 20), Step("touch", 48), .exec("/bin/true"))

            let exit = try story.exit()
            let (image, process) = (exit.body["usage"], exit.body["process_usage"])
            #expect(process["cpu_ns"].number - image["cpu_ns"].number >= 2 * 60_000_000)
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
            #expect(process["cpu_ns"].number - image["cpu_ns"].number >= 2 * 60_000_000)
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
