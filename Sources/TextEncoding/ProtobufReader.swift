/// Reads the fields of a protobuf message that somebody else sent: bounds are checked, nothing is trusted. Only
/// what messages of the CRI, of NRI and of etcd need: numbers and texts, messages in messages, maps of texts.
package struct ProtobufReader {
    /// A field as it stands in a message.
    package struct Field {
        package var number: Int
        package var value: Value
    }

    package enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    package init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; nil at the end, and where the rest is no message.
    package mutating func next() -> Field? {
        guard let key = varint(), let number = Int(exactly: key >> 3), number > 0 else { return nil }
        switch key & 7 {
        case 0: return varint().map { Field(number: number, value: .number($0)) }
        case 1: return take(8).map { Field(number: number, value: .bytes($0)) }
        case 2:
            guard let length = varint(), length <= UInt64(rest.count) else { return nil }
            return take(Int(length)).map { Field(number: number, value: .bytes($0)) }
        case 5: return take(4).map { Field(number: number, value: .bytes($0)) }
        default: return nil
        }
    }

    private mutating func varint() -> UInt64? {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { return nil }
            result |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return result }
            shift += 7
        }
        return nil
    }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

extension ProtobufReader.Value {
    package var bytes: ArraySlice<UInt8> {
        guard case .bytes(let bytes) = self else { return [] }
        return bytes
    }

    package var text: String {
        guard case .bytes(let bytes) = self else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    package var number: UInt64 {
        guard case .number(let number) = self else { return 0 }
        return number
    }

    /// Fields of a message.
    package var fields: [ProtobufReader.Field] {
        guard case .bytes(let bytes) = self else { return [] }
        return ProtobufReader.fields(bytes)
    }

    /// An entry of `map<string, string>`.
    package var entry: (key: String, value: String) {
        var result = (key: "", value: "")
        guard case .bytes(let bytes) = self else { return result }
        var reader = ProtobufReader(bytes)
        while let field = reader.next() {
            if field.number == 1 { result.key = field.value.text }
            if field.number == 2 { result.value = field.value.text }
        }
        return result
    }
}

extension ProtobufReader {
    /// All fields of a message, as far as it can be read.
    package static func fields(_ bytes: ArraySlice<UInt8>) -> [Field] {
        var reader = ProtobufReader(bytes)
        var fields: [Field] = []
        while let field = reader.next() { fields.append(field) }
        return fields
    }

    /// Fields of a message that is read as a whole: each takes some dozen bytes, however short it came.
    private static let mostFields = 65_536

    /// Fields of a message; nil where a part of it cannot be read, or there are more than any message has.
    /// - Parameter isWanted: by number. Others are read over, however many there are: they may be somebody else's to choose.
    package static func wholeMessage(
        _ bytes: ArraySlice<UInt8>, where isWanted: (Int) -> Bool = { _ in true }
    ) -> [Field]? {
        var reader = ProtobufReader(bytes)
        var fields: [Field] = []
        while !reader.rest.isEmpty {
            guard let field = reader.next() else { return nil }
            guard isWanted(field.number) else { continue }
            guard fields.count < mostFields else { return nil }
            fields.append(field)
        }
        return fields
    }

    /// A message with texts as its only fields, each in a message of its own number.
    package static func message(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = UInt64(bytes.count)
        repeat {
            length.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return [number << 3 | 2] + length + bytes
    }
}
