import CLinuxShims
import Glibc
public import SystemPackage

/// Waits for many descriptors (epoll(7), level-triggered). Does not own them.
public struct Epoll: ~Copyable, Sendable {
    private let descriptor: OwnedFD

    public init() throws(Errno) {
        descriptor = try OwnedFD { epoll_create1(Int32(EPOLL_CLOEXEC)) }
    }

    /// Waits for `number` from now on; `token` comes back from `wait`.
    public borrowing func add(_ number: Int32, _ wanted: PollRequest.Events, token: UInt64) throws(Errno) {
        // The bits of EPOLLIN and EPOLLOUT are those of POLLIN and POLLOUT (include/uapi/linux/eventpoll.h).
        let bits = UInt32(UInt16(bitPattern: wanted.rawValue))
        var event = unsafe epoll_event(events: bits, data: epoll_data_t(u64: token))
        let own = descriptor.raw
        try SystemCall.result { unsafe epoll_ctl(own, EPOLL_CTL_ADD, number, &event) }
    }

    /// Waits no longer for `number`.
    public borrowing func remove(_ number: Int32) throws(Errno) {
        var unused = unsafe epoll_event()
        let own = descriptor.raw
        try SystemCall.result { unsafe epoll_ctl(own, EPOLL_CTL_DEL, number, &unused) }
    }

    /// Waits at most `milliseconds` (-1 = for ever) and calls `body` with the token and the events of
    /// each descriptor that is ready, at most 16 per call.
    ///
    /// A signal ends the wait early, with nothing ready: the caller has a loop anyway.
    public borrowing func wait(
        milliseconds: Int32, _ body: (_ token: UInt64, _ happened: PollRequest.Events) -> Void
    ) throws(Errno) {
        let own = descriptor.raw
        try unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 16) { events throws(Errno) in
            let ready = unsafe epoll_wait(own, events.baseAddress, Int32(events.count), milliseconds)
            guard ready >= 0 else {
                if SystemCall.lastErrno == .interrupted { return }
                throw SystemCall.lastErrno
            }
            for index in 0..<Int(ready) {
                let happened = unsafe PollRequest.Events(
                    rawValue: Int16(truncatingIfNeeded: events[index].events))
                unsafe body(events[index].data.u64, happened)
            }
        }
    }
}
