import TextEncoding

/// Members of a oneof: the one that is set is sent also where it is zero or empty.
extension ProtobufVisitor {
    /// Bytes that are no text.
    public mutating func bytes(_ field: Field, _ value: RawSpan) {
        guard value.byteCount > 0 else { return }
        protobuf.bytes(field.number, value)
    }

    /// A varint of the sign-extended number.
    public mutating func chosen(_ field: Field, signed value: Int64) {
        protobuf.varint(field.number, UInt64(bitPattern: value))
    }

    /// Likewise, without a sign.
    public mutating func chosen(_ field: Field, unsigned value: UInt64) {
        protobuf.varint(field.number, value)
    }

    /// Text that may be any bytes.
    public mutating func chosen(_ field: Field, text value: RawSpan) {
        guard value.byteCount == 0 else { return string(field, value) }
        protobuf.bytes(field.number, value)
    }

    /// Bytes as they are.
    public mutating func chosen(_ field: Field, bytes value: RawSpan) {
        protobuf.bytes(field.number, value)
    }
}
