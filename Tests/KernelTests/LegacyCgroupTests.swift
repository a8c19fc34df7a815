import AgentCore
import AgentModel
import BPFRuntime
import CEventABI
import Glibc
import LinuxSystem
import Sensors
import Testing

/// The hierarchy of v1 that secd takes where v2 is not used.
private let legacy = CgroupMounts.ofThisProcess.legacy

extension KernelSuite {
    /// Engines that take workloads from a hierarchy of v1, as on hosts without v2; here it may be mounted beside.
    @Suite("cgroup v1", .serialized, .enabled(if: legacy != nil, "no hierarchy of v1 is mounted"))
    struct LegacyCgroupTests {
        private let hierarchy: CgroupHierarchy
        /// A cgroup that tests make at the root of the hierarchy.
        private let name = "/secd-v1-\(getpid())"
        private var path: String { hierarchy.root + name }
        private var enter: Step { Step("put", path + "/cgroup.procs", "0") }

        init() throws { hierarchy = try #require(legacy) }

        private func started(_ configure: (inout EngineOptions) -> Void = { _ in }) throws -> LiveAgent {
            let agent = try LiveAgent { options in
                options.events.unwanted = []
                options.sensors.sockets = false
                options.sensors.cgroupRoot = CgroupPrograms.root(.ofThisProcess)
                do {
                    try options.sensors.follow(hierarchy)
                } catch {
                    Issue.record("\(error)")
                }
                configure(&options)
            }
            try agent.start()
            return agent
        }

        private func removeCgroups() {
            for directory in [path + "/below", path] where Kernel.exists(directory) {
                _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", directory]))
            }
        }

        @Test("the cgroup of a process: entered, inherited at fork, unchanged by exec, left for a nested one")
        func follows() throws {
            let agent = try started()
            defer { agent.stop() }
            defer { removeCgroups() }
            let below = path + "/below"
            let activity = try Activity([
                Step("mkdir", path), Step("mkdir", below), enter, .report, .wait, .fork, .report,
                .exec("/bin/sh", ["sh", "-c", "echo 0 > \(below)/cgroup.procs; /bin/true; exit 0"]),
            ])
            _ = try activity.report()
            let (id, belowID) = (Kernel.inode(path), Kernel.inode(below))
            activity.release()
            #expect(try activity.wait() == .exited(0))
            let child = try activity.report()

            let fork = try agent.expect("process_fork", of: child)
            #expect(fork.process["cgroup"]["path"].text == name)
            #expect(fork.process["cgroup"]["id"].int == id)
            let shell = try agent.expect("process_exec", of: child)
            #expect(shell.process["cgroup"]["path"].text == name)
            #expect(shell.process["cgroup"]["id"].int == id)
            let program = try agent.expect("process_exec") {
                $0.process["parent_exec_id"].text == shell.execID
            }
            #expect(program.process["cgroup"]["path"].text == name + "/below")
            #expect(program.process["cgroup"]["id"].int == belowID)
        }

        @Test("a cgroup that is made again under its name is another one")
        func madeAgain() throws {
            let agent = try started()
            defer { agent.stop() }
            var ids: [Int?] = []
            for _ in 0..<2 {
                defer { removeCgroups() }
                let activity = try Activity([
                    Step("mkdir", path), enter, .report, .wait, .exec("/bin/true"),
                ])
                _ = try activity.report()
                let id = Kernel.inode(path)
                activity.release()
                #expect(try activity.wait() == .exited(0))

                let exec = try agent.expect("process_exec", of: activity.pid)
                #expect(exec.process["cgroup"]["path"].text == name)
                #expect(exec.process["cgroup"]["id"].int == id)
                ids.append(id)
            }
            #expect(ids[0] != nil && ids[0] != ids[1])
        }

        @Test("cgroups and processes that are older than the engine")
        func older() throws {
            defer { removeCgroups() }
            let activity = try Activity([Step("mkdir", path), enter, .report, .wait, .exec("/bin/true")])
            _ = try activity.report()
            let agent = try started()
            defer { agent.stop() }

            let listed = answer { await agent.engine.processes() }
            #expect(listed.first { $0.pid == UInt32(activity.pid) }?.cgroup == name)
            #expect(
                listed.first { $0.pid == UInt32(getpid()) }?.cgroup
                    == hierarchy.path(ofProcess: UInt32(getpid())))
            activity.release()
            #expect(try activity.wait() == .exited(0))
            let exec = try agent.expect("process_exec", of: activity.pid)
            #expect(exec.process["cgroup"]["path"].text == name)
        }

