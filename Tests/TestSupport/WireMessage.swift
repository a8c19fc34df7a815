/// A protobuf message taken apart without a schema, straight from the encoding guide
/// (https://protobuf.dev/programming-guides/encoding): shares no code with our writer.
public struct WireMessage: Equatable {
    public enum Value: Equatable {
        case varint(UInt64)
        case bytes([UInt8])
    }

    /// Values by field number, in the order of the wire.
    public private(set) var fields: [Int: [Value]] = [:]
    /// Field numbers in the order of the wire.
    public private(set) var order: [Int] = []

    /// Returns nil for anything that is no message: cut varints, lengths beyond the end, wire types
    /// that our writer does not use.
    public init?(_ bytes: some Collection<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let key = Self.varint(&rest) else { return nil }
            let number = Int(key >> 3)
            guard number > 0 else { return nil }
            switch key & 7 {
            case 0:
                guard let value = Self.varint(&rest) else { return nil }
                fields[number, default: []].append(.varint(value))
            case 2:
                let before = rest.count
                guard let length = Self.varint(&rest), before - rest.count <= Self.longestLength,
                    length <= UInt64(rest.count)
                else { return nil }
                fields[number, default: []].append(.bytes(Array(rest.prefix(Int(length)))))
                rest = rest.dropFirst(Int(length))
            default: return nil
            }
            order.append(number)
        }
    }

    /// Bytes that the length of a field may take: C++ and Python readers refuse more (ReadSize in
    /// protobuf's parse_context.h), though a varint may have ten.
    private static var longestLength: Int { 5 }

    private static func varint<Bytes: Collection<UInt8>>(_ rest: inout Bytes) -> UInt64?
    where Bytes.SubSequence == Bytes {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }

    /// Forgets a field.
    public mutating func remove(_ number: Int) {
        fields[number] = nil
        order.removeAll { $0 == number }
    }

    /// The last varint of a field: what protobuf calls its value.
    public func varint(_ number: Int) -> UInt64? {
        guard case .varint(let value)? = fields[number]?.last else { return nil }
        return value
    }

    public func bytes(_ number: Int) -> [UInt8]? {
        guard case .bytes(let value)? = fields[number]?.last else { return nil }
        return value
    }

    /// The text of a field; nil where it is absent or not UTF-8.
    public func text(_ number: Int) -> String? {
        bytes(number).flatMap { String(validating: $0, as: UTF8.self) }
    }

    public func message(_ number: Int) -> WireMessage? {
        bytes(number).flatMap { WireMessage($0) }
    }

    /// All length-delimited values of a repeated field.
    public func all(_ number: Int) -> [[UInt8]] {
        (fields[number] ?? []).compactMap { value in
            if case .bytes(let bytes) = value { bytes } else { nil }
        }
    }

    /// The numbers of a packed repeated field; nil where it is malformed.
    public func packed(_ number: Int) -> [UInt64]? {
        guard var rest = bytes(number)?[...] else { return [] }
        var values: [UInt64] = []
        while !rest.isEmpty {
            guard let value = Self.varint(&rest) else { return nil }
            values.append(value)
        }
        return values
    }
}
