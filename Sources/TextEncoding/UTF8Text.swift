/// Bytes that should be UTF-8 and may not be.
public enum UTF8Text {
    /// Whether the bytes are well-formed UTF-8.
    public static func isValid(_ bytes: RawSpan) -> Bool {
        var index = 0
        while index < bytes.byteCount {
            if unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) < 0x80 {
                index += 1
                continue
            }
            let length = UTF8Scan.sequenceLength(bytes, at: index)
            guard length > 0 else { return false }
            index += length
        }
        return true
    }
}

extension OutputBuffer {
    /// Appends bytes as UTF-8: what is broken becomes U+FFFD.
    public mutating func append(repairing bytes: RawSpan) {
        var index = 0
        while index < bytes.byteCount {
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
            if byte < 0x80 {
                append(byte)
                index += 1
                continue
            }
            let length = UTF8Scan.sequenceLength(bytes, at: index)
            if length > 0 {
                append(bytes.extracting(index..<index + length))
                index += length
            } else {
                append("\u{FFFD}")
                index += UTF8Scan.brokenLength(bytes, at: index)
            }
        }
    }
}
