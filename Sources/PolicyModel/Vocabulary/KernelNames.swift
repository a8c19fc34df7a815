/// Kinds of namespaces, in the order of their bits in sets of changes.
public enum NamespaceKind: String, Sendable, Hashable, CaseIterable, Comparable {
    case uts = "Uts"
    case ipc = "Ipc"
    case mount = "Mnt"
    case pid = "Pid"
    case pidForChildren = "PidForChildren"
    case net = "Net"
    case time = "Time"
    case timeForChildren = "TimeForChildren"
    case cgroup = "Cgroup"
    case user = "User"

    /// Position in sets of changes.
    public var bit: UInt64 {
        switch self {
        case .uts: 0
        case .ipc: 1
        case .mount: 2
        case .pid: 3
        case .pidForChildren: 4
        case .net: 5
        case .time: 6
        case .timeForChildren: 7
        case .cgroup: 8
        case .user: 9
        }
    }

    public static func < (left: NamespaceKind, right: NamespaceKind) -> Bool { left.bit < right.bit }
}

/// Which capabilities of a process.
public enum CapabilitySet: String, Sendable, Hashable, CaseIterable {
    case effective = "Effective"
    case inheritable = "Inheritable"
    case permitted = "Permitted"
}

/// Names of numbers that the kernel's interfaces give.
public enum KernelNames {
    /// Capabilities by number; linux/capability.h.
    public static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
        "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE",
        "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
        "CAP_SYS_MODULE",
        "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT",
        "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
        "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN",
        "CAP_SYSLOG",
        "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ]

    /// Address families; linux/socket.h.
    public static let families: [String: UInt64] = [
        "AF_UNSPEC": 0, "AF_UNIX": 1, "AF_LOCAL": 1, "AF_INET": 2, "AF_AX25": 3, "AF_IPX": 4,
        "AF_APPLETALK": 5,
        "AF_NETROM": 6, "AF_BRIDGE": 7, "AF_ATMPVC": 8, "AF_X25": 9, "AF_INET6": 10, "AF_ROSE": 11,
        "AF_DECNET": 12, "AF_NETBEUI": 13, "AF_SECURITY": 14, "AF_KEY": 15, "AF_NETLINK": 16, "AF_ROUTE": 16,
        "AF_PACKET": 17, "AF_ASH": 18, "AF_ECONET": 19, "AF_ATMSVC": 20, "AF_RDS": 21, "AF_SNA": 22,
        "AF_IRDA": 23, "AF_PPPOX": 24, "AF_WANPIPE": 25, "AF_LLC": 26, "AF_IB": 27, "AF_MPLS": 28,
        "AF_CAN": 29,
        "AF_TIPC": 30, "AF_BLUETOOTH": 31, "AF_IUCV": 32, "AF_RXRPC": 33, "AF_ISDN": 34, "AF_PHONET": 35,
        "AF_IEEE802154": 36, "AF_CAIF": 37, "AF_ALG": 38, "AF_NFC": 39, "AF_VSOCK": 40, "AF_KCM": 41,
        "AF_QIPCRTR": 42, "AF_SMC": 43, "AF_XDP": 44, "AF_MCTP": 45,
    ]

    /// Protocols; netinet/in.h.
    public static let protocols: [String: UInt64] = [
        "IPPROTO_IP": 0, "IPPROTO_ICMP": 1, "IPPROTO_IGMP": 2, "IPPROTO_IPIP": 4, "IPPROTO_TCP": 6,
        "IPPROTO_EGP": 8, "IPPROTO_PUP": 12, "IPPROTO_UDP": 17, "IPPROTO_IDP": 22, "IPPROTO_TP": 29,
        "IPPROTO_DCCP": 33, "IPPROTO_IPV6": 41, "IPPROTO_RSVP": 46, "IPPROTO_GRE": 47, "IPPROTO_ESP": 50,
        "IPPROTO_AH": 51, "IPPROTO_ICMPV6": 58, "IPPROTO_MTP": 92, "IPPROTO_BEETPH": 94, "IPPROTO_ENCAP": 98,
        "IPPROTO_PIM": 103, "IPPROTO_COMP": 108, "IPPROTO_L2TP": 115, "IPPROTO_SCTP": 132,
        "IPPROTO_UDPLITE": 136,
        "IPPROTO_MPLS": 137, "IPPROTO_ETHERNET": 143, "IPPROTO_RAW": 255, "IPPROTO_MPTCP": 262,
    ]

    /// States of sockets; net/tcp_states.h.
    public static let socketStates: [String: UInt64] = [
        "TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5,
        "TCP_TIME_WAIT": 6, "TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10,
        "TCP_CLOSING": 11, "TCP_NEW_SYN_RECV": 12,
    ]

    /// File types by name: the four top bits of `i_mode`.
    public static let fileTypes: [String: UInt64] = [
        "fifo": 0x1000, "pipe": 0x1000, "chr": 0x2000, "char": 0x2000, "dir": 0x4000, "directory": 0x4000,
        "blk": 0x6000, "block": 0x6000, "reg": 0x8000, "regular": 0x8000, "lnk": 0xa000, "link": 0xa000,
        "sock": 0xc000, "socket": 0xc000,
    ]
}
