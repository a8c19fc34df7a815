import EventModel
import GRPCCore

/// Sends messages that are encoded already.
struct EncodedSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: ArraySlice<UInt8>) throws -> Bytes {
        Bytes(message)
    }
}

/// Takes a request as it came, for calls that do not look at it.
struct UnreadDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws {}
}

extension EventBatch {
    /// Bytes that are handed to the transport at once. Each hand-over waits until the client takes
    /// data, so this is about what waits in the transport for a client that does not read.
    static var bytesPerWrite: Int { 1 << 16 }

    /// Runs of whole events of at most about `limit` bytes each: indexes of `entries`.
    func runs(limit: Int = Self.bytesPerWrite) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var first = 0
        while first < entries.count {
            let start = range(of: first).lowerBound
            var last = first + 1
            while last < entries.count, entries[last].end - start <= limit { last += 1 }
            runs.append(first..<last)
            first = last
        }
        return runs
    }
}
