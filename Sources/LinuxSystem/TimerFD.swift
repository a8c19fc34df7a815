import CLinuxShims
import Glibc
public import SystemPackage

/// A timer that epoll can wait for (timerfd_create(2), CLOCK_MONOTONIC).
public struct TimerFD: ~Copyable, Sendable {
    private let descriptor: OwnedFD

    /// The number, to wait for with poll or epoll.
    public var raw: Int32 { descriptor.raw }

    public init() throws(Errno) {
        descriptor = try OwnedFD {
            timerfd_create(Int32(CLOCK_MONOTONIC), Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK))
        }
    }

    /// Fires after `first` nanoseconds and then every `interval`; 0 and 0 disarm it.
    public borrowing func arm(first: UInt64, every interval: UInt64 = 0) throws(Errno) {
        var setting = itimerspec()
        setting.it_value = Self.time(first)
        setting.it_interval = Self.time(interval)
        let number = descriptor.raw
        try SystemCall.result { unsafe timerfd_settime(number, 0, &setting, nil) }
    }

    /// How often it has fired since the last call.
    public borrowing func expirations() -> UInt64 {
        var count: UInt64 = 0
        return unsafe read(descriptor.raw, &count, 8) == 8 ? count : 0
    }

    private static func time(_ nanoseconds: UInt64) -> timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
