public import TextEncoding

/// Kernel time as UTC, so that the times of a stream never go back.
///
/// Events carry CLOCK_BOOTTIME. UTC is that plus an offset, which is measured once a second. Where the
/// wall clock was set forward, times follow at once. Where it was set back, they run at half speed until it has
/// caught up: order and distances stay readable, and after twice the step they say the wall clock again.
public struct EventClock: Sendable {
    /// UTC minus CLOCK_BOOTTIME up to `since`, nanoseconds.
    private var offset: UInt64
    /// CLOCK_BOOTTIME.
    private var since: UInt64 = 0
    /// How far times were ahead of the wall clock at `since`.
    private var surplus: UInt64 = 0

    public init(offset: UInt64) {
        self.offset = offset
    }

    /// A moment of CLOCK_BOOTTIME.
    @inline(__always)
    public func time(_ boot: UInt64) -> UnixTime {
        // A wall clock that was never set back is the rule.
        if surplus == 0 { return UnixTime(nanoseconds: boot &+ offset) }
        return UnixTime(nanoseconds: boot &+ offset &- settled(at: boot))
    }

    /// How far times are ahead of the wall clock, nanoseconds.
    public func ahead(at boot: UInt64) -> UInt64 { surplus - settled(at: boot) }

    /// Takes a new measurement. Everything before `boot` must have been converted already.
    public mutating func follow(offset measured: UInt64, at boot: UInt64) {
        let current = offset &- settled(at: boot)
        offset = max(measured, current)
        surplus = current > measured ? current - measured : 0
        since = boot
    }

    private func settled(at boot: UInt64) -> UInt64 {
        boot > since ? min((boot - since) / 2, surplus) : 0
    }
}
