import AgentModel
import Foundation
import Glibc
import LinuxSystem
import Testing

extension DaemonSuite {
    /// Daemons that watch a part of the machine, as they are started.
    @Suite struct ScopeTests {
        /// Processes that a daemon lists, by their numbers.
        private func listed(_ daemon: TestDaemon) throws -> [Int32] {
            let run = try daemon.secctl("ps", "-o", "json")
            return try JSONDecoder().decode([ProcessListing].self, from: Data(run.output.utf8))
                .map { Int32(bitPattern: $0.pid) }
        }

        /// Runs programs outside and inside, and looks at what is told and listed.
        /// - Parameters:
        ///   - enter: runs the rest of its arguments inside, as the same process.
        ///   - older: runs inside since before the daemon.
        private func check(_ daemon: TestDaemon, enter: [String], older: Program) throws {
            let outside = try Program(["/bin/sh", "-c", "/bin/true; exit 3"])
            #expect(outside.wait() == .code(3))
            let tail = FileTail(daemon.exportFile)
            let inside = try Program(enter + ["/bin/sh", "-c", "/bin/true; exit 4"])
            #expect(inside.wait() == .code(4))
            // What happened outside happened before.
            let pid = "\"pid\":\(inside.pid),"
            try #require(eventually { tail.contains("{\"process_exit\":", pid) }, "\(daemon.log)")

            let processes = try daemon.lines.filter { $0.kind.hasPrefix("process_") }
            let parents = processes.compactMap { $0.integer("parent.pid") }
            #expect(processes.count == 4, "\(processes.map(\.text))")
            let own = processes.filter { $0.pid == Int(inside.pid) }
            #expect(own.map(\.kind) == ["process_exec", "process_exit"])
            #expect(parents.filter { $0 == Int(inside.pid) }.count == 2)
            #expect(parents.filter { $0 == Int(getpid()) }.count == 2)
            #expect(try listed(daemon) == [older.pid])
            let tree = try daemon.secctl("tree").lines
            #expect(tree.count == 1, "\(tree)")
            try daemon.stop()
            #expect(try daemon.secctl("verify", daemon.exportFile).ending == .code(0))
        }

        @Test(.enabled(if: TestCgroup.root != nil, "needs a cgroup2 hierarchy"))
        func aCgroupIsToldAndListedAndNothingElse() throws {
            let cgroup = try TestCgroup("secd-daemon-scope-\(getpid())")
            let older = try Program(cgroup.wrapper + ["/bin/sleep", "600"])
            try #require(eventually { readText(cgroup.path + "/cgroup.procs") == "\(older.pid)\n" })
            let daemon = try TestDaemon.started(["--cgroup-root", cgroup.path])
            try check(daemon, enter: cgroup.wrapper, older: older)
            withExtendedLifetime(cgroup) {}
        }

        @Test(.enabled(if: TestCgroup.legacy != nil, "needs a hierarchy of cgroup v1"))
        func aCgroupOfV1IsToldAndListedAndNothingElse() throws {
            let hierarchy = try #require(TestCgroup.legacy)
            let cgroup = try TestCgroup("secd-daemon-scope-v1-\(getpid())", in: hierarchy.root)
            let older = try Program(cgroup.wrapper + ["/bin/sleep", "600"])
            try #require(eventually { readText(cgroup.path + "/cgroup.procs") == "\(older.pid)\n" })
            let daemon = try TestDaemon.started(["--cgroup-root", cgroup.path])
            #expect(daemon.log.contains("secd info: workloads by \(hierarchy)\n"), "\(daemon.log)")
            try check(daemon, enter: cgroup.wrapper, older: older)
            withExtendedLifetime(cgroup) {}
        }

        @Test(.enabled(if: CgroupMounts.named != nil, "needs a hierarchy of cgroup v1 without a controller"))
        func aHierarchyThatProgramsCannotReadIsRefused() throws {
            let named = try #require(CgroupMounts.named)
            let daemon = try TestDaemon(["--cgroup-root", named.root])
            #expect(daemon.program.wait() == .code(78))
            #expect(
                daemon.log.contains(
                    "workloads by \(named): programs find the cgroup of a process by a controller only"),
                "\(daemon.log)")
        }

        @Test func aNetworkNamespaceIsToldAndListedAndNothingElse() throws {
            let older = try Program(["/usr/bin/unshare", "--net", "/bin/sleep", "600"])
            try #require(eventually { readText("/proc/\(older.pid)/comm") == "sleep\n" })
            let namespace = "/proc/\(older.pid)/ns/net"
            let daemon = try TestDaemon.started(["--netns", namespace])
            try check(daemon, enter: ["/usr/bin/nsenter", "--net=\(namespace)", "--"], older: older)
        }

        @Test(.enabled(if: TestCgroup.root != nil, "needs a cgroup2 hierarchy"))
        func aCgroupOfAnotherMountIsRefused() throws {
            let folder = try Folder()
            let other = folder / "cgroups"
            let daemon = try TestDaemon(
                in: folder, ["--cgroup-root", other],
                wrapper: Namespace.wrapper("mkdir \(other) && mount -t cgroup2 secd-test \(other)"))
            #expect(daemon.program.wait() == .code(78))
            #expect(
                daemon.log.contains(
                    "--cgroup-root \(other) is not below the cgroup2 mount (\(TestCgroup.root ?? ""))"),
                "\(daemon.log)")
        }
    }
}

extension CgroupMounts {
    /// A hierarchy of v1 that is there for its cgroups alone.
    fileprivate static let named = ofThisProcess.all.first {
        $0.controllers.first?.hasPrefix("name=") == true
    }
}
