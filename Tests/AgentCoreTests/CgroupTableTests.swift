import AgentCore
import Glibc
import LinuxSystem
import Testing
import WorkloadModel

/// Which cgroup an id is, also for a while after its end.
@Suite struct CgroupTableTests {
    private static let container = "/docker/" + String(repeating: "0123456789abcdef", count: 4)

    @Test func namesWhatWasAdded() {
        var table = CgroupTable()
        table.add(7, Array("/system.slice/cron.service".utf8))
        table.add(8, Array(Self.container.utf8))

        #expect(table.name(7).path == Array("/system.slice/cron.service".utf8))
        #expect(table.name(7).containerID.isEmpty)
        #expect(table.name(8).containerID == Array("0123456789abcdef0123456789abcde".utf8))
        #expect(table.name(9).path.isEmpty)
        #expect(table.count == 2)
    }

    /// A process that just ended still refers to its cgroup.
    @Test func removedOnesAreKeptForAWhile() {
        var table = CgroupTable()
        for id in 1...4097 as ClosedRange<UInt64> { table.add(id, Array("/\(id)".utf8)) }
        for id in 1...4096 as ClosedRange<UInt64> { table.remove(id) }
        #expect(table.count == 4097)

        table.remove(4097)
        #expect(table.count == 4097 - 2048)
        #expect(table.name(2048).path.isEmpty)
        #expect(table.name(2049).path == Array("/2049".utf8))
    }

    @Test func isBounded() {
        var table = CgroupTable()
        for id in 1...65_537 as ClosedRange<UInt64> { table.add(id, []) }
        #expect(table.count == 65_536)
    }

    @Test func readsAHierarchy() throws {
        var template = Array("/tmp/secd-cgroups-XXXXXX".utf8CString)
        let root = unsafe String(cString: try #require(unsafe mkdtemp(&template)))
        let folders = ["", "/a", "/a/b", "/c"]
        defer { for folder in folders.reversed() { unsafe rmdir(root + folder) } }
        for folder in folders.dropFirst() { unsafe mkdir(root + folder, 0o700) }
        var table = CgroupTable()
        table.scan(root: root)

        for folder in folders {
            let path = folder.isEmpty ? "/" : folder
            #expect(table.name(try FileStatus(path: root + folder).inode).path == Array(path.utf8))
        }
        #expect(table.count == 4)
    }

    /// What is below the cgroup of a container belongs to it, also what comes later; a container in it does not.
    @Test func aProvidersWordCountsForAllBelow() {
        let inner = Self.container + "/docker/" + String(repeating: "fedcba9876543210", count: 4)
        var table = CgroupTable()
        table.add(1, Array("/".utf8))
        table.add(7, Array("/web".utf8))
        table.add(8, Array("/web/a".utf8))
        let web = Workload(kind: .container, id: "web", name: "web", runtime: "runc")
        #expect(Set(table.assign(CgroupTable.Assignment(web, cgroupID: 7))) == [7, 8])
        table.add(9, Array("/web/a/b".utf8))
        table.add(10, Array(("/web" + inner).utf8))

        #expect([7, 8, 9].allSatisfy { table.name($0).workload?.workload.name == "web" })
        #expect(table.name(10).workload?.workload.id.hasPrefix("fedc") == true)
        #expect(table.name(1).workload == nil)
        #expect(table.assign(CgroupTable.Assignment(web, cgroupID: 7)).isEmpty)
    }

    @Test func engineAndRuntimeTellOfTheSameContainer() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        var table = CgroupTable()
        table.add(8, Array(Self.container.utf8))
        var fromRuntime = Workload(kind: .container, id: id, runtime: "runc")
        fromRuntime.naming = .pending
        fromRuntime.pid = 42
        var fromEngine = Workload(kind: .container, id: id, name: "web", runtime: "docker")
        fromEngine.image.name = "nginx"
        _ = table.assign(CgroupTable.Assignment(fromRuntime, cgroupID: 8))
        #expect(table.name(8).workload?.isPending == true)
        _ = table.assign(CgroupTable.Assignment(fromEngine))
        _ = table.assign(CgroupTable.Assignment(fromRuntime, cgroupID: 8))

        let workload = table.name(8).workload?.workload
        #expect(workload?.name == "web" && workload?.runtime == "docker" && workload?.image.name == "nginx")
        #expect(workload?.pid == 42)
        #expect(workload?.naming == .known)
    }
}
