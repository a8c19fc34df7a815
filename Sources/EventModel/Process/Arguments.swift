import CTextScan
import TextEncoding

/// argv as bytes with NUL behind each argument.
enum Arguments {
    /// Calls `body` with each argument; bytes behind the last NUL count as one (a cut argument).
    @inline(__always)
    static func forEach(in bytes: RawSpan, _ body: (RawSpan) -> Void) {
        var start = 0
        let length = bytes.byteCount
        while start < length {
            let end = start + bytes.extracting(start..<length).firstIndex(of: 0)
            body(bytes.extracting(start..<end))
            start = end + 1
        }
    }

    /// Whether anything stands in Tetragon's one-string form: more than argv[0] and one empty argument.
    static func hasTetragonForm(_ bytes: RawSpan) -> Bool {
        let rest = bytes.byteCount - bytes.firstIndex(of: 0) - 1
        guard rest == 1 else { return rest > 1 }
        return unsafe bytes.unsafeLoad(fromByteOffset: bytes.byteCount - 1, as: UInt8.self) != 0
    }

    static func contains(_ bytes: RawSpan, _ byte: UInt8) -> Bool {
        bytes.firstIndex(of: byte) < bytes.byteCount
    }
}

extension RawSpan {
    /// Where a byte stands first; the length where it does not.
    @inline(__always)
    func firstIndex(of byte: UInt8) -> Int {
        unsafe withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return 0 }
            return unsafe secd_find_byte(start.assumingMemoryBound(to: UInt8.self), bytes.count, byte)
        }
    }
}

extension OutputBuffer {
    /// Appends argv without argv[0] as Tetragon writes it: joined by spaces, an argument that
    /// contains a space in quotes. (Tetragon puts a space before a quoted first argument; so do we.)
    mutating func append(tetragonArguments bytes: RawSpan) {
        var index = 0
        Arguments.forEach(in: bytes) { argument in
            defer { index += 1 }
            guard index > 0 else { return }
            let quoted = Arguments.contains(argument, UInt8(ascii: " "))
            if index > 1 || quoted { append(UInt8(ascii: " ")) }
            if quoted { append(UInt8(ascii: "\"")) }
            append(argument)
            if quoted { append(UInt8(ascii: "\"")) }
        }
    }
}

extension JSONWriter {
    /// Writes the same form as a string, escaped on the way.
    mutating func append(tetragonArguments bytes: RawSpan) {
        beginString()
        var index = 0
        Arguments.forEach(in: bytes) { argument in
            defer { index += 1 }
            guard index > 0 else { return }
            let quoted = Arguments.contains(argument, UInt8(ascii: " "))
            if index > 1 || quoted { output.append(UInt8(ascii: " ")) }
            if quoted { output.append("\\\"") }
            output.append(escaping: argument)
            if quoted { output.append("\\\"") }
        }
        endString()
    }
}

extension ProcessImage {
    /// The arguments in Tetragon's one-string form.
    public var tetragonArguments: String {
        var text = OutputBuffer(capacity: 256)
        withArguments { text.append(tetragonArguments: $0) }
        return String(decoding: text.copyToArray(), as: UTF8.self)
    }
}
