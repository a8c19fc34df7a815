import CSystemd
import Glibc
import LinuxSystem
import SystemPackage

/// Sends entries with libsystemd, and knows whether they arrive.
///
/// `sd_journal_sendv` alone cannot be trusted with that: it returns success when journald's socket
/// does not exist, and it blocks for as long as journald does not read (systemd v252,
/// src/libsystemd/sd-journal/journal-send.c). Therefore a second, connected socket says beforehand
/// whether there is room (unix_dgram_poll looks at the receiver's queue), and the socket's inode is
/// compared before and after each entry.
@safe
struct JournalLink: ~Copyable {
    enum Outcome {
        case sent
        /// Not this entry, not ever.
        case refused(Errno)
        /// Not now.
        case unavailable(Errno)
        /// A signal ended the wait.
        case interrupted
    }

    static let socketPath = "/run/systemd/journal/socket"

    private let probe: OwnedFD
    let identity: FileStatus
    /// Entries that went to this socket.
    private(set) var sent: UInt64 = 0
    private var vectors: [iovec] = unsafe []

    /// - Throws: `.noSuchFileOrDirectory` or `.connectionRefused` where no journald is there.
    init() throws(Errno) {
        let identity = try FileStatus(path: Self.socketPath)
        probe = try UnixSocket.connectDatagram(to: Self.socketPath)
        self.identity = identity
        unsafe vectors.reserveCapacity(64)
    }

    /// To wait for room with.
    var descriptor: Int32 { probe.raw }

    /// Whether journald's queue has room for an entry.
    var hasRoom: Bool {
        var requests: InlineArray<1, PollRequest> = [PollRequest(descriptor: probe.raw, wanted: .writable)]
        return (try? Polling.wait(&requests, until: 0)) ?? true
    }

    /// Sends one entry in the encoding of `JournalFieldWriter`.
    mutating func send(_ entry: RawSpan) -> Outcome {
        let result = unsafe entry.withUnsafeBytes { bytes -> Int32 in
            guard unsafe collectFields(bytes) else { return -EINVAL }
            return unsafe sd_journal_sendv(vectors, Int32(vectors.count))
        }
        switch result {
        case 0:
            // Success may mean that nobody was there; it did not if the same socket was there all the time.
            guard let now = try? FileStatus(path: Self.socketPath), Self.isSame(now, identity) else {
                return .unavailable(.connectionReset)
            }
            sent += 1
            return .sent
        case -EINTR: return .interrupted
        case -EINVAL, -E2BIG, -EMSGSIZE: return .refused(Errno(rawValue: -result))
        default: return .unavailable(Errno(rawValue: -result))
        }
    }

    /// Whether both are one socket. Inode numbers are used again, by some file systems at once, so
    /// the time of the last change counts, too.
    static func isSame(_ left: FileStatus, _ right: FileStatus) -> Bool {
        left.isSameFile(as: right) && left.changed == right.changed
    }

    /// Points `vectors` to the fields; false where the entry is malformed.
    private mutating func collectFields(_ bytes: UnsafeRawBufferPointer) -> Bool {
        unsafe vectors.removeAll(keepingCapacity: true)
        var offset = 0
        while offset < bytes.count {
            guard offset + 4 <= bytes.count else { return false }
            let length = unsafe Int(
                UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
            offset += 4
            guard length > 0, offset + length <= bytes.count else { return false }
            // sendv does not write: iovec has no const member because readv shares it.
            let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress.map { unsafe $0 + offset })
            unsafe vectors.append(iovec(iov_base: start, iov_len: length))
            offset += length
        }
        return unsafe !vectors.isEmpty
    }

    /// Datagrams that a Unix socket's queue holds at most (net.unix.max_dgram_qlen, and one more:
    /// unix_recvq_full compares with `>`).
    static var queueLength: UInt64 {
        var text = [UInt8](repeating: 0, count: 32)
        guard let file = try? OwnedFD.open("/proc/sys/net/unix/max_dgram_qlen", O_RDONLY),
            let count = try? file.read(into: &text)
        else { return 512 }
        let digits = text[..<count].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        return (UInt64(String(decoding: digits, as: UTF8.self)) ?? 512) + 1
    }
}
