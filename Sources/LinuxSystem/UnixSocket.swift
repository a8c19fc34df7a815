import CLinuxShims
import Glibc
public import SystemPackage

/// Sockets of the Unix domain, by path.
public enum UnixSocket {
    /// Bytes of a path that `sun_path` holds beside its closing zero (unix(7)).
    public static let longestPath = 107

    /// A datagram socket connected to the one at `path`, non-blocking.
    /// - Throws: `.noSuchFileOrDirectory`, `.connectionRefused` (nobody has it open), `.fileNameTooLong`.
    public static func connectDatagram(to path: String) throws(Errno) -> OwnedFD {
        try connect(Int32(SOCK_DGRAM.rawValue), to: path)
    }

    /// A stream socket connected to the one at `path`, non-blocking.
    /// - Throws: also `.resourceTemporarilyUnavailable` where too many wait to be accepted.
    public static func connectStream(to path: String) throws(Errno) -> OwnedFD {
        try connect(Int32(SOCK_STREAM.rawValue), to: path)
    }

    private static func connect(_ type: Int32, to path: String) throws(Errno) -> OwnedFD {
        let descriptor = try OwnedFD {
            socket(AF_UNIX, type | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        }
        var address = try sockaddr_un(path: path)
        let number = descriptor.raw
        try SystemCall.result {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        return descriptor
    }
}

extension sockaddr_un {
    fileprivate init(path: String) throws(Errno) {
        guard path.utf8.count <= UnixSocket.longestPath else { throw .fileNameTooLong }
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    }
}
