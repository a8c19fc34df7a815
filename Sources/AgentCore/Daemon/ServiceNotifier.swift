import CSystemd
import Glibc
import LinuxSystem

/// Words to the service manager (sd_notify(3)); nothing happens where there is none.
enum ServiceNotifier {
    static func ready(_ status: String) { send("READY=1\nSTATUS=\(status)") }
    static func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)") }
    static func stopping() { send("STOPPING=1") }
    static func alive() { send("WATCHDOG=1") }

    /// Has the manager keep a descriptor over a restart of the service (FDSTORE; it does where the unit has
    /// `FileDescriptorStoreMax`).
    static func keep(_ descriptor: Int32, _ name: String) {
        var descriptor = descriptor
        _ = unsafe sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=\(name)", &descriptor, 1)
    }

    /// Has it let go of what it keeps by a name.
    static func forget(_ name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    /// Descriptors that it kept of the service before this one, whose names begin so. They are the caller's.
    static func kept(_ beginning: String) -> [(descriptor: Int32, name: String)] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // 1: who asks again gets none.
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0, let names = unsafe names else { return [] }
        defer { unsafe free(names) }
        var kept: [(descriptor: Int32, name: String)] = []
        for index in 0..<Int(count) {
            guard let text = unsafe names[index] else { continue }
            let name = unsafe String(cString: text)
            unsafe free(text)
            // SD_LISTEN_FDS_START
            let descriptor = Int32(3 + index)
            // A manager that lies, or an environment that is not ours: by that number something of our own is open.
            guard isFanotify(descriptor) else { continue }
            if name.hasPrefix(beginning) {
                kept.append((descriptor, name))
            } else {
                close(descriptor)
            }
        }
        return kept
    }

    private static func isFanotify(_ descriptor: Int32) -> Bool {
        var text = [CChar](repeating: 0, count: 64)
        let length = unsafe readlink("/proc/self/fd/\(descriptor)", &text, text.count)
        return length > 0
            && String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                == "anon_inode:[fanotify]"
    }

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
