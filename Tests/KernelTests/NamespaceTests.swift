import AgentCore
import AgentModel
import Glibc
import Testing

extension KernelSuite {
    @Suite("namespaces and cgroups") struct NamespaceTests {
        let agent = LiveAgent.shared
        let folder = TemporaryFolder()

        @Test("new namespaces have new numbers, and are not the host's")
        func numbers() throws {
            let exec = try agent.run(
                Step("unshare", Clone.newMounts | Clone.newUTS | Clone.newIPC | Clone.newNet),
                .exec("/bin/true")
            ).exec()

            let ns = exec.process["ns"]
            for (name, file) in [("mnt", "mnt"), ("uts", "uts"), ("ipc", "ipc"), ("net", "net")] {
                #expect(ns[name]["inum"].number > 0)
                #expect(ns[name]["inum"].int != Kernel.inode("/proc/self/ns/\(file)"))
                #expect(!ns[name]["is_host"].bool)
            }
            for (name, file) in [("pid", "pid"), ("user", "user"), ("cgroup", "cgroup"), ("time", "time")] {
                #expect(ns[name]["inum"].int == Kernel.inode("/proc/self/ns/\(file)"))
            }
        }

        @Test("the host's namespaces are known as such")
        func host() throws {
            let exec = try agent.run(.exec("/bin/true")).exec()

            // kthreadd never leaves the first namespaces.
            for name in ["uts", "ipc", "mnt", "pid", "net", "user", "cgroup"] {
                let isHost = Kernel.inode("/proc/self/ns/\(name)") == Kernel.inode("/proc/2/ns/\(name)")
                #expect(exec.process["ns"][name]["is_host"].bool == isHost, "\(name)")
            }
        }

        @Test("PID 1 of a pid namespace and its children are in the init tree; who enters is not")
        func initTree() throws {
            let container = try Activity([
                Step("clone", Clone.newPid), .report, .fork, .report, Step("setsid"), .wait,
                .exec("/bin/true"),
            ])
            let first = try container.report()
            let second = try container.report()
            let entered = try agent.run(
                Step("setns", "/proc/\(first)/ns/pid"), .fork, .report, .exec("/bin/true"))
            let third = try entered.activity.report()
            container.release()
            try container.wait()

            let fork = try agent.expect("process_fork", of: first) { $0.process["pid_in_ns"].int == 1 }
            #expect(fork.process["in_init_tree"].bool)
            let inner = try agent.expect("process_exec", of: second)
            #expect(inner.process["in_init_tree"].bool)
            #expect(inner.process["pid_in_ns"].int == 2)
            #expect(inner.process["ns"]["pid"]["inum"].int == fork.process["ns"]["pid"]["inum"].int)
            let outer = try agent.expect("process_exec", of: third)
            #expect(!outer.process["in_init_tree"].bool)
            #expect(outer.process["ns"]["pid"]["inum"].int == inner.process["ns"]["pid"]["inum"].int)
            #expect(outer.process["pid_in_ns"].number > 2)
            // The daemon's own tree is that of the machine's PID 1.
            #expect(entered.events.allSatisfy { $0.process["in_init_tree"].bool })
        }

        @Test("children of an unshare live in the new pid namespace, the caller does not")
        func unsharePid() throws {
            let story = try agent.run(Step("unshare", Clone.newPid), .fork, .report, .exec("/bin/true"))

            let child = try agent.expect("process_exec", of: try story.activity.report())
            #expect(child.process["pid_in_ns"].int == 1)
            #expect(child.process["in_init_tree"].bool)
            #expect(!(try story.exit().process["pid_in_ns"].isPresent))
        }

        @Test(
            "the cgroup by id and path, of one that lives as long as its process",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func cgroup() throws {
            let name = "/secd-test-\(getpid())"
            let path = Kernel.cgroupRoot! + name
            let activity = try Activity([
                Step("mkdir", path), Step("put", path + "/cgroup.procs", "0"), .report, .wait,
                .exec("/bin/true"),
            ])
            _ = try activity.report()
            let id = Kernel.inode(path)
            activity.release()
            #expect(try activity.wait() == .exited(0))
            try Activity.run(.exec("/bin/rmdir", ["rmdir", path]))

            let exec = try agent.expect("process_exec", of: activity.pid) {
                $0.process["cgroup"]["path"].text == name
            }
            #expect(exec.process["cgroup"]["id"].int == id)
        }

        @Test(
            "a container by its cgroup's name: of who runs in it with mounts of its own; a runtime's helper is not of it",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func container() throws {
            let id = String(repeating: String(getpid(), radix: 16) + "0", count: 64).prefix(64)
            let path = Kernel.cgroupRoot! + "/docker-\(id).scope"
            let story = try agent.run(
                Step("mkdir", path), Step("put", path + "/cgroup.procs", "0"),
                Step("unshare", Clone.newMounts), .fork, .report, .exec("/bin/true"))
            let child = try story.activity.report()
            try Activity.run(.exec("/bin/rmdir", ["rmdir", path]))

            #expect(!(try agent.expect("process_fork", of: child).process["docker"].isPresent))
            for kind in ["process_exec", "process_exit"] {
                #expect(try agent.expect(kind, of: child).process["docker"].text == String(id.prefix(31)))
            }
            #expect(!(try agent.run(.exec("/bin/true")).exec().process["docker"].isPresent))
        }

        @Test("ten thousand namespaces that live for an instant: every process is there, nothing stays")
        func many() async throws {
            let count = Kernel.scale < 1 ? 100 : 2500
            let mark = agent.capture.count
            let before = await agent.engine.processStatus()
            // Four new namespaces each.
            let story = try agent.run(
                Step("many-clone", count, Clone.newPid | Clone.newUTS | Clone.newIPC | Clone.newMounts))
            let parent = try story.exit().execID
            try agent.settle()

            let events = agent.capture.all.dropFirst(mark)
            let children = events.filter { $0.process["parent_exec_id"].text == parent }
            #expect(children.count { $0.kind == "process_fork" } == count)
            #expect(children.count { $0.kind == "process_exit" } == count)
            #expect(children.count == 2 * count)
            let forks = children.filter { $0.kind == "process_fork" }
            #expect(
                forks.allSatisfy { $0.process["pid_in_ns"].int == 1 && $0.process["in_init_tree"].bool })
            #expect(!events.contains { $0.kind == "stream_gap" })
            // Ended images stay a quarter of a second; then the tree is what it was.
            var after = await agent.engine.processStatus()
            for _ in 0..<100 where after.retained > before.retained + 50 {
                try await Task.sleep(for: .milliseconds(100))
                after = await agent.engine.processStatus()
            }
            #expect(after.live < before.live + 50)
            #expect(after.retained <= before.retained + 50)
            #expect(after.evicted == before.evicted)
            #expect(after.bytes < before.bytes + (4 << 20))
        }
    }
}
