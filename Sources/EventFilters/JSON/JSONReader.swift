/// Reads one JSON value of a bounded size and depth into values that expressions understand.
struct JSONReader {
    /// A line holds an event; 2 MiB of arguments may become six times as long when escaped.
    static let longestText = 16 << 20
    private static let deepestNesting = 64

    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    static func value(of bytes: some Collection<UInt8>) throws(SyntaxError) -> CELValue {
        guard bytes.count <= longestText else {
            throw SyntaxError("the line is longer than \(longestText) bytes", at: longestText)
        }
        var reader = JSONReader(bytes: Array(bytes))
        let value = try reader.value()
        reader.skipSpace()
        guard reader.index == reader.bytes.count else {
            throw SyntaxError("something follows the object", at: reader.index)
        }
        return value
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var byte: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { index += 1 }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte, UInt32(byte) == scalar.value else { return false }
        index += 1
        return true
    }

    private mutating func value() throws(SyntaxError) -> CELValue {
        skipSpace()
        guard let byte else { throw SyntaxError("the line ends too early", at: index) }
        switch Unicode.Scalar(byte) {
        case "{": return try object()
        case "[": return try array()
        case "\"": return .string(try string())
        case "t": return try word("true", .bool(true))
        case "f": return try word("false", .bool(false))
        case "n": return try word("null", .null)
        case "-", "0"..."9": return try number()
        default: throw SyntaxError("a value is missing", at: index)
        }
    }

    private mutating func enter() throws(SyntaxError) {
        depth += 1
        guard depth <= Self.deepestNesting else {
            throw SyntaxError("nested deeper than \(Self.deepestNesting)", at: index)
        }
        index += 1
        skipSpace()
    }

    private mutating func object() throws(SyntaxError) -> CELValue {
        try enter()
        defer { depth -= 1 }
        var members: [String: CELValue] = [:]
        if take("}") { return .map(members) }
        while true {
            skipSpace()
            guard byte == UInt8(ascii: "\"") else { throw SyntaxError("a key is missing", at: index) }
            let key = try string()
            skipSpace()
            guard take(":") else { throw SyntaxError("a colon is missing", at: index) }
            members[key] = try value()
            skipSpace()
            if take("}") { return .map(members) }
            guard take(",") else { throw SyntaxError("a comma is missing", at: index) }
        }
    }

    private mutating func array() throws(SyntaxError) -> CELValue {
        try enter()
        defer { depth -= 1 }
        var list: [CELValue] = []
        if take("]") { return .list(list) }
        while true {
            list.append(try value())
            skipSpace()
            if take("]") { return .list(list) }
            guard take(",") else { throw SyntaxError("a comma is missing", at: index) }
        }
    }

    private mutating func word(_ text: String, _ value: CELValue) throws(SyntaxError) -> CELValue {
        guard bytes[index...].starts(with: text.utf8) else {
            throw SyntaxError("a value is missing", at: index)
        }
        index += text.utf8.count
        return value
    }

    private mutating func number() throws(SyntaxError) -> CELValue {
        let start = index
        var isInteger = true
        while let byte {
            switch Unicode.Scalar(byte) {
            case "0"..."9", "-": break
            case ".", "e", "E", "+": isInteger = false
            default: return try number(start, isInteger)
            }
            index += 1
        }
        return try number(start, isInteger)
    }

    private func number(_ start: Int, _ isInteger: Bool) throws(SyntaxError) -> CELValue {
        guard index - start <= 64 else { throw SyntaxError("a number is too long", at: start) }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        if isInteger, let value = UInt64(text) { return .uint(value) }
        guard let value = Double(text) else { throw SyntaxError("\(text) is not a number", at: start) }
        return .double(value)
    }

    private mutating func string() throws(SyntaxError) -> String {
        let start = index
        index += 1
        // Most texts have no escapes: they are taken whole.
        guard let end = bytes[index...].firstIndex(where: { $0 == 0x22 || $0 == 0x5c || $0 < 0x20 }) else {
            throw SyntaxError("a text without its end", at: start)
        }
        var text = Array(bytes[index..<end])
        index = end
        while let byte {
            index += 1
            switch byte {
            case 0x22: return String(decoding: text, as: UTF8.self)
            case 0x5c: try escape(&text)
            case ..<0x20: throw SyntaxError("a control character in a text", at: index - 1)
            default: text.append(byte)
            }
        }
        throw SyntaxError("a text without its end", at: start)
    }

    private mutating func escape(_ text: inout [UInt8]) throws(SyntaxError) {
        let start = index - 1
        guard let byte else { throw SyntaxError("a text without its end", at: start) }
        index += 1
        switch Unicode.Scalar(byte) {
        case "\"", "\\", "/": text.append(byte)
        case "b": text.append(0x08)
        case "f": text.append(0x0c)
        case "n": text.append(0x0a)
        case "r": text.append(0x0d)
        case "t": text.append(0x09)
        case "u":
            var unit = try codeUnit(start)
            if unit & 0xfc00 == 0xd800, index + 1 < bytes.count, bytes[index] == 0x5c,
                bytes[index + 1] == 0x75
            {
                index += 2
                let low = try codeUnit(start)
                // Anything but a low surrogate makes both halves meaningless.
                unit = low & 0xfc00 == 0xdc00 ? 0x10000 + (unit & 0x3ff) << 10 + low & 0x3ff : 0xfffd
            }
            text += String(Unicode.Scalar(unit) ?? "\u{fffd}").utf8
        default: throw SyntaxError("an escape that JSON does not know", at: start)
        }
    }

    private mutating func codeUnit(_ start: Int) throws(SyntaxError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte,
                let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit
                    ? UInt32(String(Unicode.Scalar(byte)), radix: 16) : nil
            else { throw SyntaxError("\\u needs four digits", at: start) }
            unit = unit << 4 | digit
            index += 1
        }
        return unit
    }
}
