/// What an argument is, and therefore how it is read and what it can be compared with.
public enum ArgumentType: String, Sendable, Hashable, CaseIterable {
    /// Taken from the kernel's type information.
    case auto
    /// Keeps its place, is not read.
    case nop

    case int
    case int8, uint8, int16, uint16, int32, uint32, int64, uint64
    case sizeT = "size_t"

    case string
    case charBuf = "char_buf"
    case charIovec = "char_iovec"
    case constBuf = "const_buf"
    case dataLoc = "data_loc"

    case fd, file, filename, path, dentry, kiocb
    case iovIter = "iov_iter"
    case binprm = "linux_binprm"

    case skb, sock, sockaddr, socket
    case sockaddrUn = "sockaddr_un"
    case netDevice = "net_device"

    case cred
    case userNamespace = "user_namespace"
    case capability
    case kernelCap = "kernel_cap_t"
    case capInheritable = "cap_inheritable"
    case capPermitted = "cap_permitted"
    case capEffective = "cap_effective"

    case bpfAttr = "bpf_attr"
    case perfEvent = "perf_event"
    case bpfMap = "bpf_map"
    case bpfProg = "bpf_prog"
    case bpfCmd = "bpf_cmd"
    case loadInfo = "load_info"
    case module
    case syscall64

    /// Other names of the same types.
    private static let aliases: [String: ArgumentType] = [
        "sint8": .int8, "sint16": .int16, "sint32": .int32, "sint64": .int64, "long": .int64,
        "ulong": .uint64,
    ]

    /// The type of a name, canonical or not.
    public init?(name: String) {
        guard let found = ArgumentType(rawValue: name) ?? Self.aliases[name] else { return nil }
        self = found
    }

    /// Every accepted name.
    public static let names: [String] = allCases.map(\.rawValue) + aliases.keys.sorted()

    /// Width and sign, of types that are one number.
    public var integer: IntegerShape? {
        switch self {
        case .int, .int32: IntegerShape(bytes: 4, isSigned: true)
        case .int8: IntegerShape(bytes: 1, isSigned: true)
        case .uint8: IntegerShape(bytes: 1, isSigned: false)
        case .int16: IntegerShape(bytes: 2, isSigned: true)
        case .uint16: IntegerShape(bytes: 2, isSigned: false)
        case .uint32, .bpfCmd: IntegerShape(bytes: 4, isSigned: false)
        case .int64: IntegerShape(bytes: 8, isSigned: true)
        case .uint64, .sizeT, .syscall64: IntegerShape(bytes: 8, isSigned: false)
        case .capability: IntegerShape(bytes: 4, isSigned: true)
        case .kernelCap, .capInheritable, .capPermitted, .capEffective:
            IntegerShape(bytes: 8, isSigned: false)
        default: nil
        }
    }

    /// Whether text is compared: strings, buffers and everything that is shown as a path.
    public var textFacet: Facet? {
        switch self {
        case .string, .charBuf, .charIovec, .constBuf, .dataLoc, .netDevice, .module: .text
        case .fd, .file, .filename, .path, .dentry, .kiocb, .binprm: .path
        case .sockaddrUn: .path
        default: nil
        }
    }

    /// Whether it is a set of capabilities.
    public var isCapabilitySet: Bool {
        switch self {
        case .kernelCap, .capInheritable, .capPermitted, .capEffective: true
        default: false
        }
    }

    /// Facets of sockets, packets and addresses that conditions may name.
    public var socketFacets: Set<Facet> {
        switch self {
        case .skb:
            [.sourceAddress, .destinationAddress, .sourcePort, .destinationPort, .protocolNumber, .family]
        case .sock, .socket:
            [
                .sourceAddress, .destinationAddress, .sourcePort, .destinationPort, .protocolNumber, .family,
                .socketState,
            ]
        case .sockaddr: [.sourceAddress, .sourcePort, .family]
        case .sockaddrUn: [.family]
        default: []
        }
    }
}

/// Width and sign of a number.
public struct IntegerShape: Sendable, Hashable {
    /// 1, 2, 4 or 8.
    public var bytes: Int
    /// Two's complement.
    public var isSigned: Bool

    public init(bytes: Int, isSigned: Bool) {
        self.bytes = bytes
        self.isSigned = isSigned
    }
}

/// One side of an argument that a condition can look at.
public enum Facet: String, Sendable, Hashable, CaseIterable {
    /// The number itself.
    case number
    /// The bytes themselves.
    case text
    /// Of a file: its path, resolved by the kernel.
    case path
    case fileType
    case sourceAddress, destinationAddress
    case sourcePort, destinationPort
    case protocolNumber, family, socketState
}
