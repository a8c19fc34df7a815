/// A JSON value read back. Numbers keep their text, so that 64-bit numbers lose nothing; a field
/// that is missing reads as `null`, so that look-ups chain.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The member `name`, or null. The first one wins where a key is repeated.
    package subscript(_ name: String) -> JSONValue {
        guard case .object(let members) = self else { return .null }
        return members.first { $0.key == name }?.value ?? .null
    }

    package var exists: Bool {
        if case .null = self { false } else { true }
    }

    /// A text; numbers too, as they are written.
    package var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    /// A text, or the empty one.
    package var textOrEmpty: String { text ?? "" }

    /// A whole number, written as a number or as a string (protojson writes 64-bit ones as strings).
    package var unsigned: UInt64? { text.flatMap { UInt64($0) } }
    package var signed: Int64? { text.flatMap { Int64($0) } }

    package var isTrue: Bool {
        if case .bool(let value) = self { value } else { false }
    }

    package var elements: [JSONValue] {
        if case .array(let values) = self { values } else { [] }
    }

    package var members: [(key: String, value: JSONValue)] {
        if case .object(let members) = self { members } else { [] }
    }
}
