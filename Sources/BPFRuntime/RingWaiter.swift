import CLinuxShims
import Glibc
public import SystemPackage

/// Lets the reader of rings sleep: until a time has passed, a program woke it, or somebody poked it.
public struct RingWaiter: ~Copyable, Sendable {
    private let epoll: Int32
    private let event: Int32

    /// - Throws: `Errno` of the call that failed.
    public init() throws(Errno) {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw Errno(rawValue: currentErrno()) }
        let event = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard event >= 0 else {
            let code = currentErrno()
            close(epoll)
            throw Errno(rawValue: code)
        }
        self.epoll = epoll
        self.event = event
        // Cannot fail for descriptors that were made a moment ago; a wake that never comes only
        // costs the rest of one sleep.
        _ = Self.add(event, to: epoll, events: EPOLLIN.rawValue)
    }

    deinit {
        close(event)
        close(epoll)
    }

    /// Watches a ring's map. Edge-triggered: a ring that holds data must not keep the reader awake,
    /// only a producer that wakes it on purpose may.
    public func watch(_ ring: borrowing BPFMap) throws(Errno) {
        let edgeTriggered: UInt32 = 1 << 31
        if let error = Self.add(ring.descriptor, to: epoll, events: EPOLLIN.rawValue | edgeTriggered) {
            throw error
        }
    }

    private static func add(_ descriptor: Int32, to epoll: Int32, events: UInt32) -> Errno? {
        var registration = unsafe epoll_event()
        unsafe registration.events = events
        unsafe registration.data.fd = descriptor
        return unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &registration) == 0
            ? nil : Errno(rawValue: currentErrno())
    }

    /// Sleeps at most `milliseconds`; less when woken.
    public func wait(milliseconds: Int32) {
        let poked = unsafe withUnsafeTemporaryAllocation(of: epoll_event.self, capacity: 4) { events in
            let ready = unsafe epoll_wait(epoll, events.baseAddress, 4, milliseconds)
            for index in 0..<Int(max(0, ready)) where unsafe events[index].data.fd == event { return true }
            return false
        }
        // Most sleeps end by themselves, and then there is nothing to take.
        guard poked else { return }
        var count: UInt64 = 0
        unsafe read(event, &count, 8)
    }

    /// Ends a `wait`, from any thread.
    public func poke() {
        var one: UInt64 = 1
        unsafe write(event, &one, 8)
    }
}
