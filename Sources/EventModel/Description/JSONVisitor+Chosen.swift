import TextEncoding

/// Members of a oneof: protojson writes the one that is set whatever it holds.
extension JSONVisitor {
    /// Bytes that are no text.
    public mutating func bytes(_ field: Field, _ value: RawSpan) {
        guard value.byteCount > 0 else { return }
        chosen(field, bytes: value)
    }

    /// A number; text in JSON where it has 64 bits.
    public mutating func chosen(_ field: Field, signed value: Int64) {
        json.key(field.name)
        if field.type == .int64 { json.string(String(value)) } else { json.number(value) }
    }

    /// Likewise, without a sign.
    public mutating func chosen(_ field: Field, unsigned value: UInt64) {
        json.key(field.name)
        if field.type == .uint64 { json.quoted(value) } else { json.number(value) }
    }

    /// Text that may be any bytes.
    public mutating func chosen(_ field: Field, text value: RawSpan) {
        json.key(field.name)
        json.string(value)
    }

    /// Bytes as base64.
    public mutating func chosen(_ field: Field, bytes value: RawSpan) {
        json.key(field.name)
        json.base64(value)
    }
}
