/// An IPv4 or IPv6 address, for the `ip()` and `cidr()` functions of filter expressions.
public struct IPAddress: Sendable, Equatable {
    /// 4 or 16 bytes, most significant first.
    public let bytes: [UInt8]

    /// 4 bytes; `::ffff:10.0.0.1` became one when it was read.
    public var isIPv4: Bool { bytes.count == 4 }

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads an address. Like Kubernetes' library it refuses leading zeros and zones, which tools
    /// read in different ways. Unlike it, it takes an IPv4 address in IPv6 clothes
    /// (`::ffff:10.0.0.1`) for the IPv4 address: that is how dual-stack servers see their clients.
    public init?(_ text: String) {
        guard text.utf8.count <= 45 else { return nil }
        guard let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.ipv6(text) : Self.ipv4(text) else {
            return nil
        }
        self.bytes = bytes
    }

    private static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard isDigits(part), part.count == 1 || part.first != "0", let byte = UInt8(part) else {
                return nil
            }
            bytes.append(byte)
        }
        return bytes
    }

    private static func ipv6(_ text: String) -> [UInt8]? {
        var head: [UInt8] = []
        var tail: [UInt8] = []
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (3...9).contains(groups.count) else { return nil }
        var gap = false
        for (index, group) in groups.enumerated() {
            if group.isEmpty {
                // "::" gives one empty part inside, two at either end.
                let atEdge = index == 0 || index == groups.count - 1
                if atEdge {
                    let neighbour = index == 0 ? groups[1] : groups[groups.count - 2]
                    guard neighbour.isEmpty else { return nil }
                    continue
                }
                guard !gap else { return nil }
                gap = true
                continue
            }
            if index == groups.count - 1, index > 0, group.contains("."), let last = ipv4(group) {
                if gap { tail += last } else { head += last }
                continue
            }
            guard group.utf8.count <= 4, group.utf8.allSatisfy({ isHexadecimal($0) }),
                let value = UInt16(group, radix: 16)
            else { return nil }
            let pair = [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
            if gap { tail += pair } else { head += pair }
        }
        let missing = 16 - head.count - tail.count
        guard gap ? missing >= 2 : missing == 0 else { return nil }
        let bytes = head + Array(repeating: 0, count: missing) + tail
        let mapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        return mapped ? Array(bytes[12...]) : bytes
    }

    private static func isDigits(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// `0.0.0.0` or `::`.
    public var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    /// `127.0.0.0/8` or `::1`.
    public var isLoopback: Bool {
        isIPv4 ? bytes[0] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
    }

    /// `169.254.0.0/16` or `fe80::/10`.
    public var isLinkLocalUnicast: Bool {
        isIPv4 ? bytes[0] == 169 && bytes[1] == 254 : bytes[0] == 0xfe && bytes[1] & 0xc0 == 0x80
    }

    /// `224.0.0.0/24` or multicast of IPv6 with the scope of a link.
    public var isLinkLocalMulticast: Bool {
        isIPv4 ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xff && bytes[1] & 0x0f == 2
    }

    private var isMulticast: Bool { isIPv4 ? bytes[0] & 0xf0 == 0xe0 : bytes[0] == 0xff }

    /// Go's definition: private addresses count.
    public var isGlobalUnicast: Bool {
        !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && bytes != [255, 255, 255, 255]
    }

    /// The canonical text (RFC 5952).
    public var text: String {
        if isIPv4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var best = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > max(best.count, 1) { best = start..<index }
            start = index + 1
        }
        let texts = groups.map { String($0, radix: 16) }
        if best.isEmpty { return texts.joined(separator: ":") }
        return texts[..<best.lowerBound].joined(separator: ":") + "::"
            + texts[best.upperBound...].joined(separator: ":")
    }
}

/// A network: an address and how many of its leading bits count.
public struct IPNetwork: Sendable, Equatable {
    /// As it was written: bits behind the prefix may be set.
    public let address: IPAddress
    /// Leading bits that count, 0 to 32 or 128.
    public let prefixLength: Int

    /// Reads `ADDRESS/LENGTH`.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), parts[1].utf8.count <= 3,
            let length = UInt8(parts[1]), parts[1].first != "+", parts[1].count == 1 || parts[1].first != "0",
            Int(length) <= address.bytes.count * 8
        else { return nil }
        self.init(address: address, prefixLength: Int(length))
    }

    init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// False for an address of the other family.
    public func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        return Self.masked(other.bytes, prefixLength) == Self.masked(address.bytes, prefixLength)
    }

    /// Whether every address of the other network is in this one.
    public func contains(_ other: IPNetwork) -> Bool {
        other.prefixLength >= prefixLength && contains(other.address)
    }

    /// The same network with its address's other bits 0.
    public var masked: IPNetwork {
        IPNetwork(
            address: IPAddress(bytes: Self.masked(address.bytes, prefixLength)), prefixLength: prefixLength)
    }

    /// `10.0.0.0/8`.
    public var text: String { "\(address.text)/\(prefixLength)" }

    private static func masked(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let bits = min(max(length - index * 8, 0), 8)
            return byte & ~UInt8(truncatingIfNeeded: 0xff >> bits)
        }
    }
}
