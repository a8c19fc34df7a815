import CLinuxShims
import Glibc
public import SystemPackage

/// A descriptor to wait for, and what happened to it.
public struct PollRequest: Sendable {
    /// What to wait for, and what happened: the bits of poll(2).
    public struct Events: OptionSet, Sendable {
        /// `POLL*` bits.
        public let rawValue: Int16
        public init(rawValue: Int16) { self.rawValue = rawValue }
        /// A read would not block; also at the end of the stream.
        public static let readable = Events(rawValue: Int16(POLLIN))
        /// A write would not block.
        public static let writable = Events(rawValue: Int16(POLLOUT))
        /// Reported unasked: the descriptor is in an error state.
        public static let failed = Events(rawValue: Int16(POLLERR))
        /// Reported unasked: the other side has hung up.
        public static let hungUp = Events(rawValue: Int16(POLLHUP))
    }

    /// Borrowed: whoever waits keeps it open.
    public var descriptor: Int32
    /// What to wait for; errors and hang-ups are reported in any case.
    public var wanted: Events
    /// Set by `Polling.wait`.
    public var happened: Events = []

    public init(descriptor: Int32, wanted: Events) {
        self.descriptor = descriptor
        self.wanted = wanted
    }
}

/// Waiting for two or three descriptors, where an epoll instance would be too much.
public enum Polling {
    /// Waits until something happens or the moment `deadline` (CLOCK_MONOTONIC, nanoseconds; nil =
    /// for ever) has come. Returns false when the time was up.
    public static func wait<let count: Int>(
        _ requests: inout InlineArray<count, PollRequest>, until deadline: UInt64?
    ) throws(Errno) -> Bool {
        var raw = InlineArray<count, pollfd> { index in
            pollfd(descriptor: requests[index])
        }
        let ready = try SystemCall.result { () -> Int32 in
            // The remaining time is computed anew after an interruption.
            var remaining = timespec()
            if let deadline {
                let now = MonotonicClock.now
                let nanoseconds = deadline > now ? deadline - now : 0
                remaining.tv_sec = Int(nanoseconds / 1_000_000_000)
                remaining.tv_nsec = Int(nanoseconds % 1_000_000_000)
            }
            let bounded = deadline != nil
            var span = raw.mutableSpan
            return unsafe span.withUnsafeMutableBufferPointer { list in
                unsafe withUnsafePointer(to: &remaining) { time in
                    unsafe ppoll(list.baseAddress, nfds_t(count), bounded ? time : nil, nil)
                }
            }
        }
        for index in 0..<count {
            requests[index].happened = PollRequest.Events(rawValue: raw[index].revents)
        }
        return ready > 0
    }
}

extension pollfd {
    fileprivate init(descriptor request: PollRequest) {
        self.init(fd: request.descriptor, events: request.wanted.rawValue, revents: 0)
    }
}
