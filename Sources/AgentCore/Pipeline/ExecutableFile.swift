import CEventABI
import Crypto
import Glibc
import LinuxSystem

/// The contents of an executable, read only where the file is still the one that was executed.
struct ExecutableFile: Sendable {
    /// What the kernel executed.
    var inode: secd_inode
    var pid: UInt32
    var path: [UInt8]

    /// The SHA-256 in lower-case hexadecimal; nil where the file is gone, was changed or cannot be read.
    func digest() -> [UInt8]? {
        // The process's own link first: it leads to the file even when no name does.
        let link = try? OwnedFD { unsafe Glibc.open("/proc/\(pid)/exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        if let link, let digest = digest(of: link) { return digest }
        let name = String(decoding: path, as: UTF8.self)
        guard let named = try? OwnedFD.open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) else { return nil }
        return digest(of: named)
    }

    private func digest(of file: borrowing OwnedFD) -> [UInt8]? {
        guard let before = try? FileStatus(file), isExecuted(file, before) else { return nil }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var read: UInt64 = 0
        // No further than the size of before: a file that grows while it is read has changed.
        while read <= before.size {
            guard let count = try? file.read(into: &buffer) else { return nil }
            if count == 0 { break }
            hash.update(data: buffer[..<count])
            read += UInt64(count)
        }
        guard read == before.size, let after = try? FileStatus(file), after == before else { return nil }
        return hash.finalize().flatMap { byte in [Self.hexadecimal(byte >> 4), Self.hexadecimal(byte & 15)] }
    }

    /// Whether an open file is the one that was executed, with the contents of then.
    private func isExecuted(_ file: borrowing OwnedFD, _ status: FileStatus) -> Bool {
        guard status.kind == .regular, status.inode == inode.number, status.changed == inode.ctime_ns else {
            return false
        }
        return ProcfsImage.kernelDevice(status.device) == inode.device || mountedDevice(file) == inode.device
    }

    /// The device of the file system that a file was opened on, as the kernel knows it. btrfs and overlayfs
    /// tell stat(2) others, one for each subvolume or layer.
    private func mountedDevice(_ file: borrowing OwnedFD) -> UInt32? {
        let facts = Self.text("/proc/self/fdinfo/\(file.raw)")
        let number = facts.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }?.dropFirst(7)
            .trimmed
        guard let number else { return nil }
        // Numbers of mounts are the kernel's: one that we cannot see may be in the process's namespace.
        for list in ["/proc/self/mountinfo", "/proc/\(pid)/mountinfo"] {
            for line in Self.text(list).split(separator: "\n") {
                let fields = line.split(separator: " ", maxSplits: 3)
                guard fields.count == 4, fields[0] == number else { continue }
                let device = fields[2].split(separator: ":").compactMap { UInt32($0) }
                return device.count == 2 ? device[0] << 20 | device[1] : nil
            }
        }
        return nil
    }

    private static func text(_ path: String) -> String {
        String(decoding: ProcfsImage.read(path, limit: 4 << 20), as: UTF8.self)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}

extension Substring {
    /// Without the blanks around it.
    fileprivate var trimmed: Substring {
        let start = drop { $0 == "\t" || $0 == " " }
        return start.prefix { $0 != "\t" && $0 != " " }
    }
}
