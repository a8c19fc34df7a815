import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("stream") struct StreamTests {
        @Test("every number of every ring is accounted for, and nothing stays open")
        func accounting() async throws {
            _ = LiveAgent.shared
            let before = Kernel.openDescriptors
            try await oneRun()
            // The kernel takes programs and maps back in its own time, descriptors at once.
            #expect(Kernel.openDescriptors == before)
        }

        private func oneRun() async throws {
            let agent = try LiveAgent()
            try agent.start()
            let activity = try Activity([Step("many-exec", Kernel.scaled(100), "/bin/true", "true")])
            try activity.wait()
            try agent.settle()
            agent.stop()

            let events = agent.capture.all
            #expect(events.first?.kind == "stream_start")
            #expect(events.last?.kind == "stream_stop")
            #expect(!events.contains { $0.kind == "stream_gap" })
            #expect(events.map { $0.json["secd"]["line"].number } == Array(1...events.count))
            #expect(Set(events.map { $0.json["secd"]["stream"].text }).count == 1)
            var sums: [String: Int] = [:]
            var last: [String: Int] = [:]
            for event in events where event.json["secd"]["ring"].isPresent {
                let secd = event.json["secd"]
                let key = "\(secd["ring"].text) \(secd["cpu"].number)"
                sums[key, default: 0] += secd["skipped"].number + 1
                last[key] = max(last[key] ?? 0, secd["seq"].number)
            }
            #expect(sums == last)
            #expect(last.keys.contains { $0.hasPrefix("lifecycle") })
            for position in events.last?.body["positions"].array ?? [] {
                let key = "\(position["ring"].text) \(position["cpu"].number)"
                #expect(position["seq"].number >= last[key] ?? 0)
            }
        }

        @Test("a ring that overflows: what is lost is counted, to the last record")
        func overload() async throws {
            let agent = try LiveAgent { $0.sensors.lifecycleRing = 1 << 16 }
            // Nobody reads yet: the ring holds about a hundred processes.
            let storm = try Activity([Step("many-exec", max(150, Kernel.scaled(500)), "/bin/true", "true")])
            #expect(try storm.wait() == .exited(0))
            try agent.start()
            // Holes in the middle show when later records come; the last ones at the audit.
            _ = try agent.expect("stream_gap")
            for _ in 0..<3 { try Activity.run(Step("many-exec", 50, "/bin/true", "true")) }
            try await Task.sleep(for: .seconds(3))
            let rings = await agent.engine.rings()
            agent.stop()

            let events = agent.capture.all
            let gaps = events.filter { $0.kind == "stream_gap" }
            let lost = rings.reduce(0) { $0 + Int($1.lost) }
            #expect(lost > 0)
            #expect(gaps.reduce(0) { $0 + $1.body["count"].number } == lost)
            #expect(
                gaps.allSatisfy {
                    $0.body["cause"].text == "ring_full" && $0.body["ring"].text == "lifecycle"
                })
            #expect(
                gaps.allSatisfy {
                    $0.body["last"].number - $0.body["first"].number + 1 == $0.body["count"].number
                })
            let byKind = gaps.flatMap { $0.body["by_kind"].array }.reduce(0) { $0 + $1["count"].number }
            #expect(byKind == lost)
            // Per ring and CPU: what came, what was skipped, and what is missing make the last number.
            var sums: [String: Int] = [:]
            var last: [String: Int] = [:]
            for event in events where event.json["secd"]["ring"].isPresent {
                let secd = event.json["secd"]
                let key = "\(secd["ring"].text) \(secd["cpu"].number)"
                sums[key, default: 0] += secd["skipped"].number + 1
                last[key] = max(last[key] ?? 0, secd["seq"].number)
            }
            for gap in gaps {
                sums["\(gap.body["ring"].text) \(gap.body["cpu"].number)", default: 0] +=
                    gap.body["count"].number
            }
            #expect(sums == last)
        }

        @Test("processes that ended long before their records are read are told in full")
        func late() throws {
            let folder = TemporaryFolder()
            let agent = try LiveAgent()
            // Nobody reads yet.
            let long = String(repeating: "a", count: 50_000)
            let story = try Activity([
                Step("chdir", folder.path), .fork, .report, .exec("/bin/true", ["x", "y", long]),
            ])
            let child = try story.report()
            #expect(try story.wait() == .exited(0))
            #expect(!Kernel.exists("/proc/\(child)"))
            try agent.start()

            let exec = try agent.expect("process_exec", of: child)
            #expect(exec.process["binary"].string == Kernel.resolved("/bin/true"))
            #expect(exec.process["argv"].strings == ["x", "y", long])
            #expect(exec.process["cwd"].string == folder.path)
            #expect(exec.parent["pid"].int == story.pid)
            #expect(exec.ancestors.first?["pid"].int == Int(getpid()))
            #expect(exec.ancestors.last?["pid"].int == 1)
            #expect(try agent.expect("process_exit", of: child).execID == exec.execID)
            agent.stop()
        }

        @Test("losses that nothing follows are reported when the stream ends")
        func overloadAtTheEnd() async throws {
            let agent = try LiveAgent { $0.sensors.lifecycleRing = 1 << 16 }
            let storm = try Activity([Step("many-exec", max(150, Kernel.scaled(500)), "/bin/true", "true")])
            try storm.wait()
            try agent.start()
            let lost = await agent.engine.rings().reduce(0) { $0 + Int($1.lost) }
            agent.stop()

            let gaps = agent.capture.all.filter { $0.kind == "stream_gap" }
            #expect(lost > 0)
            #expect(gaps.reduce(0) { $0 + $1.body["count"].number } == lost)
        }
    }

    @Suite("processes older than the daemon") struct SeedTests {
        @Test("an older process has its identity, its strings and its end")
        func older() throws {
            let folder = TemporaryFolder()
            let old = try Activity([
                Step("chdir", folder.path), Step("setresgid", 11, 12, 13), .fork, .report, .wait, .exit(6),
            ])
            let child = try old.report()
            let shell = try Activity([.exec("/bin/sh", ["sh", "-c", "kill -STOP $$; :", "a"])])
            while !Kernel.readText("/proc/\(shell.pid)/stat").contains(") T ") { usleep(1000) }
            let agent = try LiveAgent()
            try agent.start()
            old.release()
            try old.wait()
            kill(pid_t(shell.pid), SIGKILL)
            try shell.wait()

            let exit = try agent.expect("process_exit", of: child)
            let parent = try agent.expect("process_exit", of: old.pid)
            #expect(exit.body["status"].int == 6)
            #expect(exit.process["parent_exec_id"].text == parent.execID)
            #expect(exit.parent["exec_id"].text == parent.execID)
            #expect(exit.process["binary"].string == Kernel.testBinary)
            #expect(exit.process["cwd"].string == folder.path)
            #expect(exit.process["flags"].text.contains("procFS"))
            #expect(exit.ancestors.last?["pid"].int == 1)
            let stopped = try agent.expect("process_exit", of: shell.pid)
            #expect(stopped.process["binary"].string == Kernel.resolved("/bin/sh"))
            #expect(stopped.process["arguments"].string == "-c \"kill -STOP $$; :\" a")
            #expect(stopped.body["signal"].string == "SIGKILL")
            agent.stop()
        }

        @Test("every process has a name, also where its procfs is hidden; kernel threads in brackets")
        func names() async throws {
            let processes = await LiveAgent.shared.engine.processes()

            #expect(processes.filter(\.binary.isEmpty).map(\.pid) == [])
            let kthreadd = try #require(processes.first { $0.pid == 2 })
            #expect(kthreadd.binary == "[kthreadd]")
            // Hardened kernels leave PID 1 out of the iterator, and hide its executable.
            let first = try #require(processes.first { $0.pid == 1 })
            #expect(first.binary.hasPrefix("/") || first.binary.hasPrefix("["))
            #expect(first.binary.count > 2)
        }

        @Test("older processes: the program of a memfd, in a jail, in a pid namespace")
        func olderImages() throws {
            let folder = TemporaryFolder()
            let jail = folder.makeFolder("jail")
            try Activity.run(Step("copy", "/bin/busybox", jail + "/sleep", 0o755))
            let hidden = try Activity([Step("exec-memfd", "hidden", "/bin/sleep", "sleep", "1000")])
            let jailed = try Activity([
                Step("chroot", jail), Step("chdir", "/"), .exec("/sleep", ["sleep", "1000"]),
            ])
            let container = try Activity([
                Step("clone", Clone.newPid), .report, .fork, .report, .wait, .exit(3),
            ])
            let first = try container.report()
            let second = try container.report()
            let entered = try Activity([
                Step("setns", "/proc/\(first)/ns/pid"), .fork, .report, .wait, .exit(4),
            ])
            let third = try entered.report()
            for activity in [hidden, jailed] {
                while !Kernel.readText("/proc/\(activity.pid)/cmdline").hasPrefix("sleep") { usleep(1000) }
            }
            let agent = try LiveAgent()
            try agent.start()
            for activity in [hidden, jailed] {
                kill(pid_t(activity.pid), SIGKILL)
                try activity.wait()
            }
            entered.release()
            try entered.wait()
            container.release()
            try container.wait()

            let memfd = try agent.expect("process_exit", of: hidden.pid)
            #expect(memfd.process["binary"].string == "/memfd:hidden")
            #expect(memfd.process["arguments"].string == "1000")
            let inside = try agent.expect("process_exit", of: jailed.pid)
            #expect(inside.process["binary"].string == jail + "/sleep")
            #expect(inside.process["cwd"].string == jail)
            #expect(try agent.expect("process_exit", of: first).process["in_init_tree"].bool)
            #expect(try agent.expect("process_exit", of: second).process["in_init_tree"].bool)
            #expect(!(try agent.expect("process_exit", of: third).process["in_init_tree"].bool))
            agent.stop()
        }

        @Test("a process that has ended and was not waited for is no process")
        func zombie() async throws {
            let zombie = try Activity([.exit(3)])
            while !Kernel.readText("/proc/\(zombie.pid)/stat").contains(") Z ") { usleep(1000) }
            let agent = try LiveAgent()
            try agent.start()

            #expect(await agent.engine.processes().filter { $0.pid == zombie.pid }.isEmpty)
            try zombie.wait()
            try agent.settle()
            #expect(agent.capture.events(of: zombie.pid).isEmpty)
            agent.stop()
        }

        @Test("an older process that executes: its former image is the seeded one")
        func olderExecutes() throws {
            let old = try Activity([.report, .wait, .exec("/bin/true")])
            _ = try old.report()
            let threaded = try Activity([.report, .wait, .exec(by: "exec-thread", "/bin/true")])
            _ = try threaded.report()
            let agent = try LiveAgent()
            try agent.start()
            for activity in [old, threaded] {
                activity.release()
                try activity.wait()
                let exec = try agent.expect("process_exec", of: activity.pid)
                #expect(exec.process["previous_exec_id"].isPresent)
                #expect(exec.parent["pid"].int == Int(getpid()))
                #expect(exec.process["in_init_tree"].bool == exec.parent["in_init_tree"].bool)
                #expect(exec.process["in_init_tree"].bool)
                #expect(exec.process["parent_exec_id"].text == exec.parent["exec_id"].text)
            }
            agent.stop()
        }

        @Test("a storm while the daemon starts leaves nothing behind")
        func storm() async throws {
            let storm = try Activity([Step("many-exec", Kernel.scaled(1500), "/bin/true", "true")])
            let agent = try LiveAgent()
            try agent.start()
            #expect(try storm.wait() == .exited(0))
            try agent.settle()

            let alive = await agent.engine.processes().filter(\.alive)
            #expect(alive.filter { $0.binary == Kernel.resolved("/bin/true") }.isEmpty)
            for process in alive where !Kernel.exists("/proc/\(process.pid)") && process.pid != 1 {
                // Others of this machine may have ended this instant.
                #expect(process.binary != Kernel.testBinary, "\(process.pid) is said to live")
            }
            let executed = agent.capture.all.filter {
                $0.kind == "process_exec" && $0.parent["pid"].int == storm.pid
            }
            #expect(Set(executed.map(\.execID)).count == executed.count)
            agent.stop()
        }
    }
}
