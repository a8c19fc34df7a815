import Foundation
import Glibc
import Synchronization

/// A service manager's end of sd_notify(3): what the daemon said, in order.
final class NotifySocket: Sendable {
    let path: String
    private let descriptor: Int32
    private let said = Mutex<[String]>([])
    private let given = Mutex<[Int32]>([])

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure("bind \(path): \(errno)") }
    }

    deinit {
        close(descriptor)
        for kept in given.withLock({ $0 }) { close(kept) }
    }

    /// Everything so far.
    var messages: [String] { said.withLock { $0 } }

    /// Descriptors that came with messages, in order. They are the socket's.
    var descriptors: [Int32] { given.withLock { $0 } }

    /// Receives until a message has this line, or `isOver`, or the time is up. Returns whether it came.
    func wait(for line: String, after count: Int = 0, seconds: Double = 60, isOver: () -> Bool = { false })
        -> Bool
    {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !messages.dropFirst(count).contains(where: {
            $0.split(separator: "\n").contains(Substring(line))
        }) {
            if ContinuousClock.now > deadline { return false }
            // An end is looked for twice a second, a message wakes at once.
            if !receive(milliseconds: 500), isOver() { return false }
        }
        return true
    }

    private func receive(milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&request, 1, milliseconds) == 1 else { return false }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // Room for one descriptor: a head of 16 bytes (struct cmsghdr) and its number.
        var control = [UInt64](repeating: 0, count: 3)
        let count = unsafe bytes.withUnsafeMutableBytes { text in
            unsafe control.withUnsafeMutableBytes { control in
                var part = unsafe iovec(iov_base: text.baseAddress, iov_len: text.count)
                return unsafe withUnsafeMutablePointer(to: &part) { part in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = part
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                    return unsafe recvmsg(descriptor, &message, 0)
                }
            }
        }
        guard count > 0 else { return false }
        // The length of the head and of one descriptor: there is one.
        if control[0] == 20 { given.withLock { $0.append(Int32(truncatingIfNeeded: control[2])) } }
        said.withLock { $0.append(String(decoding: bytes[..<count], as: UTF8.self)) }
        return true
    }
}
