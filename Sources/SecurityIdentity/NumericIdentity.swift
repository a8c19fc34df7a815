/// The number of a set of labels: 32 bits, of which 24 fit into a tunnel's header.
public struct NumericIdentity: RawRepresentable, Sendable, Hashable, Comparable {
    /// 0 = not known, or any.
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static func < (left: NumericIdentity, right: NumericIdentity) -> Bool {
        left.rawValue < right.rawValue
    }

    /// A fixed one.
    public init(_ reserved: ReservedIdentity) { rawValue = reserved.rawValue }

    /// Where a number means what it means.
    public enum Scope: String, Sendable {
        /// Fixed: 1 to 255.
        case reserved
        /// The cluster, and those that are connected to it.
        case cluster
        /// This node: a range of addresses (bit 24).
        case cidr
        /// This node: another node (bit 25).
        case remoteNode
        /// None that is known.
        case unknown
    }

    /// First number of what this node alone says of ranges of addresses.
    public static let firstCIDR: UInt32 = 1 << 24
    /// First number of what this node alone says of other nodes.
    public static let firstRemoteNode: UInt32 = 1 << 25
    /// Numbers of a cluster that are reserved.
    public static let reservedNumbers: UInt32 = 256

    /// By the upper eight bits; below, by the reserved range.
    public var scope: Scope {
        switch rawValue >> 24 {
        case 0 where rawValue == 0: .unknown
        case 0: rawValue < Self.reservedNumbers ? .reserved : .cluster
        case 1: .cidr
        case 2: .remoteNode
        default: .unknown
        }
    }

    /// The name of a reserved number.
    public var reserved: ReservedIdentity? { ReservedIdentity(rawValue: rawValue) }
}

/// Identities with fixed numbers. Policies name them as entities.
public enum ReservedIdentity: UInt32, Sendable, CaseIterable {
    case host = 1
    case world = 2
    case unmanaged = 3
    case health = 4
    case initial = 5
    case remoteNode = 6
    case kubeAPIServer = 7
    case ingress = 8
    case worldIPv4 = 9
    case worldIPv6 = 10

    /// As in `reserved:kube-apiserver`.
    public var name: String {
        switch self {
        case .host: "host"
        case .world: "world"
        case .unmanaged: "unmanaged"
        case .health: "health"
        case .initial: "init"
        case .remoteNode: "remote-node"
        case .kubeAPIServer: "kube-apiserver"
        case .ingress: "ingress"
        case .worldIPv4: "world-ipv4"
        case .worldIPv6: "world-ipv6"
        }
    }

    /// By its name; nil where no reserved identity is called so.
    public init?(name: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

extension LabelSet {
    /// The reserved identity that these labels are: a single label of the source `reserved`.
    public var reserved: ReservedIdentity? {
        guard labels.count == 1, labels[0].source == .reserved else { return nil }
        return ReservedIdentity(name: labels[0].key)
    }

    /// Where a number for these labels has to be taken from.
    public var scope: NumericIdentity.Scope {
        if reserved != nil { return .reserved }
        let sources = Set(labels.map(\.source))
        if sources.contains(.cidr) || sources.contains(.cidrGroup) || sources.contains(.fqdn) { return .cidr }
        let remote = Label(.reserved, ReservedIdentity.remoteNode.name)
        return labels.contains(remote) ? .remoteNode : .cluster
    }
}

/// The numbers that a cluster gives out: 256 to 65535, with the cluster's id above.
public struct IdentityRange: Sendable, Equatable {
    /// How the 24 bits of a number are shared out.
    public enum Layout: Sendable {
        /// 8 bits of cluster id above 16 bits: 255 connected clusters.
        case clusters255
        /// 9 bits above 15: 511 connected clusters.
        case clusters511

        var bits: UInt32 { self == .clusters255 ? 16 : 15 }
        /// The largest id of a cluster.
        public var largestCluster: UInt32 { (1 << (24 - bits)) - 1 }
    }

    /// From the first to the last.
    public let numbers: ClosedRange<UInt32>

    /// - Parameter cluster: 0 where no others are connected; nil is returned for one that has no place.
    public init?(cluster: UInt32 = 0, layout: Layout = .clusters255) {
        guard cluster <= layout.largestCluster else { return nil }
        let base = cluster << layout.bits
        numbers = (base | NumericIdentity.reservedNumbers)...(base | ((1 << layout.bits) - 1))
    }

    /// A cluster that is connected to no other: 256 to 65535.
    public static let alone = IdentityRange(numbers: 256...65_535)

    private init(numbers: ClosedRange<UInt32>) { self.numbers = numbers }
}
