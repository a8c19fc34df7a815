/// The kernel's type information, as bytes: a table of offsets over a BTF blob.
///
/// Every byte is hostile: offsets, counts and type ids are checked where they are read, and walks over types
/// are bounded, because ids may form circles. Nothing is copied but the blob.
///
/// The types of a module stand on those of the kernel: its ids, names and payloads are counted on from theirs.
struct BTFImage: Sendable {
    enum Kind: UInt8 {
        case void = 0
        case int, pointer, array, structure, union, enumeration, forward, typedef, volatile, const, restrict
        case function, prototype, variable, section, float, declarationTag, typeTag, enumeration64
    }

    struct Failure: Error, Hashable {
        var reason: String
    }

    /// A type's head.
    struct Record {
        var kind: Kind
        var name: UInt32
        var count: Int
        var flag: Bool
        /// Size in bytes, or the id of another type.
        var value: UInt32
        /// Offset of what follows the head.
        var payload: Int
    }

    /// Bytes of a blob; kernels have 4 to 12 MB.
    static let sizeLimit = 64 << 20
    private static let magic: UInt16 = 0xeb9f
    private static let headLength = 12

    /// An image that another one stands on: a structure cannot hold one of its own kind.
    private final class Base: Sendable {
        let image: BTFImage
        init(_ image: BTFImage) { self.image = image }
    }

    private let bytes: [UInt8]
    private let strings: Range<Int>
    /// Offset of each own type. Without a base the first of them is void.
    private let offsets: [UInt32]
    private let base: Base?
    /// What the base has: ids below are its own, and likewise names and payloads.
    private let firstID: UInt32
    private let firstString: UInt32
    private let firstPayload: Int

    /// - Parameter base: of a module the kernel's own types.
    init(_ bytes: [UInt8], on base: BTFImage? = nil) throws(Failure) {
        guard bytes.count >= 24 else { throw Failure(reason: "shorter than its header") }
        guard bytes.count <= Self.sizeLimit else {
            throw Failure(reason: "larger than \(Self.sizeLimit) bytes")
        }
        guard Self.u16(bytes, 0) == Self.magic else { throw Failure(reason: "no BTF of this byte order") }
        let header = Int(Self.u32(bytes, 4))
        guard header >= 24, header <= bytes.count else { throw Failure(reason: "header length \(header)") }
        let types = try Self.section(bytes, header: header, offset: 8, length: 12, "types")
        strings = try Self.section(bytes, header: header, offset: 16, length: 20, "strings")
        guard strings.isEmpty || bytes[strings.upperBound - 1] == 0 else {
            throw Failure(reason: "the last string has no end")
        }
        var offsets: [UInt32] = base == nil ? [0] : []
        offsets.reserveCapacity(types.count / 20)
        var position = types.lowerBound
        while position < types.upperBound {
            guard types.upperBound - position >= Self.headLength else {
                throw Failure(reason: "a type is cut off")
            }
            let info = Self.u32(bytes, position + 4)
            guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: info >> 24) & 0x1f), kind != .void
            else {
                throw Failure(reason: "unknown kind of type")
            }
            let length = Self.headLength + Self.payloadLength(kind, count: Int(info & 0xffff))
            guard types.upperBound - position >= length else { throw Failure(reason: "a type is cut off") }
            offsets.append(UInt32(position))
            position += length
        }
        self.offsets = offsets
        self.bytes = bytes
        self.base = base.map { Base($0) }
        firstID = UInt32(base?.count ?? 0)
        firstString = base.map { $0.firstString + UInt32($0.strings.count) } ?? 0
        firstPayload = base.map { $0.firstPayload + $0.bytes.count } ?? 0
    }

    /// Number of types, those of the base included; ids are below.
    var count: Int { Int(firstID) + offsets.count }

    /// Ids of types that the base does not have.
    var ownIDs: Range<UInt32> {
        let first = max(1, firstID)
        return first..<max(first, UInt32(count))
    }

    /// The head of a type; nil for void and for ids that do not exist.
    func record(_ id: UInt32) -> Record? {
        if id < firstID { return base?.image.record(id) }
        guard id > 0, id - firstID < UInt32(offsets.count) else { return nil }
        let offset = Int(offsets[Int(id - firstID)])
        let info = Self.u32(bytes, offset + 4)
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: info >> 24) & 0x1f) else { return nil }
        return Record(
            kind: kind, name: Self.u32(bytes, offset), count: Int(info & 0xffff), flag: info >> 31 == 1,
            value: Self.u32(bytes, offset + 8), payload: firstPayload + offset + Self.headLength)
    }

    /// Word `index` of what follows a head; the index must be within the kind's payload.
    func word(_ record: Record, _ index: Int) -> UInt32 {
        if record.payload < firstPayload { return base?.image.word(record, index) ?? 0 }
        let offset = record.payload - firstPayload + index * 4
        return offset + 4 <= bytes.count ? Self.u32(bytes, offset) : 0
    }

    /// A name; empty for anonymous types and offsets that do not exist.
    func string(_ offset: UInt32) -> String { String(decoding: text(offset), as: UTF8.self) }

    /// The bytes of a name, where they are.
    func text(_ offset: UInt32) -> ArraySlice<UInt8> {
        if offset < firstString { return base?.image.text(offset) ?? [] }
        guard offset > 0, offset - firstString < UInt32(strings.count) else { return [] }
        let start = strings.lowerBound + Int(offset - firstString)
        var end = start
        while end < strings.upperBound, bytes[end] != 0 { end += 1 }
        return bytes[start..<end]
    }

    private static func payloadLength(_ kind: Kind, count: Int) -> Int {
        switch kind {
        case .int, .variable, .declarationTag: 4
        case .array: 12
        case .structure, .union, .section, .enumeration64: 12 * count
        case .enumeration, .prototype: 8 * count
        default: 0
        }
    }

    private static func section(
        _ bytes: [UInt8], header: Int, offset: Int, length: Int, _ name: String
    ) throws(Failure) -> Range<Int> {
        let start = header + Int(u32(bytes, offset))
        let end = start + Int(u32(bytes, length))
        guard start <= bytes.count, end <= bytes.count else {
            throw Failure(reason: "\(name) beyond the end")
        }
        return start..<end
    }

    private static func u16(_ bytes: [UInt8], _ offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    private static func u32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }
}
