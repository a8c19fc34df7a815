/// Writes protobuf messages (https://protobuf.dev/programming-guides/encoding) into an `OutputBuffer`.
public struct ProtobufWriter: ~Copyable {
    /// The message so far.
    public var output: OutputBuffer

    /// Bytes kept free for the length of a nested message: enough for 2 MiB; a longer one is moved.
    private static let lengthBytes = 3
    /// Bytes of a longer length. A varint may have ten, but readers in C++ and Python refuse a length
    /// of more than five (`ReadSize` in protobuf's parse_context.h).
    private static let longLengthBytes = 5

    /// - Parameter capacity: bytes to begin with; the buffer grows.
    public init(capacity: Int = 4096) {
        output = OutputBuffer(capacity: capacity)
    }

    /// Forgets the message, keeps the memory.
    public mutating func removeAll() {
        output.removeAll()
    }

    /// Writes a variable-length integer.
    @inline(__always)
    public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a varint field.
    public mutating func varint(_ field: Int32, _ value: UInt64) {
        varint(UInt64(field) << 3)
        varint(value)
    }

    /// Writes a length-delimited field.
    public mutating func bytes(_ field: Int32, _ value: RawSpan) {
        varint(UInt64(field) << 3 | 2)
        varint(UInt64(value.byteCount))
        output.append(value)
    }

    /// Opens a nested message; give the result to `endMessage`.
    public mutating func beginMessage(_ field: Int32) -> Int {
        varint(UInt64(field) << 3 | 2)
        let start = output.count
        for _ in 0..<Self.lengthBytes { output.append(0) }
        return start
    }

    /// Closes a nested message: its length goes into the bytes kept free, padded to their number
    /// (a varint may have redundant zero groups).
    public mutating func endMessage(_ start: Int) {
        let length = output.count - start - Self.lengthBytes
        var kept = Self.lengthBytes
        if length >= 1 << (7 * kept) {
            output.openGap(at: start, length: Self.longLengthBytes - kept)
            kept = Self.longLengthBytes
        }
        var rest = UInt64(length)
        for index in 0..<kept {
            let last = index == kept - 1
            output.overwrite(
                at: start + index, with: UInt8(truncatingIfNeeded: rest & 0x7f) | (last ? 0 : 0x80))
            rest >>= 7
        }
    }
}
