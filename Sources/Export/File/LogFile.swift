import Glibc
import LinuxSystem
import SystemPackage

/// The file that is being written: only whole lines, whatever happens.
///
/// * A write that the disk takes only part of is cut back to the last whole line, and the rest is
///   written again later.
/// * A process that was killed within a write leaves a partial last line: it is cut off when the file
///   is opened again, and counted.
///
/// Nothing is synchronised per write: what was written survives the end of the daemon, but the last
/// seconds may not survive a loss of power. Rotated files are synchronised before the original goes.
struct LogFile: ~Copyable {
    let path: String
    private let descriptor: OwnedFD
    let identity: FileStatus
    /// Bytes, all of whole lines.
    private(set) var size: UInt64
    /// When the first line was written: UTC, nanoseconds; nil while the file is empty.
    private(set) var begun: UInt64?
    /// Bytes of a partial last line that were found at opening and removed.
    let tornBytes: UInt64
    /// A partial line that could not be cut off yet.
    private var isTorn = false

    /// Opens or creates the file, and locks it against a second writer.
    init(path: String, permissions: UInt32) throws(SinkError) {
        let descriptor: OwnedFD
        do throws(Errno) {
            try Self.makeDirectory(of: path)
            // Readable for the search for the last line; non-blocking so that a FIFO is refused, not waited for.
            descriptor = try OwnedFD.open(
                path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, permissions: permissions)
        } catch {
            throw SinkError(operation: "open", path: path, errno: error, advice: Self.advice(error, path))
        }
        let found: Opened
        do throws(Errno) {
            found = try Opened(descriptor, permissions: permissions)
        } catch {
            throw SinkError(
                operation: "prepare", path: path, errno: error, advice: "check the file system it is on")
        }
        guard found.status.kind == .regular else {
            throw SinkError(
                operation: "write to", path: path,
                advice: "it is not a regular file; name one with --export-file")
        }
        guard found.isLocked else {
            throw SinkError(
                operation: "lock", path: path,
                advice:
                    "another process is writing it, probably another secd: give each its own --export-file")
        }
        self.path = path
        self.descriptor = descriptor
        identity = found.status
        size = found.status.size - found.tornBytes
        tornBytes = found.tornBytes
        begun = size == 0 ? nil : min(found.birth ?? .max, RealtimeClock.now)
    }

    /// Appends lines. Returns how many bytes of whole lines are in the file now, and what stopped it.
    mutating func append(_ lines: RawSpan) -> WriteProgress {
        if isTorn, let failure = cutBack() { return WriteProgress(written: 0, failure: failure) }
        var progress = descriptor.writeAll(lines)
        if progress.failure != nil {
            let whole = Self.lengthOfWholeLines(lines.extracting(0..<progress.written))
            isTorn = whole < progress.written
            progress.written = whole
        }
        if progress.written > 0, begun == nil { begun = RealtimeClock.now }
        size += UInt64(progress.written)
        if isTorn { _ = cutBack() }
        return progress
    }

    private mutating func cutBack() -> Errno? {
        do throws(Errno) {
            try descriptor.truncate(to: size)
            isTorn = false
            return nil
        } catch {
            return error
        }
    }

    /// Whether the file has no name any more: what is written to it would be gone.
    var isDeleted: Bool { (try? FileStatus(descriptor))?.links == 0 }

    /// Whether the path still leads to this file, and not to another or to none.
    var isAtItsPath: Bool { (try? FileStatus(path: path))?.isSameFile(as: identity) ?? false }

    /// Waits until the data is on the disk.
    func synchronize() {
        // A disk that cannot says so in the kernel's log; the daemon could do nothing about it.
        try? descriptor.synchronize()
    }

    // MARK: Lines

    private static func lengthOfWholeLines(_ bytes: RawSpan) -> Int {
        var length = bytes.byteCount
        while length > 0, bytes.unsafeByte(at: length - 1) != UInt8(ascii: "\n") { length -= 1 }
        return length
    }

    // MARK: Opening

    /// Makes the file's directory where only that is missing; a missing parent is more likely a
    /// mistake in the path.
    private static func makeDirectory(of path: String) throws(Errno) {
        guard let directory = PathText.directory(of: path) else { return }
        do throws(Errno) {
            _ = try FileStatus(path: directory)
        } catch  where error == .noSuchFileOrDirectory {
            try FileTree.makeDirectory(directory, permissions: 0o750)
        }
    }

    private static func advice(_ failure: Errno, _ path: String) -> String {
        let directory = PathText.directory(of: path) ?? "."
        return switch failure {
        case .noSuchFileOrDirectory:
            "the directory does not exist: create it (mkdir -p -m 0750 \(directory)), or name another file with --export-file"
        case .permissionDenied, .notPermitted:
            "secd runs as uid \(geteuid()) and may not write there: change the owner of \(directory), or name another file with --export-file"
        case .tooManySymbolicLinkLevels:
            "it is a symbolic link, which is refused because whoever made it could redirect the events: name the target itself"
        case .readOnlyFileSystem:
            "the file system is read-only: under systemd, add \(directory) to ReadWritePaths=, or name another file with --export-file"
        case .notDirectory, .isDirectory:
            "--export-file takes the path of a file in a directory"
        case .noSpace:
            "the disk is full: make room, or name another file with --export-file"
        default:
            "name another file with --export-file"
        }
    }
}

/// What was found when the file was opened, and put right.
private struct Opened {
    var status: FileStatus
    var birth: UInt64?
    var isLocked = false
    var tornBytes: UInt64 = 0

    init(_ file: borrowing OwnedFD, permissions: UInt32) throws(Errno) {
        status = try FileStatus(file)
        guard status.kind == .regular else { return }
        isLocked = try file.lockExclusively()
        guard isLocked else { return }
        // Whatever the umask made of it, and whatever an older version chose.
        if status.permissions != permissions { try file.setPermissions(permissions) }
        birth = FileStatus.birth(of: file)
        let whole = try Self.endOfLastLine(file, size: status.size)
        tornBytes = status.size - whole
        if tornBytes > 0 { try file.truncate(to: whole) }
    }

    /// Offset behind the last newline of the file.
    private static func endOfLastLine(_ file: borrowing OwnedFD, size: UInt64) throws(Errno) -> UInt64 {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var end = size
        while end > 0 {
            let start = end > UInt64(buffer.count) ? end - UInt64(buffer.count) : 0
            let count = min(try file.read(into: &buffer, at: start), Int(end - start))
            if let newline = buffer[..<count].lastIndex(of: UInt8(ascii: "\n")) {
                return start + UInt64(newline) + 1
            }
            end = start
        }
        return 0
    }
}

extension RawSpan {
    @inline(__always)
    fileprivate func unsafeByte(at index: Int) -> UInt8 {
        unsafe unsafeLoad(fromByteOffset: index, as: UInt8.self)
    }
}
