import CEventABI

/// Numbers of sockets and their names (include/linux/socket.h, include/net/tcp_states.h).
public enum SocketNames {
    /// AF_UNIX.
    public static let unix: UInt16 = 1
    /// AF_INET.
    public static let inet: UInt16 = 2
    /// AF_INET6.
    public static let inet6: UInt16 = 10

    /// `AF_INET`; nil for 0 and for numbers without a name.
    public static func family(_ number: UInt16) -> StaticString? {
        switch number {
        case 0: nil
        case 1: "AF_UNIX"
        case 2: "AF_INET"
        case 10: "AF_INET6"
        case 16: "AF_NETLINK"
        case 17: "AF_PACKET"
        case 38: "AF_ALG"
        case 40: "AF_VSOCK"
        case 44: "AF_XDP"
        default: "AF_OTHER"
        }
    }

    /// `SOCK_STREAM`; nil for numbers without a name.
    public static func type(_ number: UInt16) -> StaticString? {
        switch number {
        case 1: "SOCK_STREAM"
        case 2: "SOCK_DGRAM"
        case 3: "SOCK_RAW"
        case 4: "SOCK_RDM"
        case 5: "SOCK_SEQPACKET"
        case 10: "SOCK_PACKET"
        default: nil
        }
    }

    /// `IPPROTO_TCP`; nil for families whose protocols have no such names.
    public static func protocolName(_ family: UInt16, _ number: UInt16) -> StaticString? {
        guard family == inet || family == inet6 else { return nil }
        return switch number {
        case 1: "IPPROTO_ICMP"
        case 6: "IPPROTO_TCP"
        case 17: "IPPROTO_UDP"
        case 58: "IPPROTO_ICMPV6"
        case 132: "IPPROTO_SCTP"
        case 136: "IPPROTO_UDPLITE"
        case 255: "IPPROTO_RAW"
        case 262: "IPPROTO_MPTCP"
        default: nil
        }
    }

    /// State of a TCP socket; nil for numbers that are none.
    public static func state(_ number: UInt16) -> StaticString? {
        switch number {
        case 1: "ESTABLISHED"
        case 2: "SYN_SENT"
        case 3: "SYN_RECV"
        case 4: "FIN_WAIT1"
        case 5: "FIN_WAIT2"
        case 6: "TIME_WAIT"
        case 7: "CLOSE"
        case 8: "CLOSE_WAIT"
        case 9: "LAST_ACK"
        case 10: "LISTEN"
        case 11: "CLOSING"
        case 12: "NEW_SYN_RECV"
        default: nil
        }
    }

    /// Why the owner is unknown (`SECD_OWNER_*`), as events say it; nil = it is known.
    public static func unknownOwner(_ reason: UInt16) -> StaticString? {
        switch Int32(reason) {
        case SECD_OWNER_BEFORE_START: "before_start"
        case SECD_OWNER_NOT_YET_USED: "not_yet_used"
        case SECD_OWNER_NO_PROCESS: "no_process"
        case SECD_OWNER_STORAGE_FULL: "storage_full"
        default: nil
        }
    }

    static func isSet(
        _ address: (
            UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8,
            UInt8, UInt8
        )
    ) -> Bool {
        var address = address
        return unsafe withUnsafeBytes(of: &address) { unsafe $0.contains { $0 != 0 } }
    }
}

/// errno by name (include/uapi/asm-generic/errno*.h), those that sockets and files give.
public enum ErrorNames {
    private static let names: [UInt32: StaticString] = [
        1: "EPERM", 2: "ENOENT", 4: "EINTR", 5: "EIO", 9: "EBADF", 11: "EAGAIN", 12: "ENOMEM", 13: "EACCES",
        14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 18: "EXDEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL",
        23: "ENFILE", 24: "EMFILE", 26: "ETXTBSY", 27: "EFBIG", 28: "ENOSPC", 30: "EROFS", 31: "EMLINK",
        32: "EPIPE", 36: "ENAMETOOLONG", 39: "ENOTEMPTY", 40: "ELOOP", 71: "EPROTO", 88: "ENOTSOCK",
        91: "EPROTOTYPE", 92: "ENOPROTOOPT", 93: "EPROTONOSUPPORT", 95: "EOPNOTSUPP", 97: "EAFNOSUPPORT",
        98: "EADDRINUSE", 99: "EADDRNOTAVAIL", 100: "ENETDOWN", 101: "ENETUNREACH", 103: "ECONNABORTED",
        104: "ECONNRESET", 105: "ENOBUFS", 106: "EISCONN", 107: "ENOTCONN", 110: "ETIMEDOUT",
        111: "ECONNREFUSED", 112: "EHOSTDOWN", 113: "EHOSTUNREACH", 114: "EALREADY", 115: "EINPROGRESS",
        122: "EDQUOT", 125: "ECANCELED",
    ]

    /// The name of an errno; `EOTHER` for one that is not in the table.
    public static func name(_ number: UInt32) -> StaticString {
        names[number] ?? "EOTHER"
    }
}