        @Test("a scope of a cgroup of v1: what is in it or below is told, and nothing else")
        func scope() throws {
            let below = path + "/below"
            try Activity.run(Step("mkdir", path), Step("mkdir", below))
            defer { removeCgroups() }
            let agent = try started {
                $0.sensors.agent.cgroup_scope = UInt64(Kernel.inode(path) ?? 0)
                $0.sensors.agent.cgroup_level = 1
            }
            defer { agent.stop() }

            let outside = try Activity([.exec("/bin/true")])
            let inside = try Activity([enter, .exec("/bin/true")])
            let deep = try Activity([Step("put", below + "/cgroup.procs", "0"), .exec("/bin/true")])
            for activity in [outside, inside, deep] { #expect(try activity.wait() == .exited(0)) }
            let last = try Activity([enter, .fork])
            try last.wait()
            _ = try agent.expect("process_exit", of: last.pid)

            for activity in [inside, deep] {
                let kinds = agent.capture.events(of: activity.pid).map(\.kind)
                #expect(kinds == ["process_exec", "process_exit"])
            }
            #expect(agent.capture.events(of: outside.pid).isEmpty)
        }

        @Test(
            "a container of runc has its name from its first program on, and a policy for it acts in it alone",
            .enabled(if: Containers.isPossible, "runc cannot run containers here"))
        func container() throws {
            let agent = try started { $0.enrichWait = 10_000_000_000 }
            defer { agent.stop() }
            let live = try LivePolicies(agent)
            let containers = try Containers()
            let id = "secd-v1-\(getpid())"
            let file = "/nowhere/\(id)"
            let text = PolicySample.opens("selected", below: file).replacing(
                "  kprobes:",
                with: """
                      containerSelector:
                        matchExpressions:
                        - {key: name, operator: In, values: [\(id)]}
                      kprobes:
                    """)
            try live.run([text])
            defer { _ = try? live.run([]) }
            let mark = agent.capture.count
            let names = [id, id + "-b"]
            let running = try names.map { try containers.start($0, "busybox sleep 60") }
            for name in names {
                let first = try agent.expect("process_exec", from: mark) {
                    $0.process["workload"]["id"].text == name
                }
                #expect(first.process["arguments"].text.hasPrefix("sh -c"))
                #expect(first.process["workload"]["kind"].text == "container")
                #expect(first.process["workload"]["name"].text == name)
                #expect(first.process["workload"]["runtime"].text == "runc")
                #expect(first.process["cgroup"]["path"].text.hasSuffix("/" + name))
                _ = try agent.expect("process_exec", from: mark) {
                    $0.process["workload"]["id"].text == name && $0.process["arguments"].text == "sleep 60"
                }
                // cat ends with 1: there is no such file.
                #expect(try containers.exec(name, ["/bin/busybox", "cat", file + "/a"]) == .exited(1))
            }
            try Activity.run(.openat(Call.here, .path(file + "/c"), O_RDONLY).fails(ENOENT))
            for name in names {
                try Activity([.exec(Containers.runc, ["runc", "kill", name, "KILL"])]).wait()
            }
            for container in running { try container.wait() }
            try agent.settle()

            let events = agent.capture.all.dropFirst(mark).filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0.body["args"][1]["string_arg"].text } == [file + "/a"])
            #expect(events.allSatisfy { $0.process["workload"]["name"].text == id })
            #expect(events.allSatisfy { !$0.body["uncertain"].bool })
            let helpers = agent.capture.all.dropFirst(mark).filter {
                $0.kind == "process_exec" && $0.process["binary"].text.hasSuffix("runc")
            }
            #expect(!helpers.isEmpty)
            #expect(helpers.allSatisfy { !names.contains($0.process["workload"]["id"].text) })
        }

