/// A file as an argument.
public struct PolicyFile: Sendable {
    /// Bytes as the kernel, or the process, has them.
    public var path: [UInt8]
    /// What is unsure about it: `SECD_PATH_*`.
    public var flags: UInt32
    /// Type and permission bits; 0 = unknown.
    public var mode: UInt16

    public init(path: [UInt8], flags: UInt32 = 0, mode: UInt16 = 0) {
        self.path = path
        self.flags = flags
        self.mode = mode
    }
}

/// A socket as an argument.
public struct PolicySocket: Sendable {
    /// `AF_*`.
    public var family: UInt16 = 0
    /// `SOCK_*`.
    public var type: UInt16 = 0
    /// `IPPROTO_*`, of internet sockets.
    public var protocolNumber: UInt16 = 0
    /// Of TCP (net/tcp_states.h).
    public var state: UInt16 = 0
    /// `SO_MARK`.
    public var mark: UInt32 = 0
    /// `SO_PRIORITY`.
    public var priority: UInt32 = 0
    /// This end: 4 or 16 bytes, or none.
    public var source: [UInt8] = []
    /// The other end, likewise.
    public var destination: [UInt8] = []
    /// Of this end.
    public var sourcePort: UInt16 = 0
    /// Of the other end.
    public var destinationPort: UInt16 = 0
    /// The kernel's socket cookie; 0 = none was drawn.
    public var cookie: UInt64 = 0

    public init() {}
}

/// A packet as an argument.
public struct PolicyPacket: Sendable {
    /// Of its flow.
    public var hash: UInt32 = 0
    /// Bytes.
    public var length: UInt32 = 0
    /// Queueing priority.
    public var priority: UInt32 = 0
    /// Of netfilter.
    public var mark: UInt32 = 0
    /// 4 or 16 bytes, or none.
    public var source: [UInt8] = []
    /// Likewise.
    public var destination: [UInt8] = []
    /// Of the transport protocol.
    public var sourcePort: UInt16 = 0
    /// Of the transport protocol.
    public var destinationPort: UInt16 = 0
    /// `IPPROTO_*`.
    public var protocolNumber: UInt16 = 0
    /// Elements of its IPsec path.
    public var securityPathLength: UInt32 = 0
    /// Elements that the hardware handled.
    public var securityPathOffloaded: UInt32 = 0
    /// `AF_*`.
    public var family: UInt16 = 0

    public init() {}
}

/// A user namespace as an argument.
public struct PolicyUserNamespace: Sendable {
    /// Depth below the initial one.
    public var level: UInt32
    /// User who made it.
    public var owner: UInt32
    /// Group of its maker.
    public var group: UInt32
    /// Inode number.
    public var inode: UInt32

    public init(level: UInt32, owner: UInt32, group: UInt32, inode: UInt32) {
        self.level = level
        self.owner = owner
        self.group = group
        self.inode = inode
    }
}

/// A kernel module as an argument.
public struct PolicyModule: Sendable {
    /// As `lsmod` shows it.
    public var name: [UInt8]
    /// nil = not judged yet.
    public var isSigned: Bool?
    /// `TAINT_*`, as bits.
    public var taints: UInt32

    public init(name: [UInt8], isSigned: Bool? = nil, taints: UInt32 = 0) {
        self.name = name
        self.isSigned = isSigned
        self.taints = taints
    }
}

/// A BPF program as an argument.
public struct PolicyBPFProgram: Sendable {
    /// `enum bpf_prog_type`.
    public var type: UInt32
    /// How many it has.
    public var instructions: UInt32
    /// As its loader called it; 15 bytes at most.
    public var name: [UInt8]

    public init(type: UInt32, instructions: UInt32, name: [UInt8]) {
        self.type = type
        self.instructions = instructions
        self.name = name
    }
}

/// A BPF map as an argument.
public struct PolicyBPFMap: Sendable {
    /// `enum bpf_map_type`.
    public var type: UInt32
    /// Bytes of a key.
    public var keySize: UInt32
    /// Bytes of a value.
    public var valueSize: UInt32
    /// At most.
    public var entries: UInt32
    /// As its maker called it; 15 bytes at most.
    public var name: [UInt8]

    public init(type: UInt32, keySize: UInt32, valueSize: UInt32, entries: UInt32, name: [UInt8]) {
        self.type = type
        self.keySize = keySize
        self.valueSize = valueSize
        self.entries = entries
        self.name = name
    }
}

/// A perf event as an argument.
public struct PolicyPerfEvent: Sendable {
    /// `enum perf_type_id`.
    public var type: UInt32
    /// What it counts, by type.
    public var config: UInt64
    /// Inside the function.
    public var probeOffset: UInt64
    /// Of a kprobe; empty = none.
    public var function: [UInt8]

    public init(type: UInt32, config: UInt64, probeOffset: UInt64, function: [UInt8]) {
        self.type = type
        self.config = config
        self.probeOffset = probeOffset
        self.function = function
    }
}
