import CEventABI
import Crypto
import EventModel
import Glibc
import LinuxSystem
import SystemPackage

/// SHA-256 of executables, on request: read once per file content (device, inode, ctime).
///
/// Read on the worker's thread: the first exec of a binary waits for its digest, which is why this is
/// off by default. What cannot be read in time has no digest, and is counted.
struct BinaryDigests {
    private struct Key: Hashable {
        var device: UInt32
        var inode: UInt64
        var changed: UInt64
    }

    /// Files that are remembered; the oldest go first.
    private static let limit = 8192
    /// Larger executables are not read: 256 MiB take a third of a second.
    private static let largest: UInt64 = 256 << 20

    private var known: [Key: [UInt8]] = [:]
    private var order: [Key] = []
    /// Executables without a digest: gone, changed, too large or unreadable.
    private(set) var unreadable: UInt64 = 0

    /// The digest of an image's executable in lower-case hexadecimal; empty = none.
    mutating func digest(of head: secd_exec, path: ArraySlice<UInt8>) -> [UInt8] {
        let inode = head.binary_inode
        let key = Key(device: inode.device, inode: inode.number, changed: inode.ctime_ns)
        if let digest = known[key] { return digest }
        // The process's own link first: it leads to the file even when no name does.
        let candidates = ["/proc/\(head.image.pid)/exe", String(decoding: path, as: UTF8.self)]
        for candidate in candidates {
            guard let digest = Self.read(candidate, inode) else { continue }
            known[key] = digest
            order.append(key)
            if order.count > Self.limit { known[order.removeFirst()] = nil }
            return digest
        }
        unreadable += 1
        return []
    }

    private static func read(_ path: String, _ inode: secd_inode) -> [UInt8]? {
        guard inode.size <= largest, let file = try? OwnedFD.open(path, O_RDONLY | O_CLOEXEC),
            let status = try? FileStatus(file), status.inode == inode.number
        else { return nil }
        var hash = SHA256()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            guard let count = try? file.read(into: &buffer) else { return nil }
            if count == 0 { break }
            hash.update(data: buffer[..<count])
        }
        return hash.finalize().flatMap { byte in [hexadecimal(byte >> 4), hexadecimal(byte & 15)] }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
