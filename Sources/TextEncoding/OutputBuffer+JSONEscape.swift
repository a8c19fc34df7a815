internal import CTextScan

extension OutputBuffer {
    /// Appends bytes as the inside of a JSON string: quotes and controls escaped, what is not
    /// UTF-8 replaced by U+FFFD, one per maximal broken part (Unicode 15, section 3.9).
    public mutating func append(escaping bytes: RawSpan) {
        reserve(bytes.byteCount)
        // Nearly every string needs nothing.
        if unsafe Self.copyPlain(bytes, to: base + count) {
            advance(by: bytes.byteCount)
        } else {
            appendMixed(bytes)
        }
    }

    /// Appends a string with its quotes, and a comma before it where one is due; one check of the room.
    mutating func append(jsonString bytes: RawSpan, comma: Bool) {
        let length = bytes.byteCount
        reserve(length + 3)
        var end = unsafe base + count
        unsafe end.storeBytes(of: UInt8(ascii: ","), as: UInt8.self)
        unsafe end += comma ? 1 : 0
        unsafe end.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        if unsafe Self.copyPlain(bytes, to: end + 1) {
            unsafe end.storeBytes(of: UInt8(ascii: "\""), toByteOffset: length + 1, as: UInt8.self)
            advance(by: length + (comma ? 3 : 2))
        } else {
            advance(by: comma ? 2 : 1)
            appendMixed(bytes)
            append(UInt8(ascii: "\""))
        }
    }

    /// Copies bytes none of which needs an escape; false where one does.
    @inline(__always)
    private static func copyPlain(_ bytes: RawSpan, to place: UnsafeMutableRawPointer) -> Bool {
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return true }
            return unsafe secd_copy_plain(
                place.assumingMemoryBound(to: UInt8.self), start.assumingMemoryBound(to: UInt8.self),
                source.count)
        }
    }

    private mutating func appendMixed(_ bytes: RawSpan) {
        var index = 0
        let length = bytes.byteCount
        while index < length {
            // Runs that need nothing are copied as one piece.
            let run = unsafe bytes.withUnsafeBytes { source in
                guard let start = source.baseAddress else { return 0 }
                return unsafe secd_plain_prefix(
                    (start + index).assumingMemoryBound(to: UInt8.self), length - index)
            }
            if run > 0 { append(bytes.extracting(index..<index + run)) }
            index += run
            guard index < length else { return }
            index += appendEscaped(bytes, at: index)
        }
    }

    /// Escapes what starts at `index`; returns how many bytes it took.
    private mutating func appendEscaped(_ bytes: RawSpan, at index: Int) -> Int {
        let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0..<0x20, 0x7f:
            append("\\u00")
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        default:
            let length = UTF8Scan.sequenceLength(bytes, at: index)
            if length > 0 {
                append(bytes.extracting(index..<index + length))
                return length
            }
            append("\u{FFFD}")
            return UTF8Scan.brokenLength(bytes, at: index)
        }
        return 1
    }
}

/// Well-formed byte sequences of UTF-8 (Unicode 15, table 3-7).
enum UTF8Scan {
    /// Length of the well-formed sequence of a non-ASCII scalar at `index`, or 0.
    static func sequenceLength(_ bytes: RawSpan, at index: Int) -> Int {
        let (length, good) = scan(bytes, at: index)
        return good ? length : 0
    }

    /// Length of the broken part at `index`: at least one byte.
    static func brokenLength(_ bytes: RawSpan, at index: Int) -> Int {
        max(1, scan(bytes, at: index).length)
    }

    /// How far the bytes at `index` go along a well-formed sequence, and whether they complete it.
    private static func scan(_ bytes: RawSpan, at index: Int) -> (length: Int, good: Bool) {
        let first = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        let wanted: Int
        switch first {
        case 0xc2...0xdf: wanted = 2
        case 0xe0: (wanted, low) = (3, 0xa0)
        case 0xed: (wanted, high) = (3, 0x9f)
        case 0xe1...0xef: wanted = 3
        case 0xf0: (wanted, low) = (4, 0x90)
        case 0xf4: (wanted, high) = (4, 0x8f)
        case 0xf1...0xf3: wanted = 4
        default: return (1, false)
        }
        for offset in 1..<wanted {
            guard index + offset < bytes.byteCount else { return (offset, false) }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index + offset, as: UInt8.self)
            guard byte >= low, byte <= high else { return (offset, false) }
            (low, high) = (0x80, 0xbf)
        }
        return (wanted, true)
    }
}