        @Test("KillContainer ends everything in the cgroup and below it, and nothing outside")
        func killsContainer() throws {
            let agent = try started()
            defer { agent.stop() }
            let live = try LivePolicies(agent)
            let id = String(repeating: "5ec1", count: 16)
            let path = hierarchy.root + "/docker-\(id).scope"
            try Activity.run(Step("mkdir", path), Step("mkdir", path + "/below"))
            defer { _ = try? Activity.run(.exec("/bin/rmdir", ["rmdir", path + "/below", path])) }
            // An argument of umask that nobody else gives.
            let met = 0o652
            try live.run([
                PolicySample.policy(
                    "container",
                    """
                    kprobes:
                    - call: sys_umask
                      syscall: true
                      args:
                      - index: 0
                        type: int
                      selectors:
                      - matchArgs:
                        - index: 0
                          operator: Equal
                          values: ["\(met)"]
                        matchActions:
                        - action: KillContainer
                    """)
            ])
            defer { _ = try? live.run([]) }
            let enter = Step("put", path + "/cgroup.procs", "0")
            let beside = try Activity([enter, .report, .wait])
            let below = try Activity([Step("put", path + "/below/cgroup.procs", "0"), .report, .wait])
            let outside = try Activity([.report, .wait])
            for activity in [beside, below, outside] { _ = try activity.report() }

            let victim = try agent.run(enter, .umask(met))

            #expect(victim.status == .killed(signal: SIGKILL, core: false))
            #expect(try beside.wait() == .killed(signal: SIGKILL, core: false))
            #expect(try below.wait() == .killed(signal: SIGKILL, core: false))
            outside.release()
            #expect(try outside.wait() == .exited(0))
        }

        @Test("programs of cgroups at a mount of v2 that stands nowhere see the sockets of all processes")
        func detached() throws {
            let before = Kernel.readText("/proc/self/mountinfo")
            let root = try DetachedCgroup2.root()
            #expect(Kernel.readText("/proc/self/mountinfo") == before)
            #expect(DetachedCgroup2.obstacle == nil)
            let agent = try started {
                $0.sensors.sockets = true
                $0.sensors.cgroupRoot = root
            }
            defer { agent.stop() }
            let sockets = try #require(agent.engine.sensors.status.first { $0.name == "socket" })
            #expect(sockets.mechanisms["ingress"] == "cgroup_skb/ingress")

            let story = try agent.run(.call(41, 2, 2, 0))
            _ = try story.only("socket_create")
        }

        @Test("controllers have the places that this kernel gives them, under the names of v1")
        func controllers() throws {
            let places = try KernelProbe().cgroupControllers()
            let known = Kernel.readText("/proc/cgroups").split(separator: "\n").dropFirst()
                .compactMap { $0.split(separator: "\t").first.map(String.init) }
            #expect(!known.isEmpty)
            // The kernel lists them by their places.
            #expect(known.sorted { places[$0] ?? .max < places[$1] ?? .max } == known)
            #expect(known.allSatisfy { places[$0] != nil }, "\(places)")
        }

        @Test("a hierarchy without a controller is refused in words: programs could not read it")
        func named() {
            var options = SensorOptions(agent: secd_agent(), cgroupRoot: nil)
            let named = CgroupHierarchy(
                root: "/sys/fs/cgroup/systemd", number: 1, controllers: ["name=systemd"])
            let error = #expect(throws: SensorError.self) { try options.follow(named) }
            #expect(error?.description.contains("cgroup v1 (name=systemd) at /sys/fs/cgroup/systemd") == true)
            #expect(options.hierarchy == nil)
        }
    }
}
