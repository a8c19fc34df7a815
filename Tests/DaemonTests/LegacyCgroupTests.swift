import AgentModel
import Foundation
import Glibc
import LinuxSystem
import Testing

extension DaemonSuite {
    /// Daemons on a machine with cgroup v1 alone: they do not see the mount of v2.
    @Suite(
        .enabled(
            if: TestCgroup.legacy != nil && TestCgroup.root != nil, "needs a hierarchy of cgroup v1 beside v2"
        ))
    struct LegacyCgroupTests {
        private let hierarchy: CgroupHierarchy
        private let withoutV2: [String]

        init() throws {
            hierarchy = try #require(TestCgroup.legacy)
            withoutV2 = Namespace.wrapper("umount \(try #require(TestCgroup.root))")
        }

        @Test func processesAreToldWithTheirCgroupsOfV1() throws {
            let daemon = try TestDaemon.started(wrapper: withoutV2)
            #expect(daemon.log.contains("secd info: workloads by \(hierarchy)\n"), "\(daemon.log)")
            let name = "secd-legacy-\(getpid())"
            let cgroup = try TestCgroup(name, in: hierarchy.root)
            let inside = try Program(cgroup.wrapper + ["/bin/sh", "-c", "/bin/true; exit 4"])
            #expect(inside.wait() == .code(4))

            let execs = try daemon.lines(2) {
                $0.kind == "process_exec" && $0["process.cgroup.path"] == "/" + name
            }
            #expect(execs.map(\.pid).first == Int(inside.pid))
            #expect(execs.count == 2)
            try daemon.stop()
            #expect(try daemon.secctl("verify", daemon.exportFile).ending == .code(0))
            withExtendedLifetime(cgroup) {}
        }

        /// Programs of cgroups are at the root of v2 all the same, by a mount that nobody sees.
        @Test func namesOfHostsAreStillReadFromTheirAnswers() throws {
            let daemon = try TestDaemon.started(wrapper: withoutV2)
            let sockets = try #require(try daemon.status.sensors.first { $0.name == "socket" })
            #expect(sockets.mechanisms["ingress"] == "cgroup_skb/ingress")
            let mounts = readText("/proc/\(daemon.pid)/mountinfo")
            #expect(!mounts.contains(" - cgroup2 "), "\(mounts)")
            #expect(try daemon.secctl("doctor", "-o", "json").output.contains("cgroup v1"))
            try daemon.stop()
        }

        @Test(.enabled(if: RuncContainers.obstacle == nil, "needs runc and busybox that run containers"))
        func aHookBringsAContainerBeforeItsFirstInstruction() throws {
            let folder = try Folder()
            let containers = try RuncContainers(in: folder)
            let daemon = try TestDaemon.started(in: folder, wrapper: withoutV2)
            let chosen = RuncContainers.id("legacy")
            let added = try daemon.secctl(
                "policy", "add", try folder.write("secret.yaml", HookTests.policy(chosen)))
            try #require(added.ending == .code(0), "\(added.errors)")
            let hook = RuncContainers.hook(
                ["--socket", TestDaemon.socket(in: folder), "--config", folder / "secd.yaml"])

            let run = try containers.run("legacy", ["cat", "/secret"], hooks: ["createRuntime": [hook]])
            #expect(run.ending == .code(128 + SIGKILL), "\(run.errors)")
            #expect(run.output.isEmpty)
            let other = try containers.run("beside", ["cat", "/secret"], hooks: ["createRuntime": [hook]])
            #expect(other.output == "secret\n")

            let first = try daemon.lines(2) {
                $0.kind == "process_exec" && $0["process.arguments"] == "cat /secret"
            }
            #expect(
                first.map { $0["process.workload.name"] }.sorted()
                    == [chosen, RuncContainers.id("beside")].sorted())
            #expect(first.allSatisfy { $0["process.workload.naming"].isEmpty })
            try daemon.stop()
        }
    }
}
