import AgentCore
import AgentModel
import FilePrevention
import Glibc
import PolicyModel
import Testing

/// Whether anything here keeps files from being opened.
private let canRefuseOpens = Kernel.hasLSM || FilePrevention.obstacle == nil

extension KernelSuite {
    @Suite("scope") struct ScopeTests {
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
        func cgroups() throws {
            let (first, second) = (try ScopeCgroup("first"), try ScopeCgroup("second"))
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
                let engine = part.agent.engine
                #expect(answer { await engine.programCounters() }["out_of_scope"] ?? 0 > 0)
                #expect(answer { await engine.rings() }.allSatisfy { $0.lost == 0 })
            }
        }

        @Test(
            "what is below a cgroup is inside; a cgroup with the same beginning of its name is not",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func below() throws {
            let top = try ScopeCgroup("top")
            let below = try ScopeCgroup("top-2")
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
            let cgroup = try ScopeCgroup("ancestry")
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
            let cgroup = try ScopeCgroup("leaving")
            let outside = try ScopeCgroup("leaving-out")
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

        /// What a part forbids those who are inside: an address, writing to a file, opening another.
        private struct Ban {
            let address: String
            let folder: TemporaryFolder
            let name: String

            private var kept: String { folder / (name + "-kept") }
            private var secret: String { folder / (name + "-secret") }

            init(_ name: String, _ address: String, _ folder: TemporaryFolder) throws {
                (self.name, self.address, self.folder) = (name, address, folder)
                for path in [kept, secret] { try Activity.run(.open(.path(path), O_CREAT | O_WRONLY)) }
            }

            var policies: [String] {
                [PolicySample.deniesConnects(address + "/32"), PolicySample.killsWriters(kept)]
                    + (canRefuseOpens ? [FilePolicySample.refusesOpens(secret, tells: true)] : [])
            }

            /// Kinds of the events that policies bring, in the order of the steps.
            var told: [String] {
                ["process_kprobe"] + (canRefuseOpens ? ["process_lsm"] : []) + ["process_kprobe"]
            }

            /// Connects, opens and writes. The first two succeed only where the ban does not hold.
            func steps(holds: Bool) -> [Step] {
                let connect = Step.connect(0, "4,\(address),1").fails(holds ? EPERM : ECONNREFUSED)
                let open = Step.open(.path(secret), O_RDONLY)
                return [
                    .socket(0, Net.inet, Net.stream), connect, .close(socket: 0),
                    holds && canRefuseOpens ? open.fails(EPERM) : open,
                    Step("put", kept, "x"),
                ]
            }

            var isBroken: Bool { Kernel.readText(kept) == "x" }
        }

        @Test(
            "policies of two engines: each refuses and kills what is inside, and nobody else",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func policies() throws {
            let folder = TemporaryFolder()
            let (first, second) = (try ScopeCgroup("ban-1"), try ScopeCgroup("ban-2"))
            let (one, two) = (try first.part(), try second.part())
            let ofFirst = try Ban("first", "127.0.0.8", folder)
            let ofSecond = try Ban("second", "127.0.0.9", folder)
            let (live, other) = (try LivePolicies(one.agent), try LivePolicies(two.agent))
            try live.run(ofFirst.policies)
            try other.run(ofSecond.policies)

            let inFirst = try Activity(first.enter + ofFirst.steps(holds: true))
            #expect(try inFirst.wait() == .killed(signal: SIGKILL, core: false))
            #expect(!ofFirst.isBroken)
            let inSecond = try Activity(
                second.enter + ofFirst.steps(holds: false) + ofSecond.steps(holds: true))
            #expect(try inSecond.wait() == .killed(signal: SIGKILL, core: false))
            #expect(ofFirst.isBroken && !ofSecond.isBroken)
            let outside = try Activity(ofFirst.steps(holds: false) + ofSecond.steps(holds: false))
            #expect(try outside.wait() == .exited(0))
            #expect(ofSecond.isBroken)
            try one.settle()
            try two.settle()

            #expect(one.kinds(of: inFirst.pid) == ofFirst.told + ["process_exit"])
            #expect(two.kinds(of: inSecond.pid) == ofSecond.told + ["process_exit"])
            #expect(one.kinds(of: inSecond.pid) == [] && one.kinds(of: outside.pid) == [])
            #expect(two.kinds(of: inFirst.pid) == [] && two.kinds(of: outside.pid) == [])
            for policies in [live, other] {
                #expect(policies.counts()[1]?.overrides == 1)
                #expect(policies.counts()[2]?.signals == 1)
                #expect(policies.counts()[3]?.overrides == (canRefuseOpens ? 1 : nil))
                try policies.run([])
            }
        }

        @Test(
            "processes older than the engine: who is inside is listed, and its end is told",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func older() throws {
            let cgroup = try ScopeCgroup("older")
            let inside = try Activity(cgroup.enter + [.report, .wait])
            let outside = try Activity([.report, .wait])
            _ = (try inside.report(), try outside.report())
            let part = try cgroup.part()

            let engine = part.agent.engine
            let listed = answer { await engine.processes() }.map { Int($0.pid) }
            for activity in [inside, outside] {
                activity.release()
                #expect(try activity.wait() == .exited(0))
            }
            try part.settle()

            #expect(listed == [inside.pid])
            #expect(part.kinds(of: inside.pid) == ["process_exit"])
            #expect(part.kinds(of: outside.pid) == [])
            // Not listed, and known all the same: the end names its ancestors.
            let end = try part.agent.expect("process_exit", of: inside.pid)
            #expect(end.parent["pid"].int == Int(getpid()))
            #expect(end.ancestors.last?["pid"].int == 1)
        }

        @Test(
            "listings have the processes that began inside, and the workloads that are inside",
            .enabled(if: Kernel.cgroupRoot != nil, "no cgroup2 hierarchy is mounted"))
        func listings() throws {
            let (cgroup, other) = (try ScopeCgroup("listed.service"), try ScopeCgroup("other.service"))
            let part = try cgroup.part()
            let outside = try Activity(other.enter + [.fork, .report, .wait])
            let inside = try Activity(cgroup.enter + [.fork, .report, .wait])
            let (child, stranger) = (try inside.report(), try outside.report())
            _ = try part.agent.expect("process_fork", of: child)

            let engine = part.agent.engine
            let listed = answer { await engine.processes() }.filter(\.alive).map { Int($0.pid) }
            let workloads = answer { await engine.workloads() }.workloads.map(\.unit)
            // Of no scope.
            try LiveAgent.shared.settle()
            let all = LiveAgent.shared.engine
            let everybody = answer { await all.processes() }.map { Int($0.pid) }
            for activity in [inside, outside] {
                activity.release()
                #expect(try activity.wait() == .exited(0))
            }

            // The child's parent only moved in.
            #expect(listed == [child])
            #expect(workloads == [cgroup.name])
            #expect(everybody.contains(child) && everybody.contains(stranger))
        }

        @Test("a network namespace: processes, sockets and files of those who are in it")
        func networkNamespace() throws {
            let holder = try Activity([Step("unshare", Clone.newNet), .report, .wait])
            let pid = try holder.report()
            let namespace = "/proc/\(pid)/ns/net"
            let part = try ScopedPart(
                netns: try #require(Kernel.inode(namespace)), enter: [Step("setns", namespace)],
                observing: true)
            let kept = FileTree.all + "/netns-kept"
            let policies = try LivePolicies(part.agent)

            let inside = try Activity([Step("setns", namespace)] + doings("netns-in"))
            let outside = try Activity(doings("netns-out"))
            for activity in [inside, outside] { #expect(try activity.wait() == .exited(0)) }
            try policies.run([PolicySample.killsWriters(kept)])
            let write: [Step] = [.open(.path(kept), O_CREAT | O_WRONLY), Step("put", kept, "x")]
            #expect(try Activity(write).wait() == .exited(0))
            let writer = try Activity([Step("setns", namespace)] + write)
            #expect(try writer.wait() == .killed(signal: SIGKILL, core: false))
            try policies.run([])
            try part.settle()
            holder.release()
            try holder.wait()

            #expect(part.kinds(of: inside.pid).sorted() == Self.ofDoings.sorted())
            #expect(part.kinds(of: outside.pid) == [])
            let exec = try part.agent.expect("process_exec", of: inside.pid)
            #expect(exec.parent["pid"].int == Int(getpid()))
            #expect(exec.ancestors.last?["pid"].int == 1)
            #expect(part.isComplete)
            let engine = part.agent.engine
            #expect(answer { await engine.programCounters() }["out_of_scope"] ?? 0 > 0)
        }
    }
}
