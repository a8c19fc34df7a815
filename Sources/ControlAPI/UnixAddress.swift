import Glibc
import LinuxSystem
import SystemPackage

/// Addresses of stream sockets by path, for `bind` and `connect`.
enum UnixAddress {
    static func makeSocket() throws(Errno) -> OwnedFD {
        try OwnedFD {
            socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        }
    }

    /// Makes a call that takes the address of `path`.
    static func call(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(Errno) {
        guard path.utf8.count <= UnixSocket.longestPath else { throw .fileNameTooLong }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        try SystemCall.result {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }

    /// Tries to connect: nil when somebody listens, otherwise why not.
    static func probe(_ path: String) -> Errno? {
        do throws(Errno) {
            let descriptor = try makeSocket()
            let number = descriptor.raw
            unsafe try call(path) { unsafe connect(number, $0, $1) }
            return nil
        } catch .wouldBlock {
            // Its queue of connections is full: it is there.
            return nil
        } catch {
            return error
        }
    }
}
