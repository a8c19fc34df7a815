import CLinuxShims
import Glibc
public import SystemPackage

/// Signals as something to read (signalfd(2)).
///
/// Make it on the first thread before any other thread starts: it blocks the signals in the calling
/// thread, and threads inherit that.
public struct SignalFD: ~Copyable, Sendable {
    private let descriptor: OwnedFD

    /// The number, to wait for with poll or epoll.
    public var raw: Int32 { descriptor.raw }

    /// Blocks the signals in the calling thread and opens the descriptor.
    /// - Throws: `Errno` of signalfd(2).
    public init(_ signals: [Int32]) throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        try SystemCall.check(unsafe pthread_sigmask(SIG_BLOCK, &set, nil))
        let mask = set
        descriptor = try OwnedFD {
            var mask = mask
            return unsafe signalfd(-1, &mask, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        }
    }

    /// The next signal, or nil when none is pending.
    public borrowing func next() -> Int32? {
        var information = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        guard unsafe read(descriptor.raw, &information, size) == size else { return nil }
        return Int32(information.ssi_signo)
    }
}
