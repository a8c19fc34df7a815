import AgentCore
import Glibc
import LinuxSystem
import Testing

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
}
