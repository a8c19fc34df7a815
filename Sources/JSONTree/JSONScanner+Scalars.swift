extension JSONScanner {
    /// Moves behind a string; gives the range between its quotes.
    package static func skipString(_ text: Span<UInt8>, _ at: inout Int) throws(JSONError) -> Range<Int> {
        guard at < text.count else { throw JSONError(offset: at, reason: "the text ends early") }
        guard text[at] == UInt8(ascii: "\"") else { throw JSONError(offset: at, reason: "expected a string") }
        let start = at + 1
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                at = index + 1
                return start..<index
            }
            if byte == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            guard byte >= 0x20 else {
                throw JSONError(offset: index, reason: "control character in a string")
            }
            index += 1
        }
        throw JSONError(offset: text.count, reason: "the text ends inside a string")
    }

    /// The text of a range that `skipString` gave.
    package static func string(_ text: Span<UInt8>, _ range: Range<Int>) throws(JSONError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = text[index]
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                index += 1
                continue
            }
            guard index + 1 < range.upperBound else {
                throw JSONError(offset: index, reason: "broken escape")
            }
            let escape = text[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                bytes.append(contentsOf: try codePoint(text, &index, range.upperBound).utf8)
            default: throw JSONError(offset: index - 1, reason: "unknown escape")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `XXXX` behind `\u`, with its second half where it is a surrogate pair.
    private static func codePoint(
        _ text: Span<UInt8>, _ index: inout Int, _ end: Int
    ) throws(JSONError) -> String {
        let first = try hex4(text, &index, end)
        if let scalar = Unicode.Scalar(first) { return String(scalar) }
        if first < 0xDC00, index + 6 <= end, text[index] == UInt8(ascii: "\\"),
            text[index + 1] == UInt8(ascii: "u")
        {
            var next = index + 2
            let second = try hex4(text, &next, end)
            if (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                index = next
                return String(scalar)
            }
        }
        return "\u{FFFD}"
    }

    private static func hex4(_ text: Span<UInt8>, _ index: inout Int, _ end: Int) throws(JSONError) -> UInt32
    {
        guard index + 4 <= end else { throw JSONError(offset: index, reason: "broken \\u escape") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = text[index]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw JSONError(offset: index, reason: "broken \\u escape")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    /// A number, `true`, `false` or `null`.
    static func scalar(_ text: Span<UInt8>, _ at: inout Int) throws(JSONError) -> JSONValue {
        let start = at
        while at < text.count, isWordByte(text[at]) { at += 1 }
        guard at > start else {
            throw JSONError(offset: at, reason: at < text.count ? "expected a value" : "the text ends early")
        }
        if equals(text, start..<at, "true") { return .bool(true) }
        if equals(text, start..<at, "false") { return .bool(false) }
        if equals(text, start..<at, "null") { return .null }
        guard isNumber(text, start..<at) else { throw JSONError(offset: start, reason: "expected a value") }
        return .number(String(decoding: (start..<at).map { text[$0] }, as: UTF8.self))
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// `-? (0 | [1-9][0-9]*) (\.[0-9]+)? ([eE][+-]?[0-9]+)?`
    private static func isNumber(_ text: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var at = range.lowerBound
        func digits(_ at: inout Int, _ text: Span<UInt8>) -> Int {
            let start = at
            while at < range.upperBound, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[at]) {
                at += 1
            }
            return at - start
        }
        if text[at] == UInt8(ascii: "-") { at += 1 }
        let whole = at
        let count = digits(&at, text)
        guard count > 0, count == 1 || text[whole] != UInt8(ascii: "0") else { return false }
        if at < range.upperBound, text[at] == UInt8(ascii: ".") {
            at += 1
            guard digits(&at, text) > 0 else { return false }
        }
        if at < range.upperBound, text[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < range.upperBound, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-") {
                at += 1
            }
            guard digits(&at, text) > 0 else { return false }
        }
        return at == range.upperBound
    }
}
