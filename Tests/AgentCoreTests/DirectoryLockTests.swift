import AgentCore
import Glibc
import LinuxSystem
import Testing

/// One daemon a directory; the lock goes with its holder.
@Suite struct DirectoryLockTests {
    private static func temporary() throws -> String {
        var template = Array("/tmp/secd-lock-XXXXXX".utf8CString)
        return unsafe String(cString: try #require(unsafe mkdtemp(&template)))
    }

    private static func refusal(_ path: String) -> DaemonError? {
        do throws(DaemonError) {
            let lock = try DirectoryLock(path, purpose: "state directory", flag: "--state-dir")
            #expect(lock.path == path)
            return nil
        } catch {
            return error
        }
    }

    @Test func makesTheDirectoryForItsOwnerAlone() throws {
        let root = try Self.temporary()
        let path = root + "/a/b"
        let lock = try DirectoryLock(path, purpose: "state directory", flag: "--state-dir")
        #expect(try FileStatus(path: path).permissions == 0o700)

        lock.removeIfEmpty()
        #expect(unsafe access(path, F_OK) != 0)
        unsafe rmdir(root + "/a")
        unsafe rmdir(root)
    }

    @Test func refusesASecondOneAndSaysWhoAndWhat() throws {
        let path = try Self.temporary()
        do {
            let lock = try DirectoryLock(path, purpose: "state directory", flag: "--state-dir")
            let refusal = try #require(Self.refusal(path))
            #expect(refusal.exit == .unavailable)
            #expect(refusal.description.contains("the state directory \(path)"))
            #expect(refusal.description.contains("--state-dir"))
            _ = lock.path
        }
        // The lock is gone with its owner; the directory stays.
        #expect(Self.refusal(path)?.description == nil)
        unsafe rmdir(path)
    }

    @Test func aPlaceThatCannotBeOneIsSaid() throws {
        let root = try Self.temporary()
        let file = unsafe try #require(unsafe fopen(root + "/file", "we"))
        unsafe fclose(file)
        let refusal = try #require(Self.refusal(root + "/file/state"))

        #expect(refusal.exit == .cannotCreate)
        #expect(refusal.description.contains("--state-dir"))
        unsafe unlink(root + "/file")
        unsafe rmdir(root)
    }

    /// /proc/locks: who holds what.
    @Test func theHolderIsFoundInTheKernelsTable() {
        let table = """
            1: POSIX  ADVISORY  WRITE 811 00:1f:4711 0 EOF
            2: FLOCK  ADVISORY  WRITE 812 00:1f:47110 0 EOF
            3: FLOCK  ADVISORY  WRITE 813 fe:01:4711 0 EOF
            3: -> FLOCK  ADVISORY  WRITE 814 fe:01:4711 0 EOF
            4: FLOCK  ADVISORY  WRITE 0 fe:01:5000 0 EOF
            5: FLOCK
            """
        #expect(FileLockTable.holder(of: 4711, in: table) == 813)
        #expect(FileLockTable.holder(of: 47110, in: table) == 812)
        // In another pid namespace; nobody.
        #expect(FileLockTable.holder(of: 5000, in: table) == nil)
        #expect(FileLockTable.holder(of: 1, in: table) == nil)
    }
}
