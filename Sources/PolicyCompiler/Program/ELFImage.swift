/// A program or library in its file: headers, segments and sections.
///
/// Every byte is hostile: offsets, sizes and counts are checked where they are read, and nothing is read
/// whole whose size the file itself decides, beyond the limits here.
public struct ELFImage: Sendable {
    /// A part of the file that is mapped.
    struct Segment: Sendable {
        var kind: UInt32
        var flags: UInt32
        var offset: UInt64
        var address: UInt64
        var fileSize: UInt64
    }

    /// A part of the file with a name.
    struct Section: Sendable {
        var name: String
        var kind: UInt32
        var address: UInt64
        var offset: UInt64
        var size: UInt64
        /// Of a table of symbols: the section with their names.
        var link: UInt32
    }

    /// Processors whose registers are known here.
    public enum Machine: Sendable, Hashable { case x86, arm64, other }

    /// Headers of segments and of sections; the largest programs have some dozens.
    static let segmentLimit = 4096
    static let sectionLimit = 65_535
    /// Bytes of names of sections.
    private static let nameLimit: UInt64 = 4 << 20

    // elf(5)
    static let loaded: UInt32 = 1
    static let noteSegment: UInt32 = 4
    static let isExecutable: UInt32 = 1
    static let noBits: UInt32 = 8
    private static let headerLength = 64
    private static let segmentLength = 56
    private static let sectionLength = 64

    let bytes: any ProgramBytes
    /// What its code is for.
    public let machine: Machine
    let segments: [Segment]
    let sections: [Section]

    /// Reads the headers.
    /// - Throws: where the file is no program of 64 bits, or is cut off.
    public init(_ bytes: any ProgramBytes) throws(ProgramObstacle) {
        self.bytes = bytes
        guard let head = bytes.read(at: 0, count: 20).map(LittleEndian.init),
            head.bytes[..<4] == [0x7f, 0x45, 0x4c, 0x46]
        else { throw ProgramObstacle(.file, "is no ELF file") }
        guard head.bytes[4] == 2, head.bytes[5] == 1 else {
            throw ProgramObstacle(.file, "is no 64-bit little-endian ELF file")
        }
        guard let header = bytes.read(at: 0, count: Self.headerLength).map(LittleEndian.init) else {
            throw ProgramObstacle(.file, "is an ELF file that is cut off")
        }
        switch header.u16(18) {
        case 62: machine = .x86
        case 183: machine = .arm64
        default: machine = .other
        }
        segments = try Self.segments(bytes, header)
        sections = try Self.sections(bytes, header)
    }

    private static func segments(
        _ bytes: any ProgramBytes, _ header: LittleEndian
    ) throws(ProgramObstacle) -> [Segment] {
        let count = Int(header.u16(56))
        guard count > 0 else { return [] }
        guard count <= segmentLimit, Int(header.u16(54)) == segmentLength,
            let table = bytes.read(at: header.u64(32), count: count * segmentLength).map(LittleEndian.init)
        else { throw ProgramObstacle(.file, "is an ELF file whose segments cannot be read") }
        return (0..<count).map { index in
            let at = index * segmentLength
            return Segment(
                kind: table.u32(at), flags: table.u32(at + 4), offset: table.u64(at + 8),
                address: table.u64(at + 16), fileSize: table.u64(at + 32))
        }
    }

    private static func sections(
        _ bytes: any ProgramBytes, _ header: LittleEndian
    ) throws(ProgramObstacle) -> [Section] {
        let count = Int(header.u16(60))
        // Stripped of all of them, a program still has its segments.
        guard count > 0, header.u64(40) > 0 else { return [] }
        guard Int(header.u16(58)) == sectionLength, count <= sectionLimit,
            let table = bytes.read(at: header.u64(40), count: count * sectionLength).map(LittleEndian.init)
        else { throw ProgramObstacle(.file, "is an ELF file whose sections cannot be read") }
        let namesIndex = Int(header.u16(62))
        var names = LittleEndian([])
        if namesIndex < count {
            let at = namesIndex * sectionLength
            let size = min(table.u64(at + 32), nameLimit)
            names = LittleEndian(bytes.read(at: table.u64(at + 24), count: Int(size)) ?? [])
        }
        return (0..<count).map { index in
            let at = index * sectionLength
            return Section(
                name: names.string(Int(table.u32(at)), limit: 64), kind: table.u32(at + 4),
                address: table.u64(at + 16), offset: table.u64(at + 24), size: table.u64(at + 32),
                link: table.u32(at + 40))
        }
    }

    /// Where an address of the program lies in its file; nil where no mapped part has it.
    func offset(of address: UInt64, executable: Bool) -> UInt64? {
        for segment in segments where segment.kind == Self.loaded && address >= segment.address {
            let distance = address - segment.address
            guard distance < segment.fileSize, !executable || segment.flags & Self.isExecutable != 0 else {
                continue
            }
            let (offset, isTooLarge) = segment.offset.addingReportingOverflow(distance)
            return isTooLarge || offset >= bytes.size ? nil : offset
        }
        return nil
    }

    /// The address that code at an offset in the file has; nil where none is there.
    func address(ofCode offset: UInt64) -> UInt64? {
        segments.first {
            $0.kind == Self.loaded && $0.flags & Self.isExecutable != 0 && offset >= $0.offset
                && offset - $0.offset < $0.fileSize
        }.map { $0.address &+ (offset - $0.offset) }
    }

    /// Whether an offset in the file belongs to code.
    func isCode(_ offset: UInt64) -> Bool {
        offset < bytes.size
            && segments.contains {
                $0.kind == Self.loaded && $0.flags & Self.isExecutable != 0 && offset >= $0.offset
                    && offset - $0.offset < $0.fileSize
            }
    }

    /// The bytes of a section; nil where it has none, more than `limit`, or the file ends before it does.
    func contents(of section: Section, limit: UInt64) -> [UInt8]? {
        guard section.kind != Self.noBits, section.size <= limit else { return nil }
        return bytes.read(at: section.offset, count: Int(section.size))
    }
}

/// Numbers and text in little-endian bytes. What lies beyond the end is 0, or empty.
struct LittleEndian {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func u16(_ at: Int) -> UInt16 { UInt16(truncatingIfNeeded: number(at, 2)) }

    func u32(_ at: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(at, 4)) }

    func u64(_ at: Int) -> UInt64 { number(at, 8) }

    /// The text up to the next zero, at most `limit` bytes.
    func string(_ at: Int, limit: Int) -> String {
        guard at >= 0, at < bytes.count else { return "" }
        return String(decoding: bytes[at...].prefix(limit).prefix { $0 != 0 }, as: UTF8.self)
    }

    private func number(_ at: Int, _ count: Int) -> UInt64 {
        guard at >= 0, at <= bytes.count - count else { return 0 }
        var number: UInt64 = 0
        for index in 0..<count { number |= UInt64(bytes[at + index]) << UInt64(8 * index) }
        return number
    }
}
