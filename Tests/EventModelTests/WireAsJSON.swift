import EventModel
import EventReference
import Foundation
import TestSupport
import TextEncoding

extension WireMessage {
    struct Mismatch: Error, CustomStringConvertible {
        var description: String
    }

    /// The message as the JSON that protojson would write, by the fields of a description.
    func asJSON(_ described: [DescribedField]) throws -> JSONValue {
        var members: [String: JSONValue] = [:]
        for number in Set(order) {
            guard let field = described.first(where: { Int($0.number) == number }) else {
                throw Mismatch(description: "unknown field \(number) beside \(described.map(\.name))")
            }
            guard !(field.repeated && field.type == .enumeration) else {
                let numbers = packed(number) ?? []
                members[field.name] = .array(numbers.map { .string(Self.caseName($0, field)) })
                continue
            }
            if field.type == .map {
                members[field.name] = .object(try Self.entries(fields[number] ?? [], field))
                continue
            }
            let values = try (fields[number] ?? []).map { try Self.value($0, field) }
            members[field.name] = field.repeated ? .array(values) : values.last
        }
        return .object(members)
    }

    private static func caseName(_ number: UInt64, _ field: DescribedField) -> String {
        field.cases.first { UInt64($0.number) == number }?.name.description ?? "CAP_UNKNOWN"
    }

    /// Entries are messages of a name (1) and a value (2).
    private static func entries(_ values: [Value], _ field: DescribedField) throws -> [String: JSONValue] {
        var entries: [String: JSONValue] = [:]
        for case .bytes(let bytes) in values {
            guard let entry = WireMessage(bytes), let name = entry.text(1), let value = entry.text(2) else {
                throw Mismatch(description: "\(field.name) is no map")
            }
            entries[name] = .string(value)
        }
        return entries
    }

    private static func value(_ value: Value, _ field: DescribedField) throws -> JSONValue {
        switch (field.type, value) {
        case (.string, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw Mismatch(description: "\(field.name) is not UTF-8")
            }
            return .string(text)
        case (.uint32, .varint(let number)): return .number("\(number)")
        case (.int32, .varint(let number)): return .number("\(Int64(bitPattern: number))")
        case (.uint64, .varint(let number)): return .string("\(number)")
        case (.int64, .varint(let number)): return .string("\(Int64(bitPattern: number))")
        case (.bytes, .bytes(let bytes)): return .string(Data(bytes).base64EncodedString())
        case (.enumeration, .varint(let number)): return .string(caseName(number, field))
        case (.bool, .varint(let number)): return .bool(number != 0)
        case (.uint32Value, .bytes(let bytes)), (.int32Value, .bytes(let bytes)):
            return .number("\(WireMessage(bytes)?.varint(1) ?? 0)")
        case (.boolValue, .bytes(let bytes)): return .bool(WireMessage(bytes)?.varint(1) == 1)
        case (.timestamp, .bytes(let bytes)):
            let message = WireMessage(bytes)
            let time = UnixTime(
                nanoseconds: (message?.varint(1) ?? 0) * 1_000_000_000 + (message?.varint(2) ?? 0))
            var text = OutputBuffer()
            text.append(rfc3339: time)
            return .string(String(decoding: text.copyToArray(), as: UTF8.self))
        case (.message, .bytes(let bytes)):
            guard let message = WireMessage(bytes) else {
                throw Mismatch(description: "\(field.name) is no message")
            }
            return try message.asJSON(field.fields)
        default: throw Mismatch(description: "\(field.name) has the wrong wire type")
        }
    }
}
