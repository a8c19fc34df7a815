import AgentCore
import AgentModel
import CEventABI
import Glibc
import Sensors
import Testing

extension KernelSuite {
    @Suite("scope") struct ScopeTests {
        /// An engine that watches a part of the machine, and how a process gets there.
        private final class Part {
            let agent: LiveAgent
            let enter: [Step]

            /// - Parameter observing: With sockets and files; taking that down costs seconds.
            init(netns: Int = 0, cgroup: String? = nil, enter: [Step], observing: Bool) throws {
                self.enter = enter
                agent = try LiveAgent {
                    $0.events.unwanted = []
                    $0.sensors.sockets = observing
                    $0.sensors.files = observing ? FileTree.watched : []
                    $0.sensors.agent.net_scope = UInt64(netns)
                    if let cgroup, let root = Kernel.cgroupRoot {
                        $0.sensors.agent.cgroup_scope = UInt64(Kernel.inode(cgroup) ?? 0)
                        $0.sensors.agent.cgroup_level = UInt32(
                            cgroup.dropFirst(root.count).split(separator: "/").count)
                    }
                }
                try agent.start()
            }

            deinit { agent.stop() }

            /// Everything that happened before the call has been delivered: a process inside comes after it.
            func settle() throws {
                let mark = agent.capture.count
                let marker = try Activity(enter + [.fork])
                try marker.wait()
                _ = try agent.expect("process_exit", of: marker.pid, from: mark)
            }

            /// The kinds of events of a process, from its fork on; none = it was not told.
            func kinds(of pid: Int, from mark: Int = 0) -> [String] {
                agent.capture.events(of: pid, from: mark).map(\.kind)
            }

            var isComplete: Bool { !agent.capture.all.contains { $0.kind == "stream_gap" } }
        }

        /// A v2 cgroup, removed at the end.
        private final class Cgroup {
            let path: String

            init(_ name: String) throws {
                path = (Kernel.cgroupRoot ?? "") + "/secd-scope-\(getpid())-\(name)"
                try Activity.run(Step("mkdir", path))
            }

            deinit { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", path])) }

            var enter: [Step] { [Step("put", path + "/cgroup.procs", "0")] }

            func part(observing: Bool = false) throws -> Part {
                try Part(cgroup: path, enter: enter, observing: observing)
            }
        }

        /// A UDP socket, a watched file, and a program: one event of every sensor.
        private func doings(_ name: String) -> [Step] {
            let file = FileTree.all + "/" + name
            return [
                .umask(0o022), .call(41, 2, 2, 0), .open(.path(file), O_CREAT | O_WRONLY),
                .unlink(.path(file)),
                .exec("/bin/true"),
            ]
        }

        private static let ofDoings = [
            "socket_create", "file_create", "file_delete", "process_exec", "socket_close", "process_exit",
        ]

