import Glibc

/// CLOCK_MONOTONIC: for deadlines. Does not run while the machine sleeps.
public enum MonotonicClock {
    /// Nanoseconds.
    public static var now: UInt64 { SystemClock.read(CLOCK_MONOTONIC) }
}

/// CLOCK_BOOTTIME: the clock of the kernel's events. Runs while the machine sleeps.
public enum BootClock {
    /// Nanoseconds since boot.
    public static var now: UInt64 { SystemClock.read(CLOCK_BOOTTIME) }

    /// UTC minus CLOCK_BOOTTIME, nanoseconds: adding it to an event's time gives its moment.
    ///
    /// The clocks cannot be read at once: UTC is read between two readings of the other, and the
    /// closest of three pairs counts, so that a preempted reading does not shift every timestamp.
    public static var realtimeOffset: UInt64 {
        var best: (width: UInt64, offset: UInt64) = (.max, 0)
        for _ in 0..<3 {
            let before = now
            let utc = RealtimeClock.now
            let width = now &- before
            if width < best.width { best = (width, utc &- (before &+ width / 2)) }
        }
        return best.offset
    }
}

/// CLOCK_REALTIME: UTC. Can be set, so it may go backwards.
public enum RealtimeClock {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public static var now: UInt64 { SystemClock.read(CLOCK_REALTIME) }
}

enum SystemClock {
    static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        // Cannot fail: the clock exists on every kernel that runs us, and the address is ours.
        _ = unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
