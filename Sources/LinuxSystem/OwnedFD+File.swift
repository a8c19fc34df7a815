import CLinuxShims
import Glibc
public import SystemPackage

/// How far a write came, and what stopped it.
public struct WriteProgress: Sendable, Equatable {
    /// Bytes that the kernel took.
    public var written: Int
    /// Nil when it took all of them.
    public var failure: Errno?

    public init(written: Int, failure: Errno?) {
        self.written = written
        self.failure = failure
    }
}

extension OwnedFD {
    /// Opens a file: never through a symbolic link at the end of the path, never kept over an exec.
    /// - Parameters:
    ///   - flags: O_RDONLY … of open(2).
    ///   - permissions: of a file that is created, before the umask.
    public static func open(_ path: String, _ flags: Int32, permissions: UInt32 = 0o600) throws(Errno)
        -> OwnedFD
    {
        try OwnedFD { unsafe secd_open(path, flags | O_NOFOLLOW | O_CLOEXEC, permissions) }
    }

    /// Opens a file below a directory, likewise.
    public static func open(
        _ name: String, in directory: borrowing OwnedFD, _ flags: Int32, permissions: UInt32 = 0o600
    ) throws(Errno) -> OwnedFD {
        let number = directory.raw
        return try OwnedFD { unsafe secd_openat(number, name, flags | O_NOFOLLOW | O_CLOEXEC, permissions) }
    }

    /// Writes everything, in as many calls as the kernel needs. Where it takes only part (a full
    /// disk), the result says how much.
    public borrowing func writeAll(_ bytes: RawSpan) -> WriteProgress {
        let number = raw
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return WriteProgress(written: 0, failure: nil) }
            var done = 0
            while done < buffer.count {
                do throws(Errno) {
                    done += try SystemCall.result {
                        unsafe Glibc.write(number, start + done, buffer.count - done)
                    }
                } catch {
                    return WriteProgress(written: done, failure: error)
                }
            }
            return WriteProgress(written: done, failure: nil)
        }
    }

    /// Reads at most as much as `buffer` holds, from `offset` of the file or from where the last read
    /// ended; 0 = end of the file.
    public borrowing func read(into buffer: inout [UInt8], at offset: UInt64? = nil) throws(Errno) -> Int {
        let number = raw
        return try SystemCall.result {
            unsafe buffer.withUnsafeMutableBytes {
                if let offset {
                    unsafe pread(number, $0.baseAddress, $0.count, Int(clamping: offset))
                } else {
                    unsafe Glibc.read(number, $0.baseAddress, $0.count)
                }
            }
        }
    }

    /// Cuts the file to `size` bytes.
    public borrowing func truncate(to size: UInt64) throws(Errno) {
        let number = raw
        try SystemCall.result { ftruncate(number, Int(clamping: size)) }
    }

    /// Sets the permission bits.
    public borrowing func setPermissions(_ permissions: UInt32) throws(Errno) {
        let number = raw
        try SystemCall.result { fchmod(number, permissions) }
    }

    /// Waits until the data is on the disk.
    public borrowing func synchronize() throws(Errno) {
        let number = raw
        try SystemCall.result { fdatasync(number) }
    }

    /// Takes the advisory lock of the open file (flock(2)); false when another open file has it. It
    /// goes with the last descriptor, so a killed process leaves none.
    public borrowing func lockExclusively() throws(Errno) -> Bool {
        let number = raw
        return try SystemCall.nonBlocking { flock(number, LOCK_EX | LOCK_NB) } != nil
    }
}
