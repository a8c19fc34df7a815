import CLinuxShims
import Glibc
public import SystemPackage

/// A counter that threads wake each other with (eventfd(2)).
public struct EventFD: ~Copyable, Sendable {
    private let descriptor: OwnedFD

    /// The number, to wait for with poll or epoll.
    public var raw: Int32 { descriptor.raw }

    public init() throws(Errno) {
        descriptor = try OwnedFD { eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK)) }
    }

    /// Makes the descriptor readable. Never blocks; safe in a signal handler.
    public borrowing func signal() {
        var one: UInt64 = 1
        // EAGAIN (the counter is at its maximum) leaves it readable, which is all that is wanted.
        _ = unsafe write(descriptor.raw, &one, 8)
    }

    /// Takes the signals so far back; false when there were none.
    @discardableResult
    public borrowing func drain() -> Bool {
        var count: UInt64 = 0
        return unsafe read(descriptor.raw, &count, 8) == 8
    }

    /// Waits for a signal until `deadline` (CLOCK_MONOTONIC, nanoseconds; nil = for ever) and leaves
    /// it standing. Returns false when the time was up.
    public borrowing func wait(until deadline: UInt64?) throws(Errno) -> Bool {
        var requests: InlineArray<1, PollRequest> = [
            PollRequest(descriptor: descriptor.raw, wanted: .readable)
        ]
        return try Polling.wait(&requests, until: deadline)
    }
}
