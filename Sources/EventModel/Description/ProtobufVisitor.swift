public import TextEncoding

/// Encodes a described event as a protobuf message, wire-compatible with Tetragon's API.
public struct ProtobufVisitor: FieldVisitor, ~Copyable {
    /// What has been written so far; callers take the bytes from it and empty it.
    public var protobuf: ProtobufWriter

    /// - Parameter capacity: bytes to begin with; the buffer grows when an event needs more.
    public init(capacity: Int = 4096) {
        protobuf = ProtobufWriter(capacity: capacity)
    }

    public mutating func string(_ field: Field, _ value: RawSpan) {
        guard value.byteCount > 0 else { return }
        utf8(field.number, value)
    }

    /// proto3 strings are UTF-8 and receivers refuse anything else: broken bytes become U+FFFD.
    private mutating func utf8(_ number: Int32, _ value: RawSpan) {
        if UTF8Text.isValid(value) {
            protobuf.bytes(number, value)
        } else {
            let start = protobuf.beginMessage(number)
            protobuf.output.append(repairing: value)
            protobuf.endMessage(start)
        }
    }

    public mutating func text(_ field: Field, _ value: StaticString?) {
        guard let value else { return }
        let start = protobuf.beginMessage(field.number)
        protobuf.output.append(value)
        protobuf.endMessage(start)
    }

    public mutating func uint32(_ field: Field, _ value: UInt32) {
        guard value != 0 else { return }
        protobuf.varint(field.number, UInt64(value))
    }

    public mutating func int32(_ field: Field, _ value: Int32) {
        guard value != 0 else { return }
        // Negative numbers are sign-extended to ten bytes (protobuf's rule for int32).
        protobuf.varint(field.number, UInt64(bitPattern: Int64(value)))
    }

    public mutating func uint64(_ field: Field, _ value: UInt64) {
        guard value != 0 else { return }
        protobuf.varint(field.number, value)
    }

    public mutating func wrapped(_ field: Field, _ value: UInt32?) {
        guard let value else { return }
        wrapper(field, UInt64(value))
    }

    public mutating func wrapped(_ field: Field, _ value: Bool?) {
        guard let value else { return }
        wrapper(field, value ? 1 : 0)
    }

    /// The well-known wrapper messages hold their value in field 1, absent at 0.
    private mutating func wrapper(_ field: Field, _ value: UInt64) {
        let start = protobuf.beginMessage(field.number)
        if value != 0 { protobuf.varint(1, value) }
        protobuf.endMessage(start)
    }

    public mutating func bool(_ field: Field, _ value: Bool) {
        guard value else { return }
        protobuf.varint(field.number, 1)
    }

    public mutating func timestamp(_ field: Field, _ value: UnixTime?) {
        guard let value else { return }
        let start = protobuf.beginMessage(field.number)
        protobuf.varint(1, value.nanoseconds / 1_000_000_000)
        protobuf.varint(2, value.nanoseconds % 1_000_000_000)
        protobuf.endMessage(start)
    }

    public mutating func enumeration(_ field: Field, _ value: EnumCase?) {
        guard let value else { return }
        protobuf.varint(field.number, UInt64(bitPattern: Int64(value.number)))
    }

    public mutating func enumerations(_ field: Field, count: Int, _ element: (Int) -> EnumCase) {
        guard count > 0 else { return }
        let start = protobuf.beginMessage(field.number)
        for index in 0..<count { protobuf.varint(UInt64(bitPattern: Int64(element(index).number))) }
        protobuf.endMessage(start)
    }

    public mutating func capabilities(_ field: Field, _ set: UInt64) {
        var rest = set
        enumerations(field, count: set.nonzeroBitCount) { _ in
            defer { rest &= rest &- 1 }
            return Capability.named(rest.trailingZeroBitCount)
        }
    }

    public mutating func strings(_ field: Field, count: Int, _ element: (Int, (RawSpan) -> Void) -> Void) {
        for index in 0..<count { element(index) { utf8(field.number, $0) } }
    }

    public mutating func message(_ field: Field, present: Bool, _ body: (inout Self) -> Void) {
        guard present else { return }
        let start = protobuf.beginMessage(field.number)
        body(&self)
        protobuf.endMessage(start)
    }

    public mutating func messages(_ field: Field, count: Int, _ body: (inout Self, Int) -> Void) {
        for index in 0..<count {
            let start = protobuf.beginMessage(field.number)
            body(&self, index)
            protobuf.endMessage(start)
        }
    }

    public mutating func map(_ field: Field, count: Int, _ element: (Int) -> (String, String)) {
        for index in 0..<count {
            let (name, value) = element(index)
            let start = protobuf.beginMessage(field.number)
            unsafe utf8(1, name.utf8.span.bytes)
            unsafe utf8(2, value.utf8.span.bytes)
            protobuf.endMessage(start)
        }
    }

    public mutating func process(_ field: Field, _ process: ProcessObject?, _ form: ProcessForm) {
        guard let process else { return }
        guard form != .full else {
            let start = protobuf.beginMessage(field.number)
            process.describe(.full, &self)
            return protobuf.endMessage(start)
        }
        process.withProtobuf(form) { protobuf.bytes(field.number, $0) }
    }

    public mutating func ancestors(_ field: Field, of process: ProcessObject?) {
        guard var ancestor = process?.parent?.parent else { return }
        for _ in 0..<ProcessObject.deepestAncestry {
            ancestor.withProtobuf(.brief) { protobuf.bytes(field.number, $0) }
            guard let next = ancestor.parent else { break }
            ancestor = next
        }
    }
}
