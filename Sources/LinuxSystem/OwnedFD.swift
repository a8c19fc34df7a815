import CLinuxShims
import Glibc
public import SystemPackage

/// A file descriptor with one owner: it is closed when its owner goes.
public struct OwnedFD: ~Copyable, Sendable {
    /// The number, for the duration of one call; it must not be kept.
    public let raw: Int32

    /// Takes over an open descriptor.
    public init(taking raw: Int32) {
        precondition(raw >= 0, "a descriptor is not negative")
        self.raw = raw
    }

    /// Makes the descriptor with a call that returns it, or -1 and errno.
    public init(_ call: () -> Int32) throws(Errno) {
        self.init(taking: try SystemCall.result(call))
    }

    deinit {
        // The descriptor is gone even when close reports an error (close(2), "Dealing with error returns").
        _ = Glibc.close(raw)
    }

    /// Closes, and says what the kernel reports (a delayed write error on a network file system).
    public consuming func close() throws(Errno) {
        let number = release()
        // Not repeated on EINTR: Linux has released the descriptor by then.
        if Glibc.close(number) == -1, SystemCall.lastErrno != .interrupted { throw SystemCall.lastErrno }
    }

    /// Gives the descriptor away: the caller closes it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// A second descriptor of the same open file, closed on exec.
    public borrowing func duplicate() throws(Errno) -> OwnedFD {
        let number = raw
        return try OwnedFD { Glibc.fcntl(number, F_DUPFD_CLOEXEC, 0) }
    }
}
