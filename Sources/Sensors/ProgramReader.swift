import CLinuxShims
import Glibc
import LinuxSystem
public import PolicyCompiler
import SystemPackage

/// Programs and libraries of this machine, by the paths that policies name.
public struct ProgramReader: ProgramFiles {
    public init() {}

    /// Bytes of a file with types; those of the largest programs have some 10 MiB.
    private static let typesLimit: UInt64 = 64 << 20

    public func open(_ path: String) throws(ProgramObstacle) -> OpenProgram {
        let file = try ProgramFile(path)
        return OpenProgram(
            image: try ELFImage(file), identity: file.identity, path: "/proc/self/fd/\(file.descriptor)")
    }

    public func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    public func types(_ path: String) throws(ProgramObstacle) -> BTFKernelTypes {
        let file = try ProgramFile(path)
        let head = file.read(at: 0, count: 4)
        let bytes: [UInt8]
        if head == [0x7f, 0x45, 0x4c, 0x46] {
            guard let section = try ELFImage(file).typeInformation() else {
                throw ProgramObstacle(
                    .file, "has no section .BTF", hint: "pahole --btf_encode_detached makes a file of types")
            }
            bytes = section
        } else {
            guard file.size <= Self.typesLimit, let whole = file.read(at: 0, count: Int(file.size)) else {
                throw ProgramObstacle(.file, "is too large for a file of types")
            }
            bytes = whole
        }
        do throws(BTFKernelTypes.Failure) {
            return try BTFKernelTypes(release: path, bytes: bytes)
        } catch {
            throw ProgramObstacle(.file, "has no types: \(error.reason)")
        }
    }
}

/// An open file of a program; the descriptor goes with the last value that reads it.
private final class ProgramFile: ProgramBytes {
    let size: UInt64
    let identity: ProgramIdentity
    private let file: OwnedFD

    var descriptor: Int32 { file.raw }

    init(_ path: String) throws(ProgramObstacle) {
        do throws(Errno) {
            // Not a pipe that nobody writes to: that would wait.
            let file = try OwnedFD { unsafe secd_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0) }
            let status = try FileStatus(file)
            guard status.kind == .regular else { throw Errno.isDirectory }
            size = status.size
            identity = ProgramIdentity(
                device: status.device, inode: status.inode, changed: status.changed, size: status.size)
            self.file = file
        } catch {
            switch error {
            case .noSuchFileOrDirectory: throw ProgramObstacle(.file, "is not there")
            case .isDirectory: throw ProgramObstacle(.file, "is no file")
            default: throw ProgramObstacle(.file, "cannot be opened: \(error)")
            }
        }
    }

    func read(at offset: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, offset <= size, UInt64(count) <= size - offset else { return nil }
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            if done == 0 {
                guard let read = try? file.read(into: &bytes, at: offset), read > 0 else { return nil }
                done = read
                continue
            }
            var rest = [UInt8](repeating: 0, count: count - done)
            guard let read = try? file.read(into: &rest, at: offset + UInt64(done)), read > 0 else {
                return nil
            }
            bytes.replaceSubrange(done..<done + read, with: rest[..<read])
            done += read
        }
        return bytes
    }
}
