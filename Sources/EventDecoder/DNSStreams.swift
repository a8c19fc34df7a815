/// DNS messages in TCP streams (RFC 1035, section 4.2.2: each has its length before it), put together from
/// the pieces that came to a socket.
///
/// A piece of a connection that is not known is taken for the beginning of a message; of one between two
/// messages the number of the next byte is known, because the last piece may be sent again (a tail loss probe,
/// RFC 8985, where the acknowledgement is late). Every byte is hostile: what is kept is bounded, and
/// `DNSAnswer` refuses what is no answer.
public struct DNSStreams {
    /// Connections in the middle of a message at most, of up to 64 KiB each: a resolver has few at a time.
    private static let limit = 64
    /// Connections between two messages at most, of 16 bytes each; of one too many only a piece that is sent
    /// again is misread.
    private static let quietLimit = 1024

    private struct Unfinished {
        /// Bytes from the length of the message on.
        var bytes: [UInt8] = []
        /// Sequence number of TCP that goes on from here.
        var next: UInt32
    }

    private var unfinished: [UInt64: Unfinished] = [:]
    /// The next byte's number of connections between two messages.
    private var quiet: [UInt64: UInt32] = [:]
    /// Messages whose rest did not come.
    public private(set) var cut: UInt64 = 0

    public init() {}

    /// Takes a piece of a stream and returns the messages that end with it, and what there is of those that
    /// were cut.
    /// - Parameters:
    ///   - cookie: of the socket.
    ///   - sequence: TCP's number of the first byte.
    ///   - total: bytes that came; more than `piece` has = its end is missing.
    public mutating func take(
        cookie: UInt64, sequence: UInt32, piece: RawSpan, total: UInt32
    ) -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var stream =
            unfinished.removeValue(forKey: cookie)
            ?? Unfinished(next: quiet.removeValue(forKey: cookie) ?? sequence)
        let ahead = Int32(bitPattern: sequence &- stream.next)
        // Sent again, perhaps in one packet with what comes next.
        let known = max(0, -Int(ahead))
        if known > 0, known >= min(Int(total), piece.byteCount) {
            keep(stream, of: cookie)
            return []
        }
        if ahead > 0 {
            giveUp(stream.bytes, &messages)
            stream.bytes = []
        }
        unsafe piece.withUnsafeBytes { unsafe stream.bytes.append(contentsOf: $0.dropFirst(known)) }
        stream.next = sequence &+ total
        var start = 0
        while let length = Self.length(stream.bytes, at: start), start + 2 + length <= stream.bytes.count {
            messages.append(Array(stream.bytes[start + 2..<start + 2 + length]))
            start += 2 + length
        }
        stream.bytes.removeFirst(start)
        if piece.byteCount < Int(total) {
            // Where the next message begins is not known either.
            giveUp(stream.bytes, &messages)
            stream.bytes = []
        }
        keep(stream, of: cookie)
        return messages
    }

    private mutating func keep(_ stream: Unfinished, of cookie: UInt64) {
        guard stream.bytes.isEmpty else {
            // Another process's: nothing of it is told to this one.
            if unfinished.count >= Self.limit, unfinished.popFirst() != nil { cut += 1 }
            unfinished[cookie] = stream
            return
        }
        if quiet.count >= Self.quietLimit { _ = quiet.popFirst() }
        quiet[cookie] = stream.next
    }

    private mutating func giveUp(_ bytes: [UInt8], _ messages: inout [[UInt8]]) {
        cut += 1
        if bytes.count > 2 { messages.append(Array(bytes[2...])) }
    }

    private static func length(_ bytes: [UInt8], at start: Int) -> Int? {
        guard start + 2 <= bytes.count else { return nil }
        return Int(bytes[start]) << 8 | Int(bytes[start + 1])
    }
}
