/// A JSON value (RFC 8259), read strictly: a malformed line is a failure of the daemon.
indirect enum JSON: Sendable, CustomStringConvertible {
    case missing
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSON])
    case object([(key: String, value: JSON)])

    subscript(_ key: String) -> JSON {
        guard case .object(let members) = self else { return .missing }
        return members.first { $0.key == key }?.value ?? .missing
    }
    subscript(_ index: Int) -> JSON {
        let array = array
        return array.indices.contains(index) ? array[index] : .missing
    }

    var isPresent: Bool {
        if case .missing = self { false } else { true }
    }
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }
    var text: String { string ?? "" }
    var bool: Bool {
        if case .bool(let value) = self { value } else { false }
    }
    var array: [JSON] {
        if case .array(let values) = self { values } else { [] }
    }
    var strings: [String] { array.map(\.text) }
    var keys: [String] {
        if case .object(let members) = self { members.map(\.key) } else { [] }
    }
    /// A number; 64-bit ones stand as strings, as in protobuf's JSON.
    var int: Int? {
        switch self {
        case .number(let text), .string(let text): Int(text)
        default: nil
        }
    }
    var number: Int { int ?? 0 }

    var description: String {
        switch self {
        case .missing: "nothing"
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let text): text
        case .string(let text): "\"\(text.count > 300 ? text.prefix(300) + "…(\(text.count))" : text[...])\""
        case .array(let values): "[" + values.prefix(40).map(\.description).joined(separator: ",") + "]"
        case .object(let members): "{" + members.map { "\($0.key):\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}

/// Reads one value that fills the text.
struct JSONReader {
    struct Malformed: Error {
        var offset: Int
    }

    private let bytes: [UInt8]
    private var position = 0

    static func read(_ bytes: [UInt8]) throws -> JSON {
        var reader = JSONReader(bytes)
        let value = try reader.value()
        guard reader.position == bytes.count else { throw Malformed(offset: reader.position) }
        return value
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8 { position < bytes.count ? bytes[position] : 0 }

    private mutating func take(_ byte: Character) throws {
        guard next == byte.asciiValue else { throw Malformed(offset: position) }
        position += 1
    }

    private mutating func take(word: StaticString) throws {
        for byte in word.description.utf8 {
            guard next == byte else { throw Malformed(offset: position) }
            position += 1
        }
    }

    private mutating func value() throws -> JSON {
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try take(word: "true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try take(word: "false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try take(word: "null")
            return .null
        default: return try number()
        }
    }

    private mutating func object() throws -> JSON {
        var members: [(key: String, value: JSON)] = []
        try take("{")
        while next != UInt8(ascii: "}") {
            if !members.isEmpty { try take(",") }
            let key = try string()
            // Twice the same key would hide a value from most readers.
            guard !members.contains(where: { $0.key == key }) else { throw Malformed(offset: position) }
            try take(":")
            members.append((key, try value()))
        }
        try take("}")
        return .object(members)
    }

    private mutating func array() throws -> JSON {
        var values: [JSON] = []
        try take("[")
        while next != UInt8(ascii: "]") {
            if !values.isEmpty { try take(",") }
            values.append(try value())
        }
        try take("]")
        return .array(values)
    }

    private mutating func number() throws -> JSON {
        let start = position
        while "+-.eE0123456789".utf8.contains(next), position < bytes.count { position += 1 }
        guard position > start else { throw Malformed(offset: position) }
        return .number(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func string() throws -> String {
        try take("\"")
        var text: [UInt8] = []
        while next != UInt8(ascii: "\"") {
            guard next >= 0x20 else { throw Malformed(offset: position) }
            if next == UInt8(ascii: "\\") {
                position += 1
                try escape(&text)
            } else {
                text.append(next)
                position += 1
            }
        }
        position += 1
        guard let valid = String(validating: text, as: UTF8.self) else { throw Malformed(offset: position) }
        return valid
    }

    private mutating func escape(_ text: inout [UInt8]) throws {
        let byte = next
        position += 1
        switch byte {
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count,
                let code = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16),
                let scalar = Unicode.Scalar(code)
            else { throw Malformed(offset: position) }
            position += 4
            text += Array(Character(scalar).utf8)
        default: throw Malformed(offset: position)
        }
    }
}

/// One line of the stream.
struct CapturedEvent: Sendable, CustomStringConvertible {
    /// `process_exec`, …
    let kind: String
    let json: JSON

    init(line: [UInt8]) throws {
        json = try JSONReader.read(line.last == 10 ? Array(line.dropLast()) : line)
        kind = json.keys.first ?? ""
    }

    var body: JSON { json[kind] }
    var process: JSON { body["process"] }
    var parent: JSON { body["parent"] }
    /// From the grandparent up.
    var ancestors: [JSON] { body["ancestors"].array }
    var pid: Int { process["pid"].number }
    var execID: String { process["exec_id"].text }
    var description: String { json.description }
}
