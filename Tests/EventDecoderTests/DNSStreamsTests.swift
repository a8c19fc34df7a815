import EventDecoder
import Testing

/// Messages of TCP streams, put together from pieces.
@Suite struct DNSStreamsTests {
    /// Two messages, each with its length before it.
    private static let (first, second): ([UInt8], [UInt8]) = ([1, 2, 3], Array(repeating: 9, count: 300))
    private static let stream: [UInt8] = [0, 3] + first + [1, 44] + second

    private func take(
        _ streams: inout DNSStreams, _ range: Range<Int>, cookie: UInt64 = 7, from start: UInt32 = 0,
        cutTo length: Int = .max
    ) -> [[UInt8]] {
        let piece = Array(Self.stream[range].prefix(length))
        return unsafe streams.take(
            cookie: cookie, sequence: start &+ UInt32(range.lowerBound), piece: piece.span.bytes,
            total: UInt32(range.count))
    }

    /// The numbers of TCP begin anywhere, and go round.
    @Test(arguments: [1, 2, 3, 5, 6, 7, 100, 307], [0, UInt32.max - 4])
    func piecesOfAnyLengthMakeTheMessages(_ length: Int, _ start: UInt32) {
        var streams = DNSStreams()
        var messages: [[UInt8]] = []
        for begin in stride(from: 0, to: Self.stream.count, by: length) {
            messages += take(&streams, begin..<min(begin + length, Self.stream.count), from: start)
        }
        #expect(messages == [Self.first, Self.second])
        #expect(streams.cut == 0)
    }

    @Test func connectionsAreApart() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<4, cookie: 1) == [])
        #expect(take(&streams, 0..<3, cookie: 2) == [])
        #expect(take(&streams, 4..<5, cookie: 1) == [Self.first])
        #expect(take(&streams, 3..<5, cookie: 2) == [Self.first])
    }

    @Test func whatIsSentAgainIsNotTakenTwice() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<4) == [])
        #expect(take(&streams, 0..<4) == [])
        #expect(take(&streams, 4..<5) == [Self.first])
    }

    /// The last piece of a message, too: the acknowledgement was late, and no more is known to follow.
    @Test func whatIsSentAgainAfterAMessageBeginsNoOther() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<4) == [])
        #expect(take(&streams, 4..<5) == [Self.first])
        #expect(take(&streams, 4..<5) == [])
        #expect(take(&streams, 0..<5) == [])
        #expect(take(&streams, 3..<307) == [Self.second])
        #expect(streams.cut == 0)
    }

    @Test func aHoleBetweenMessagesIsCounted() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<5) == [Self.first])
        #expect(take(&streams, 0..<5, from: 307) == [Self.first])
        #expect(streams.cut == 1)
    }

    /// As TCP does when a small packet was lost: what was sent goes out again in one with what is new.
    @Test func whatIsSentAgainWithMoreIsTakenFromThereOn() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<4) == [])
        #expect(take(&streams, 0..<5) == [Self.first])
        #expect(take(&streams, 5..<100) == [])
        #expect(take(&streams, 50..<307) == [Self.second])
        #expect(streams.cut == 0)
    }

    /// What there is of the message is given; whoever reads it takes the addresses that are whole.
    @Test func aHoleCutsTheMessageAndTheNextPieceBeginsAnother() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<4) == [])
        #expect(take(&streams, 5..<307) == [[1, 2], Self.second])
        #expect(streams.cut == 1)
    }

    @Test func aPieceThatWasNotReadToItsEndCutsTheMessage() {
        var streams = DNSStreams()
        #expect(take(&streams, 0..<307, cutTo: 10) == [Self.first, [9, 9, 9]])
        #expect(streams.cut == 1)
        #expect(take(&streams, 0..<5, from: 307) == [Self.first])
    }

    @Test func unfinishedConnectionsAreBounded() {
        var streams = DNSStreams()
        for cookie in 0..<100 { #expect(take(&streams, 0..<4, cookie: UInt64(cookie)) == []) }
        #expect(streams.cut == 36)
    }
}
