import CSystemd
import LinuxSystem

/// Words to the service manager (sd_notify(3)); nothing happens where there is none.
enum ServiceNotifier {
    static func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    static func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)") }
    static func stopping() { send("STOPPING=1") }
    static func alive() { send("WATCHDOG=1") }

    /// Nanoseconds between signs of life that the manager wants, halved; nil = none.
    static var watchdogInterval: UInt64? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return microseconds * 1000 / 2
    }

    private static var monotonicMicroseconds: UInt64 { MonotonicClock.now / 1000 }

    private static func send(_ text: String) {
        _ = unsafe sd_notify(0, text)
    }
}
