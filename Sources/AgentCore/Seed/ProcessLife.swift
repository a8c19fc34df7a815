import CEventABI
import EventModel
import Glibc
import LinuxSystem
import SystemPackage

/// Whether processes still exist.
enum ProcessLife {
    /// Looks for a process with the pid *and* the start time of an image (field 22 of
    /// /proc/PID/stat, clock ticks since boot): a pid alone may have been given again.
    static func exists(_ image: ProcessImage) -> Bool {
        let text = ProcfsImage.read("/proc/\(image.head.image.pid)/stat", limit: 4096)
        // The name in parentheses may contain anything, parentheses too: fields follow the last one.
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return false }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        // Field 3 (state) is the first behind the name.
        guard fields.count > 19, fields[0] != [UInt8(ascii: "Z")] else { return false }
        return isStart(fields[19], image.head.process_start_ns)
    }

    /// Whether a process with a pid began at a time (start_boottime, nanoseconds); one that has ended and is not
    /// waited for yet, too.
    static func started(_ pid: Int32, at start: UInt64) -> Bool {
        (try? Self.start(of: pid)) == ticks(start)
    }

    /// The same for those who must know whether they could find out.
    /// - Throws: what kept them from it.
    static func isAlive(_ pid: Int32, since start: UInt64) throws(Errno) -> Bool {
        try Self.start(of: pid) == ticks(start)
    }

    /// When a process began, clock ticks since boot; nil = there is none.
    /// - Throws: what keeps its entry in /proc from being read.
    static func start(of pid: Int32) throws(Errno) -> UInt64? {
        let text: [UInt8]
        do throws(Errno) {
            text = try BoundedFile.content(of: "/proc/\(pid)/stat", limit: 4096)
        } catch {
            // The second where it went between open and read.
            if error == .noSuchFileOrDirectory || error == .noSuchProcess { return nil }
            throw error
        }
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) : nil
    }

    private static func isStart(_ field: ArraySlice<UInt8>, _ start: UInt64) -> Bool {
        UInt64(String(decoding: field, as: UTF8.self)) == ticks(start)
    }

    private static func ticks(_ nanoseconds: UInt64) -> UInt64 {
        let perSecond = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        return nanoseconds / (1_000_000_000 / perSecond)
    }

    /// Whether a process runs no more and is only being taken down: exiting (PF_EXITING of
    /// include/linux/sched.h in field 9), or a zombie whose threads are exiting.
    static func isEnding(_ pid: Int32) -> Bool {
        let text = ProcfsImage.read("/proc/\(pid)/stat", limit: 4096)
        guard let close = text.lastIndex(of: UInt8(ascii: ")")) else { return true }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 6, let flags = UInt32(String(decoding: fields[6], as: UTF8.self)) else {
            return true
        }
        return flags & 0x4 != 0 || fields[0] == [UInt8(ascii: "Z")]
    }
}
