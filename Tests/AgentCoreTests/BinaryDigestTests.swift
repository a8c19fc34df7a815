import AgentCore
import CEventABI
import Crypto
import EventModel
import Glibc
import LinuxSystem
import Testing

/// Digests of executables: those of the real contents, of no others, and never waited for too long.
@Suite struct BinaryDigestTests {
    private let folder = Folder()
    /// As long as it takes, for what must not depend on the machine.
    private let digests = BinaryDigests(patience: 60_000_000_000)

    private func sha256(_ bytes: [UInt8]) -> BinaryDigests.Answer {
        let text = SHA256.hash(data: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        return .digest(Array(text.joined().utf8))
    }

    /// The exec record of a file as it is now, by a process that is gone.
    private func exec(_ path: String) throws -> secd_exec {
        let status = try FileStatus(path: path)
        var exec = secd_exec()
        exec.image.pid = UInt32.max
        exec.binary_inode.number = status.inode
        exec.binary_inode.ctime_ns = status.changed
        exec.binary_inode.size = status.size
        // From stat(2)'s form (sys/sysmacros.h) to the kernel's; /tmp has a small major number.
        let minor = status.device & 0xff | status.device >> 12 & 0xfff00
        exec.binary_inode.device = UInt32(status.device >> 8 & 0xfff) << 20 | UInt32(minor)
        return exec
    }

    private func ask(_ path: String, as exec: secd_exec? = nil) throws -> BinaryDigests.Answer {
        digests.digest(of: try exec ?? self.exec(path), path: Array(path.utf8)[...])
    }

    @Test(arguments: [0, 1, 262_143, 262_144, 1_000_003])
    func isThatOfTheContents(_ size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let path = folder.write("program", bytes)

        #expect(try ask(path) == sha256(bytes))
    }

    /// FIPS 180-4: the empty message, so that the test does not believe one library alone.
    @Test func isAsPublished() throws {
        let known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        #expect(try ask(folder.write("program", [])) == .digest(Array(known.utf8)))
    }

    @Test func followsAChangeInPlace() throws {
        let path = folder.write("program", Array("one".utf8))
        let before = try exec(path)
        #expect(try ask(path) == sha256(Array("one".utf8)))
        folder.write("program", Array("two".utf8), differentFrom: before.binary_inode.ctime_ns)
        let after = try exec(path)

        #expect(after.binary_inode.number == before.binary_inode.number)
        #expect(try ask(path) == sha256(Array("two".utf8)))
    }

    @Test func isRememberedWhenTheFileIsGone() throws {
        let path = folder.write("program", Array("one".utf8))
        // Old enough that no change can hide in the same tick of the clock.
        usleep(50_000)
        let exec = try exec(path)
        #expect(try ask(path, as: exec) == sha256(Array("one".utf8)))
        unsafe unlink(path)

        #expect(try ask(path, as: exec) == sha256(Array("one".utf8)))
    }

    /// A change within the same tick of the clock would not show.
    @Test func aYoungFileIsReadAgain() throws {
        var age = UInt64.max
        // A machine that is busy may need several tries to be quick enough.
        for _ in 0..<1000 where age >= 20_000_000 {
            let path = folder.write("program", Array("one".utf8))
            let exec = try exec(path)
            #expect(try ask(path, as: exec) == sha256(Array("one".utf8)))
            age = RealtimeClock.now &- exec.binary_inode.ctime_ns
            unsafe unlink(path)
            let answer = try ask(path, as: exec)
            if age < 20_000_000 { #expect(answer == .missing(.unreadable)) }
        }
        #expect(age < 20_000_000)
    }

    /// The file has another identity than the one that was executed: no digest, and none is kept.
    @Test(arguments: ["device", "inode", "ctime"])
    func isOfNoOtherFile(_ difference: String) throws {
        let path = folder.write("program", Array("one".utf8))
        var other = try exec(path)
        switch difference {
        case "device": other.binary_inode.device += 1
        case "inode": other.binary_inode.number += 1
        default: other.binary_inode.ctime_ns -= 1
        }

        #expect(try ask(path, as: other) == .missing(.unreadable))
        #expect(try ask(path) == sha256(Array("one".utf8)))
        #expect(try ask(path, as: other) == .missing(.unreadable))
    }

    @Test func whatIsNoFileIsNotRead() throws {
        let path = folder.path + "/pipe"
        #expect(unsafe mkfifo(path, 0o600) == 0)

        #expect(try ask(path) == .missing(.unreadable))
        #expect(try ask(folder.path) == .missing(.unreadable))
        #expect(try ask(folder.path + "/absent", as: exec(path)) == .missing(.unreadable))
    }

    @Test func largeFilesAreNotRead() throws {
        let path = folder.write("program", [])
        unsafe truncate(path, Int(BinaryDigests.largest) + 1)
        #expect(try ask(path) == .missing(.tooLarge))
    }

    @Test func nobodyWaitsWhoDoesNotWantTo() throws {
        let impatient = BinaryDigests(patience: 0)
        let path = folder.write("program", Array("one".utf8))
        usleep(50_000)
        let exec = try exec(path)
        let name = Array(path.utf8)

        #expect(impatient.digest(of: exec, path: name[...]) == .missing(.pending))
        var late: [BinaryDigests.Key: BinaryDigests.Answer] = [:]
        while late.isEmpty { late = impatient.takeLate() }
        #expect(late == [BinaryDigests.Key(exec.binary_inode): sha256(Array("one".utf8))])
        #expect(impatient.takeLate().isEmpty)
        #expect(impatient.digest(of: exec, path: name[...]) == sha256(Array("one".utf8)))
    }

    @Test func tooManyAtOnceAreRefused() throws {
        let impatient = BinaryDigests(patience: 0)
        let path = folder.write("program", [])
        // Sparse: read in a tenth of a second, while the others queue up.
        unsafe truncate(path, Int(BinaryDigests.largest))
        var exec = try exec(path)
        let large = exec
        #expect(impatient.digest(of: large, path: Array(path.utf8)[...]) == .missing(.pending))
        var answers: [BinaryDigests.Answer] = []
        for _ in 0..<300 {
            exec.binary_inode.number += 1
            answers.append(impatient.digest(of: exec, path: Array(path.utf8)[...]))
        }

        #expect(answers.prefix(255).allSatisfy { $0 == .missing(.pending) })
        #expect(answers.suffix(43).allSatisfy { $0 == .missing(.busy) })
    }
}

/// A folder that goes with the test.
private final class Folder {
    let path: String

    init() {
        var template = Array("/tmp/secd-core-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { fatalError("mkdtemp: \(errno)") }
        path = unsafe String(cString: made)
    }

    deinit {
        for name in (try? FileTree.names(in: path)) ?? [] { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    /// Writes a file, in place where it exists, until its ctime is not `stamp`: kernels have ticks of 4 ms.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8], differentFrom stamp: UInt64 = 0) -> String {
        let target = path + "/" + name
        repeat {
            guard let file = unsafe fopen(target, "we") else { fatalError("\(target): \(errno)") }
            unsafe fwrite(bytes, 1, bytes.count, file)
            unsafe fclose(file)
        } while (try? FileStatus(path: target).changed) == stamp
        return target
    }
}