        @Test(
            "two cgroups, two engines at once: each sees what is inside, and neither disturbs the other",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func cgroups() async throws {
            let (first, second) = (try Cgroup("first"), try Cgroup("second"))
            let (one, two) = (try first.part(observing: true), try second.part(observing: true))

            let inFirst = try Activity(first.enter + [.report] + doings("first"))
            let inSecond = try Activity(second.enter + [.report] + doings("second"))
            let outside = try Activity([.report] + doings("outside"))
            for activity in [inFirst, inSecond, outside] { #expect(try activity.wait() == .exited(0)) }
            try one.settle()
            try two.settle()

            // They were forked outside and told nothing until they came in.
            #expect(one.kinds(of: inFirst.pid).sorted() == Self.ofDoings.sorted())
            #expect(two.kinds(of: inSecond.pid).sorted() == Self.ofDoings.sorted())
            #expect(one.kinds(of: inSecond.pid) == [] && one.kinds(of: outside.pid) == [])
            #expect(two.kinds(of: inFirst.pid) == [] && two.kinds(of: outside.pid) == [])
            for part in [one, two] {
                #expect(part.isComplete)
                #expect((await part.agent.engine.programCounters())["out_of_scope"] ?? 0 > 0)
                #expect(await part.agent.engine.rings().allSatisfy { $0.lost == 0 })
            }
        }

        @Test(
            "what is below a cgroup is inside; a cgroup with the same beginning of its name is not",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func below() throws {
            let top = try Cgroup("top")
            let below = try Cgroup("top-2")
            let child = top.path + "/a"
            try Activity.run(Step("mkdir", child), Step("mkdir", child + "/b"))
            defer { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", child + "/b", child])) }
            let part = try top.part()

            let deep = try Activity([Step("put", child + "/b/cgroup.procs", "0"), .exec("/bin/true")])
            let beside = try Activity(below.enter + [.exec("/bin/true")])
            for activity in [deep, beside] { #expect(try activity.wait() == .exited(0)) }
            try part.settle()

            #expect(part.kinds(of: deep.pid) == ["process_exec", "process_exit"])
            #expect(part.kinds(of: beside.pid) == [])
        }

        @Test(
            "ancestry is complete, also over processes outside that began after the engine",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func ancestry() throws {
            let cgroup = try Cgroup("ancestry")
            let part = try cgroup.part()
            let mark = part.agent.capture.count

            // Two shells that begin outside; the second moves in and starts a program.
            let inner = "echo 0 > \(cgroup.path)/cgroup.procs; /bin/true a; exit 3"
            let activity = try Activity([.exec("/bin/sh", ["sh", "-c", "/bin/sh -c '\(inner)'; exit 4"])])
            #expect(try activity.wait() == .exited(4))
            try part.settle()

            let exec = try part.agent.expect("process_exec", from: mark) {
                $0.process["binary"].text == Kernel.resolved("/bin/true")
                    && $0.process["argv"].strings == ["/bin/true", "a"]
            }
            let shell = Kernel.resolved("/bin/sh")
            #expect(exec.parent["binary"].string == shell)
            #expect(exec.parent["arguments"].text.contains("cgroup.procs"))
            #expect(exec.ancestors.first?["binary"].string == shell)
            #expect(exec.ancestors.first?["pid"].int == activity.pid)
            #expect(exec.ancestors.dropFirst().first?["binary"].string == Kernel.testBinary)
            #expect(exec.ancestors.last?["pid"].int == 1)
            // The inner shell was told nothing of until it was inside; its end is told, the outer's is not.
            let inside = part.agent.capture.events(of: exec.parent["pid"].number, from: mark)
            #expect(inside.map(\.kind) == ["process_exit"])
            #expect(inside.first?.body["status"].int == 3)
            #expect(part.kinds(of: activity.pid, from: mark) == [])
        }

        @Test(
            "who leaves: what began inside is told to its end, what begins outside is not",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func leaving() throws {
            let cgroup = try Cgroup("leaving")
            let outside = try Cgroup("leaving-out")
            let part = try cgroup.part()

            let activity = try Activity(
                cgroup.enter + [
                    .fork, .report, Step("put", outside.path + "/cgroup.procs", "0"), .fork, .report,
                ])
            let (left, child) = (try activity.report(), try activity.report())
            #expect(try activity.wait() == .exited(0))
            try part.settle()

            #expect(part.kinds(of: left) == ["process_fork", "process_exit"])
            #expect(part.kinds(of: child) == [])
        }

        @Test("a network namespace: processes, sockets and files of those who are in it")
        func networkNamespace() async throws {
            let holder = try Activity([Step("unshare", Clone.newNet), .report, .wait])
            let pid = try holder.report()
            let namespace = "/proc/\(pid)/ns/net"
            let part = try Part(
                netns: try #require(Kernel.inode(namespace)), enter: [Step("setns", namespace)],
                observing: true)

            let inside = try Activity([Step("setns", namespace)] + doings("netns-in"))
            let outside = try Activity(doings("netns-out"))
            for activity in [inside, outside] { #expect(try activity.wait() == .exited(0)) }
            try part.settle()
            holder.release()
            try holder.wait()

            #expect(part.kinds(of: inside.pid).sorted() == Self.ofDoings.sorted())
            #expect(part.kinds(of: outside.pid) == [])
            let exec = try part.agent.expect("process_exec", of: inside.pid)
            #expect(exec.parent["pid"].int == Int(getpid()))
            #expect(exec.ancestors.last?["pid"].int == 1)
            #expect(part.isComplete)
            #expect((await part.agent.engine.programCounters())["out_of_scope"] ?? 0 > 0)
        }
    }
}
