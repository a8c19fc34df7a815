/// The addresses of a DNS answer (RFC 1035, section 4). Every byte is hostile: names are followed
/// at most `maximumJumps` times, counts are bounded by the message.
public struct DNSAnswer {
    /// The name that was asked, lower case, dots between labels, without the last dot.
    public let question: [UInt8]
    /// Four or sixteen bytes each.
    public let addresses: [[UInt8]]

    /// Pointers inside a name; a legal name has at most 127 labels.
    private static let maximumJumps = 128
    /// Text length of a name: 255 bytes on the wire, less the first length and the root (RFC 1035,
    /// section 2.3.4).
    private static let maximumName = 253
    /// Addresses that are taken from one answer.
    private static let maximumAddresses = 64

    /// Reads a message.
    ///
    /// - Returns: nil where it is no well-formed, successful answer with exactly one question.
    public init?(_ message: RawSpan) {
        var reader = Reader(message)
        guard reader.skip(2), let flags = reader.uint16(), let questions = reader.uint16(),
            let answers = reader.uint16(), reader.skip(4)
        else { return nil }
        // QR = 1 (answer), opcode 0 (query), RCODE 0 (no error).
        guard flags & 0xf80f == 0x8000, questions == 1, let name = reader.name(), reader.skip(4) else {
            return nil
        }
        var found: [[UInt8]] = []
        for _ in 0..<answers {
            guard reader.name() != nil, let type = reader.uint16(), reader.skip(6),
                let length = reader.uint16(),
                let data = reader.bytes(Int(length))
            else { break }
            let wanted = type == 1 && length == 4 || type == 28 && length == 16
            if wanted, found.count < Self.maximumAddresses { found.append(data) }
        }
        question = name
        addresses = found
    }

    /// A position in a message; every read is checked.
    private struct Reader: ~Escapable {
        private let message: RawSpan
        private var position = 0

        @_lifetime(copy message)
        init(_ message: RawSpan) {
            self.message = message
        }

        private func byte(_ index: Int) -> UInt8? {
            guard index >= 0, index < message.byteCount else { return nil }
            return unsafe message.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        }

        @_lifetime(self: copy self)
        mutating func skip(_ count: Int) -> Bool {
            guard position + count <= message.byteCount else { return false }
            position += count
            return true
        }

        @_lifetime(self: copy self)
        mutating func uint16() -> UInt16? {
            guard let high = byte(position), let low = byte(position + 1) else { return nil }
            position += 2
            return UInt16(high) << 8 | UInt16(low)
        }

        @_lifetime(self: copy self)
        mutating func bytes(_ count: Int) -> [UInt8]? {
            guard position + count <= message.byteCount else { return nil }
            var copy: [UInt8] = []
            for index in position..<position + count {
                guard let next = byte(index) else { return nil }
                copy.append(next)
            }
            position += count
            return copy
        }

        /// A name, following compression pointers (RFC 1035, section 4.1.4).
        @_lifetime(self: copy self)
        mutating func name() -> [UInt8]? {
            var text: [UInt8] = []
            var index = position
            var end: Int?
            var jumps = 0
            while let length = byte(index) {
                if length == 0 {
                    position = end ?? index + 1
                    return text
                }
                if length & 0xc0 == 0xc0 {
                    guard let low = byte(index + 1), jumps < DNSAnswer.maximumJumps else { return nil }
                    if end == nil { end = index + 2 }
                    index = Int(length & 0x3f) << 8 | Int(low)
                    jumps += 1
                    continue
                }
                let separator = text.isEmpty ? 0 : 1
                guard length & 0xc0 == 0, text.count + separator + Int(length) <= DNSAnswer.maximumName
                else { return nil }
                if !text.isEmpty { text.append(UInt8(ascii: ".")) }
                for offset in 1...Int(length) {
                    guard let character = byte(index + offset) else { return nil }
                    let isUpper = character >= UInt8(ascii: "A") && character <= UInt8(ascii: "Z")
                    text.append(isUpper ? character + 32 : character)
                }
                index += Int(length) + 1
            }
            return nil
        }
    }
}
