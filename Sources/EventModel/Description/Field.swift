/// What a field holds, as JSON, protobuf, schema and documentation need to know it.
public enum FieldType: String, Sendable {
    case string, bool, bytes, timestamp, message
    /// Numbers that JSON holds exactly.
    case uint32, int32
    /// 64-bit numbers: strings in JSON (the protojson rule).
    case uint64, int64
    /// A number whose absence differs from 0 (`google.protobuf.UInt32Value`).
    case uint32Value, int32Value, boolValue
    /// A name in JSON, a number in protobuf.
    case enumeration
    /// Names and values, both text (`map<string, string>`).
    case map
}

/// One field of an event: the single place where its name, number, type and meaning stand.
///
/// JSON, protobuf, the JSON Schema, the `.proto` file and the reference page are all made from it.
public struct Field: Sendable {
    /// The JSON key and the protobuf name.
    public let name: StaticString
    /// The protobuf field number. Numbers below 1000 are Tetragon's where the message is; fields
    /// that Tetragon lacks start at `firstOwnNumber`.
    public let number: Int32
    /// Of one element, where the field is repeated.
    public let type: FieldType
    /// A list: JSON has an array, protobuf the field many times.
    public let repeated: Bool
    /// One sentence for the reference page.
    public let doc: StaticString

    /// Tetragon's messages stay far below this number, so that its future fields cannot clash.
    public static let firstOwnNumber: Int32 = 50_000

    public init(
        _ name: StaticString, _ number: Int32, _ type: FieldType, repeated: Bool = false, _ doc: StaticString
    ) {
        self.name = name
        self.number = number
        self.type = type
        self.repeated = repeated
        self.doc = doc
    }
}

/// A name and a number of an enumeration.
public struct EnumCase: Sendable {
    /// As JSON shows it.
    public let name: StaticString
    /// As protobuf sends it; Tetragon's where Tetragon has the case.
    public let number: Int32

    public init(_ name: StaticString, _ number: Int32) {
        self.name = name
        self.number = number
    }
}
