/// The files that a process runs code from, by /proc/PID/maps.
package struct MemoryMap {
    /// A mapped part of a file.
    package struct Region: Equatable {
        package var range: Range<UInt64>
        /// Where the part begins in the file.
        package var offset: UInt64
        package var inode: UInt64
        /// As the process sees it.
        package var path: [UInt8]
    }

    /// Executable regions, by address.
    package private(set) var regions: [Region] = []

    /// - Parameter text: lines `55d0-55e0 r-xp 00001000 fe:00 1234   /usr/bin/cat`.
    package init(_ text: [UInt8]) {
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count >= 5, fields[1].count > 2,
                fields[1][fields[1].startIndex + 2] == UInt8(ascii: "x")
            else { continue }
            let bounds = fields[0].split(separator: UInt8(ascii: "-"))
            guard bounds.count == 2, let start = Self.number(bounds[0]), let end = Self.number(bounds[1]),
                start < end, let offset = Self.number(fields[2]),
                let inode = UInt64(String(decoding: fields[4], as: UTF8.self))
            else { continue }
            let path = fields.count > 5 ? Array(fields[5].drop { $0 == UInt8(ascii: " ") }) : []
            regions.append(Region(range: start..<end, offset: offset, inode: inode, path: path))
        }
    }

    /// The region of an address; nil where no code is mapped.
    package func region(of address: UInt64) -> Region? { regions.first { $0.range.contains(address) } }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt64? {
        UInt64(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
