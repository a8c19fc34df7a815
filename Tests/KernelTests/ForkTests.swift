import Glibc
import Testing

extension KernelSuite {
    @Suite("fork") struct ForkTests {
        let agent = LiveAgent.shared

        @Test("a process that daemonizes keeps its ancestry though the parent is gone")
        func daemonize() throws {
            let activity = try Activity([
                .forkAndLeave, Step("setsid"), .forkAndLeave, .report, .wait, .exec("/bin/true"),
            ])
            let daemon = try activity.report()
            #expect(try activity.wait() == .exited(0))
            let first = try agent.expect("process_exit", of: activity.pid)
            // Longer than an ended image stays without anybody who descends from it.
            try agent.settle()
            usleep(400_000)
            activity.release()

            let exec = try agent.expect("process_exec", of: daemon)
            let middle = exec.parent["pid"].number
            #expect(exec.ancestors.first?["exec_id"].text == first.execID)
            #expect(exec.ancestors.dropFirst().first?["pid"].int == Int(getpid()))
            #expect(exec.ancestors.last?["pid"].int == 1)
            _ = try agent.expect("process_exit", of: middle)
            _ = try agent.expect("process_exit", of: daemon)
        }

        @Test("the parent is the image that forked, not the one it becomes later")
        func parentImage() throws {
            let story = try agent.run(.exec("/bin/sh", ["sh", "-c", "/bin/true & exec /bin/sleep 0.1"]))

            let shell = try #require(story.execs.first)
            #expect(story.execs.count == 2)
            let children = try agent.children(of: shell.execID)
            #expect(children.map(\.kind) == ["process_fork", "process_exec", "process_exit"])
            #expect(children[1].parent["binary"].string == Kernel.resolved("/bin/sh"))
        }

        @Test(
            "the same pid twice: two identities",
            .enabled(
                if: Kernel.isWritable("/proc/sys/kernel/ns_last_pid"),
                "the kernel does not let pids be chosen"))
        func pidReuse() throws {
            let first = try agent.run(.exec("/bin/true"))
            // Afterwards the pids of the tests before must not come again.
            defer { _ = try? Activity.run(Step("put", "/proc/sys/kernel/ns_last_pid", first.pid + 200)) }
            for _ in 0..<200 {
                try Activity.run(Step("put", "/proc/sys/kernel/ns_last_pid", first.pid - 1))
                let mark = agent.capture.count
                let second = try Activity([.exec("/bin/true")])
                try second.wait()
                guard second.pid == first.pid else { continue }
                let exit = try agent.expect("process_exit", of: second.pid, from: mark)
                let events = agent.capture.events(of: second.pid).suffix(3)
                #expect(events.map(\.kind) == ["process_fork", "process_exec", "process_exit"])
                #expect(exit.execID != (try first.exit().execID))
                return
            }
            Issue.record("other processes were quicker, two hundred times")
        }

        /// The records of processes lie in a table of that many (bpf/lib/slot.h), by number.
        private let beside = Step("fork-beside", 16_384)

        /// A child with a socket becomes another program from its second thread, and ends.
        private func life(_ fork: Step) throws -> (child: Int, parent: Story, events: [CapturedEvent]) {
            let mark = agent.capture.count
            let story = try agent.run(
                fork, .report, .socket(0, Net.inet, Net.stream), .exec(by: "exec-thread", "/bin/true"))
            let child = try story.activity.report()
            _ = try agent.expect("socket_close", of: child, from: mark)
            return (child, story, agent.capture.events(of: child, from: mark))
        }

        @Test("two processes whose numbers share a slot: each has its own record, to its last close")
        func sharedSlot() throws {
            let usual = try life(.fork)
            let other = try life(beside)

            #expect((other.child - other.parent.pid) % 16_384 == 0)
            #expect(
                other.events.map(\.kind) == [
                    "process_fork", "socket_create", "process_exec", "process_exit", "socket_close",
                ])
            try #require(other.events.map(\.kind) == usual.events.map(\.kind))
            for (child, story, events) in [usual, other] {
                #expect(events[0].parent["pid"].int == story.pid)
                #expect(events[2].parent["pid"].int == story.pid)
                #expect(events[2].process["previous_exec_id"].string == events[0].execID)
                #expect(events[2].process["tid"].number != child)
                #expect(events[3].execID == events[2].execID)
                #expect(events[3].body["threads"].number == 2)
                // The new program never used it.
                #expect(events[4].execID == events[1].execID)
                #expect(try story.exit().execID == (try story.only("process_fork").execID))
            }
        }

        @Test("three hundred of them, one after the other: more than rest after their end; none is missing")
        func manyBeside() throws {
            let count = Kernel.scaled(300)
            let story = try agent.run(Step("many-beside", 16_384, count))

            let parent = try story.exit().execID
            let children = try agent.children(of: parent)
            #expect(children.count == 2 * count)
            #expect(children.count { $0.kind == "process_fork" } == count)
            #expect(children.count { $0.kind == "process_exit" } == count)
            #expect(Set(children.map(\.execID)).count == count)
            #expect(children.allSatisfy { ($0.pid - story.pid) % 16_384 == 0 })
        }

        @Test("ten levels of processes")
        func deep() throws {
            let story = try agent.run(
                .fork, .fork, .fork, .fork, .fork, .fork, .fork, .fork, .fork, .report, .exec("/bin/true"))

            let exec = try agent.expect("process_exec", of: try story.activity.report())
            #expect(exec.ancestors.count == exec.ancestors.map { $0["exec_id"].text }.uniqued)
            // Its parent stands apart: eight more until the first.
            #expect(exec.ancestors[7]["pid"].int == story.pid)
            #expect(exec.ancestors[7]["exec_id"].text == (try story.exit().execID))
        }
    }
}

extension Sequence where Element: Hashable {
    /// How many different ones.
    var uniqued: Int { Set(self).count }
}
