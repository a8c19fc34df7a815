import AgentCore
import Foundation
import Glibc
import LinuxSystem
import SystemPackage
import Testing

/// The end of a container without `cgroup.kill`, at folders that look like cgroups of v1: who is not seen is not gone.
@Suite struct LegacyContainerEndTests {
    private let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path()
    private var hierarchy: CgroupHierarchy {
        CgroupHierarchy(root: root, number: 99, controllers: ["pids"])
    }

    private func make(_ cgroup: String, _ processes: String?) throws {
        try FileManager.default.createDirectory(atPath: root + cgroup, withIntermediateDirectories: true)
        guard let processes else { return }
        try processes.write(toFile: root + cgroup + "/cgroup.procs", atomically: false, encoding: .utf8)
    }

    private func remove() { try? FileManager.default.removeItem(atPath: root) }

    @Test func anEmptyOneHasEnded() throws {
        defer { remove() }
        try make("/c", "")
        try make("/c/below", "")
        try LegacyContainerEnd.end("/c", in: hierarchy)
    }

    @Test func oneThatIsGoneIsSaidToBe() throws {
        #expect(throws: Errno.noSuchFileOrDirectory) { try LegacyContainerEnd.end("/c", in: hierarchy) }
    }

    @Test func whoseProcessesCannotBeReadHasNotEnded() throws {
        defer { remove() }
        try make("/c", "")
        // Below it a list that is none.
        try make("/c/below/cgroup.procs", nil)
        #expect(throws: Errno.invalidArgument) { try LegacyContainerEnd.end("/c", in: hierarchy) }
    }

    @Test func oneBelowThatGoesMeanwhileHasNobodyInIt() throws {
        defer { remove() }
        try make("/c", "")
        try make("/c/below", nil)
        try LegacyContainerEnd.end("/c", in: hierarchy)
    }

    @Test func whoHasEndedIsPassedBy() throws {
        defer { remove() }
        // Beyond pid_max, so that nobody has it.
        try make("/c", "\(1 << 22 + 1)\n")
        try LegacyContainerEnd.end("/c", in: hierarchy)
    }

    /// This process is in the list, and not in that hierarchy: it is not killed, and is not said to have ended.
    @Test func aProcessWhoseCgroupCannotBeToldIsNoSuccess() throws {
        defer { remove() }
        try make("/c", "\(getpid())\n")
        #expect(throws: Errno.ioError) { try LegacyContainerEnd.end("/c", in: hierarchy) }
    }
}
