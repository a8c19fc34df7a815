extension OutputBuffer {
    /// Appends bytes as the inside of a JSON string: quotes and controls escaped, what is not
    /// UTF-8 replaced by U+FFFD, one per maximal broken part (Unicode 15, section 3.9).
    @inline(__always)
    public mutating func append(escaping bytes: RawSpan) {
        // Nearly every string needs nothing.
        if Self.isPlain(bytes) { append(bytes) } else { appendMixed(bytes) }
    }

    /// Whether no byte needs an escape.
    @inline(__always)
    private static func isPlain(_ bytes: RawSpan) -> Bool {
        let length = bytes.byteCount
        guard length >= 8 else {
            for index in 0..<length
            where needsEscape(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)) { return false }
            return true
        }
        var index = 0
        while index + 8 <= length {
            if needsEscape(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                return false
            }
            index += 8
        }
        // The last eight bytes again, instead of the rest one by one.
        return !needsEscape(unsafe bytes.unsafeLoadUnaligned(fromByteOffset: length - 8, as: UInt64.self))
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte >= 0x7f
    }

    private mutating func appendMixed(_ bytes: RawSpan) {
        var index = 0
        let length = bytes.byteCount
        while index < length {
            // Runs that need nothing are copied as one piece.
            let start = index
            while index + 8 <= length {
                let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
                if Self.needsEscape(word) { break }
                index += 8
            }
            while index < length {
                let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
                if Self.needsEscape(byte) { break }
                index += 1
            }
            if index > start { append(bytes.extracting(start..<index)) }
            guard index < length else { return }
            index += appendEscaped(bytes, at: index)
        }
    }

    /// Whether any of eight bytes is a control, a quote, a backslash, DEL or not ASCII. The classic
    /// zero-byte test on each class (Warren, Hacker's Delight, 6-1); it may say yes too often, never no.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let controls = (word &- ones &* 0x20) & ~word
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5c)
        let deletes = word ^ (ones &* 0x7f)
        let found =
            controls | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            | ((deletes &- ones) & ~deletes) | word
        return found & highs != 0
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
