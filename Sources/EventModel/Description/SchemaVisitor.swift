public import TextEncoding

/// A field as a description gives it to its visitor, with everything below it.
public struct DescribedField: Sendable {
    /// What the event model declares.
    public let field: Field
    /// What the description calls it as; `isConsistent` says whether `field` declares the same.
    public let type: FieldType
    /// Whether the description gave it as a list.
    public let repeated: Bool
    /// Cases that were seen; of capabilities, all that exist.
    public var cases: [EnumCase] = []
    /// The form of a process.
    public var form: ProcessForm?
    /// Fields of a message.
    public var fields: [DescribedField] = []

    /// Whether the declaration of the field and its use agree.
    public var isConsistent: Bool { field.type == type && field.repeated == repeated }

    /// Adds what another sample of the same field showed.
    fileprivate mutating func merge(_ other: DescribedField) {
        for added in other.cases where !cases.contains(where: { $0.number == added.number }) {
            cases.append(added)
        }
        for added in other.fields { fields.merge(added) }
    }
}

extension [DescribedField] {
    /// Adds a field, or what it shows beyond the one that is there.
    public mutating func merge(_ added: DescribedField) {
        let same = firstIndex {
            $0.field.number == added.field.number && $0.field.name.description == added.field.name.description
        }
        if let same {
            self[same].merge(added)
        } else {
            append(added)
        }
    }
}

/// Records the fields that a description has, whether or not they are set: what the JSON Schema, the
/// `.proto` file and the reference page are made from.
///
/// The content of lists can be seen only where a sample has elements, and cases of enumerations only
/// where they occur; so samples are run that are populated as fully as one event can be.
public struct SchemaVisitor: FieldVisitor {
    /// In the order in which the description calls them; each once.
    public private(set) var fields: [DescribedField] = []

    public init() {}

    private mutating func record(
        _ field: Field, _ type: FieldType, repeated: Bool = false, cases: [EnumCase] = []
    ) {
        fields.merge(DescribedField(field: field, type: type, repeated: repeated, cases: cases))
    }

    private mutating func record(
        _ field: Field, repeated: Bool, form: ProcessForm? = nil, _ body: (inout SchemaVisitor) -> Void
    ) {
        var inner = SchemaVisitor()
        body(&inner)
        fields.merge(
            DescribedField(field: field, type: .message, repeated: repeated, form: form, fields: inner.fields)
        )
    }

    public mutating func string(_ field: Field, _ value: RawSpan) { record(field, .string) }
    public mutating func text(_ field: Field, _ value: StaticString?) { record(field, .string) }
    public mutating func uint32(_ field: Field, _ value: UInt32) { record(field, .uint32) }
    public mutating func int32(_ field: Field, _ value: Int32) { record(field, .int32) }
    public mutating func uint64(_ field: Field, _ value: UInt64) { record(field, .uint64) }
    /// The wrappers of both signs are encoded alike: the declaration alone tells them apart.
    public mutating func wrapped(_ field: Field, _ value: UInt32?) {
        record(field, field.type == .int32Value ? .int32Value : .uint32Value)
    }
    public mutating func wrapped(_ field: Field, _ value: Bool?) { record(field, .boolValue) }
    public mutating func bool(_ field: Field, _ value: Bool) { record(field, .bool) }
    public mutating func timestamp(_ field: Field, _ value: UnixTime?) { record(field, .timestamp) }

    public mutating func enumeration(_ field: Field, _ value: EnumCase?) {
        record(field, .enumeration, cases: value.map { [$0] } ?? [])
    }

    public mutating func enumerations(_ field: Field, count: Int, _ element: (Int) -> EnumCase) {
        record(field, .enumeration, repeated: true, cases: (0..<count).map(element))
    }

    public mutating func capabilities(_ field: Field, _ set: UInt64) {
        // One without a name stands for all that are newer than this build.
        record(
            field, .enumeration, repeated: true,
            cases: Capability.names + [Capability.named(Capability.last + 1)])
    }

    public mutating func strings(_ field: Field, count: Int, _ element: (Int, (RawSpan) -> Void) -> Void) {
        record(field, .string, repeated: true)
    }

    public mutating func message(_ field: Field, present: Bool, _ body: (inout Self) -> Void) {
        record(field, repeated: false, body)
    }

    public mutating func messages(_ field: Field, count: Int, _ body: (inout Self, Int) -> Void) {
        record(field, repeated: true) { visitor in
            for index in 0..<count { body(&visitor, index) }
        }
    }

    public mutating func map(_ field: Field, count: Int, _ element: (Int) -> (String, String)) {
        record(field, .map)
    }

    public static var showsShape: Bool { true }
    public mutating func bytes(_ field: Field, _ value: RawSpan) { record(field, .bytes) }
    public mutating func chosen(_ field: Field, signed value: Int64) {
        record(field, field.type == .int64 ? .int64 : .int32)
    }
    public mutating func chosen(_ field: Field, unsigned value: UInt64) {
        record(field, field.type == .uint64 ? .uint64 : .uint32)
    }
    public mutating func chosen(_ field: Field, text value: RawSpan) { record(field, .string) }
    public mutating func chosen(_ field: Field, bytes value: RawSpan) { record(field, .bytes) }

    public mutating func process(_ field: Field, _ process: ProcessObject?, _ form: ProcessForm) {
        record(field, repeated: false, form: form) { process?.describe(form, &$0) }
    }

    public mutating func ancestors(_ field: Field, of process: ProcessObject?) {
        record(field, repeated: true, form: .brief) { process?.describe(.brief, &$0) }
    }
}
