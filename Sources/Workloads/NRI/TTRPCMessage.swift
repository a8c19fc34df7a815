/// What came over the socket is not what NRI's protocols allow; in words.
package struct NRIFault: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// A message of ttrpc (containerd/ttrpc, PROTOCOL.md) on one of the connections that NRI's multiplexer puts on its socket.
package struct TTRPCMessage: Sendable, Equatable {
    /// Connections of the multiplexer; each end calls the other on one of them.
    package enum Connection: UInt32, Sendable {
        case plugin = 1
        case runtime = 2
    }
    /// What a message is.
    package enum Kind: UInt8, Sendable {
        case request = 1
        case response = 2
        case data = 3
    }

    /// Of the data, by the protocol.
    package static let longestData = 4 << 20
    /// Length, stream, kind and flags.
    static let headLength = 10
    /// The runtime's end reads each frame of the multiplexer into a buffer of this size, and gives up where one is longer.
    package static let longestSent = 4096

    package var connection: Connection
    package var kind: Kind
    /// Of the call; its answer has the same.
    package var stream: UInt32
    package var data: [UInt8]

    package init(_ connection: Connection, _ kind: Kind, stream: UInt32, _ data: [UInt8]) {
        self.connection = connection
        self.kind = kind
        self.stream = stream
        self.data = data
    }

    /// In a frame of the multiplexer.
    package var frame: [UInt8] {
        Self.word(connection.rawValue) + Self.word(UInt32(Self.headLength + data.count))
            + Self.word(UInt32(data.count)) + Self.word(stream) + [kind.rawValue, 0] + data
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [UInt8(value >> 24), UInt8(value >> 16 & 0xff), UInt8(value >> 8 & 0xff), UInt8(value & 0xff)]
    }
}

/// Puts together what comes in pieces: frames of the multiplexer, and in them the messages of each connection, which begin
/// and end wherever they like.
package struct TTRPCInbox: Sendable {
    /// Of a frame's connection and length.
    private static let headLength = 8
    /// The longest message in one frame: longer ones are none of ttrpc's.
    private static let longestFrame = TTRPCMessage.headLength + TTRPCMessage.longestData

    /// A frame that is not complete yet.
    private var unread: [UInt8] = []
    /// Messages that are not complete yet.
    private var parts: [TTRPCMessage.Connection: [UInt8]] = [:]

    package init() {}

    /// Takes what came, and gives the messages that are complete with it.
    /// - Throws: `NRIFault` where it is longer than any message, or none.
    package mutating func take(_ bytes: [UInt8]) throws(NRIFault) -> [TTRPCMessage] {
        unread += bytes
        var messages: [TTRPCMessage] = []
        var start = 0
        while unread.count - start >= Self.headLength {
            let length = Int(Self.word(unread, start + 4))
            guard length <= Self.longestFrame else {
                throw NRIFault("it sent a frame of \(length) bytes: what listens there does not speak NRI")
            }
            let begin = start + Self.headLength
            guard unread.count - begin >= length else { break }
            start = begin + length
            // As the runtime's end does: a connection that nobody has opened here is nobody's.
            guard
                let connection = TTRPCMessage.Connection(rawValue: Self.word(unread, begin - Self.headLength))
            else { continue }
            try takeFrame(unread[begin..<start], connection, &messages)
        }
        unread.removeFirst(start)
        return messages
    }

    private mutating func takeFrame(
        _ payload: ArraySlice<UInt8>, _ connection: TTRPCMessage.Connection, _ messages: inout [TTRPCMessage]
    ) throws(NRIFault) {
        var part = parts.removeValue(forKey: connection) ?? []
        part += payload
        var start = 0
        while part.count - start >= TTRPCMessage.headLength {
            let length = Int(Self.word(part, start))
            guard length <= TTRPCMessage.longestData else {
                throw NRIFault("it sent a message of \(length) bytes, and ttrpc allows 4 MiB")
            }
            guard let kind = TTRPCMessage.Kind(rawValue: part[start + 8]) else {
                throw NRIFault("it sent a message of kind \(part[start + 8]), which ttrpc does not have")
            }
            let begin = start + TTRPCMessage.headLength
            guard part.count - begin >= length else { break }
            messages.append(
                TTRPCMessage(
                    connection, kind, stream: Self.word(part, start + 4), Array(part[begin..<begin + length]))
            )
            start = begin + length
        }
        part.removeFirst(start)
        if !part.isEmpty { parts[connection] = part }
    }

    private static func word(_ bytes: [UInt8], _ start: Int) -> UInt32 {
        bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
