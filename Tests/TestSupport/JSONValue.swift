/// A JSON text taken apart strictly (RFC 8259): numbers stay text, a key that comes twice is an
/// error, so that a line which two readers could read differently is found.
public indirect enum JSONValue: Equatable, Sendable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    public struct Malformed: Error, CustomStringConvertible {
        public var description: String
    }

    public init(_ text: String) throws {
        var parser = JSONParser(Array(text.utf8))
        self = try parser.document()
    }

    public subscript(_ key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// A value deep inside: names separated by dots, elements by their number.
    public func at(_ path: String) -> JSONValue? {
        var value: JSONValue? = self
        for part in path.split(separator: ".") {
            if case .array(let elements)? = value {
                value = Int(part).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                value = value?[String(part)]
            }
        }
        return value
    }

    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var integer: Int? {
        if case .number(let digits) = self { Int(digits) } else { nil }
    }

    public var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    public var keys: Set<String> {
        if case .object(let members) = self { Set(members.keys) } else { [] }
    }
}

private struct JSONParser {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws -> JSONValue {
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw malformed("bytes behind the value") }
        return value
    }

    private func malformed(_ problem: String) -> JSONValue.Malformed {
        JSONValue.Malformed(description: "\(problem) at byte \(index)")
    }

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { index += 1 }
    }

    private mutating func take(_ byte: Character) -> Bool {
        skipSpace()
        guard next == byte.asciiValue else { return false }
        index += 1
        return true
    }

    private mutating func value() throws -> JSONValue {
        skipSpace()
        if take("{") { return try object() }
        if take("[") { return try array() }
        if take("\"") { return .string(try string()) }
        for (word, value) in [("true", JSONValue.bool(true)), ("false", .bool(false)), ("null", .null)]
        where bytes[index...].starts(with: Array(word.utf8)) {
            index += word.utf8.count
            return value
        }
        let start = index
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { index += 1 }
        let digits = String(decoding: bytes[start..<index], as: UTF8.self)
        guard digits.wholeMatch(of: /-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/) != nil else {
            throw malformed("no value")
        }
        return .number(digits)
    }

    private mutating func object() throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        if take("}") { return .object(members) }
        repeat {
            guard take("\"") else { throw malformed("no key") }
            let key = try string()
            guard take(":") else { throw malformed("no colon") }
            guard members.updateValue(try value(), forKey: key) == nil else {
                throw malformed("key \(key) comes twice")
            }
        } while take(",")
        guard take("}") else { throw malformed("object not closed") }
        return .object(members)
    }

    private mutating func array() throws -> JSONValue {
        var elements: [JSONValue] = []
        if take("]") { return .array(elements) }
        repeat { elements.append(try value()) } while take(",")
        guard take("]") else { throw malformed("array not closed") }
        return .array(elements)
    }

    private mutating func string() throws -> String {
        var units: [UInt8] = []
        while let byte = next {
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: units, as: UTF8.self) else {
                    throw malformed("not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"): units += try escape()
            case 0..<0x20: throw malformed("control byte in a string")
            default: units.append(byte)
            }
        }
        throw malformed("string not closed")
    }

    private mutating func escape() throws -> [UInt8] {
        let plain: [UInt8: UInt8] = [
            0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09,
        ]
        guard let byte = next else { throw malformed("escape cut") }
        index += 1
        if let unit = plain[byte] { return [unit] }
        let digits = String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self)
        guard byte == UInt8(ascii: "u"), digits.utf8.count == 4, let code = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(code)
        else { throw malformed("escape") }
        index += 4
        return Array(String(scalar).utf8)
    }
}
