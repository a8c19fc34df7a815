import Testing
import Workloads

/// Frames of NRI's multiplexer, and messages of ttrpc in them.
@Suite struct TTRPCTests {
    private static let call = NRISample.call("Configure", NRISample.configuration(), stream: 7)
    private static let answer = TTRPCMessage(.runtime, .response, stream: 1, [])

    /// As `pkg/net/multiplex` and PROTOCOL.md have it: connection and length; length, stream, kind and flags; data.
    @Test func aFrameHasItsBytesInTheOrderOfTheNetwork() {
        let message = TTRPCMessage(.runtime, .request, stream: 0x102, [0xaa, 0xbb])
        #expect(
            message.frame == [0, 0, 0, 2, 0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 1, 2, 1, 0, 0xaa, 0xbb])
    }

    @Test(arguments: [1, 2, 7, 8, 9, 17, 18, 19, 1000])
    func messagesComeWholeHoweverTheirBytesCome(piece: Int) throws {
        let bytes = Self.call.frame + Self.answer.frame + Self.call.frame
        var inbox = TTRPCInbox()
        var messages: [TTRPCMessage] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            messages += try inbox.take(Array(bytes[start..<min(start + piece, bytes.count)]))
        }
        #expect(messages == [Self.call, Self.answer, Self.call])
    }

    /// The runtime's library writes a long message in frames of 4 KiB, and two short ones may share a frame.
    @Test(arguments: [1, 3, 10, 11, 500])
    func messagesMayLieAcrossFrames(length: Int) throws {
        let messages = Array((Self.call.frame + Self.call.frame)[8...])
        // Without the head of the second frame.
        let first = Self.call.frame.count - 8
        let stream = Array(messages[..<first] + messages[(first + 8)...])
        var inbox = TTRPCInbox()
        var found: [TTRPCMessage] = []
        for start in stride(from: 0, to: stream.count, by: length) {
            let part = Array(stream[start..<min(start + length, stream.count)])
            found += try inbox.take(
                [0, 0, 0, 1, 0, 0, UInt8(part.count >> 8), UInt8(part.count & 0xff)] + part)
        }
        #expect(found == [Self.call, Self.call])
    }

    @Test func connectionsDoNotMix() throws {
        let (call, answer) = (Self.call.frame, Self.answer.frame)
        let half = (call.count - 8) / 2
        func head(_ connection: UInt8, _ count: Int) -> [UInt8] {
            [0, 0, 0, connection, 0, 0, 0, UInt8(count)]
        }
        var inbox = TTRPCInbox()
        let first = try inbox.take(head(1, half) + call[8..<8 + half] + answer)
        let second = try inbox.take(head(1, call.count - 8 - half) + call[(8 + half)...])
        #expect(first == [Self.answer] && second == [Self.call])
    }

    @Test func aConnectionThatNobodyHasOpenedIsNobodys() throws {
        var inbox = TTRPCInbox()
        #expect(try inbox.take([0, 0, 0, 9, 0, 0, 0, 3, 1, 2, 3] + Self.answer.frame) == [Self.answer])
    }

    @Test(
        arguments: [
            // A frame, and a message, of 4 GiB; a message of a byte more than 4 MiB; a kind that there is not.
            [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
            [0, 0, 0, 1, 0, 0, 0, 10, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1, 0],
            [0, 0, 0, 1, 0, 0, 0, 10, 0, 0x40, 0, 1, 0, 0, 0, 1, 1, 0],
            [0, 0, 0, 1, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0],
            Array("HTTP/1.0 400 Bad Request\r\n".utf8),
        ] as [[UInt8]])
    func whatIsNoMessageIsRefusedAtOnce(_ bytes: [UInt8]) {
        var inbox = TTRPCInbox()
        #expect(throws: NRIFault.self) { try inbox.take(bytes) }
    }

    @Test func theLongestMessageIsTaken() throws {
        let longest = TTRPCMessage(
            .plugin, .request, stream: 1, Array(repeating: 5, count: TTRPCMessage.longestData))
        var inbox = TTRPCInbox()
        #expect(try inbox.take(longest.frame) == [longest])
    }

    @Test func answersAreReadAsTheyAreWritten() throws {
        for answer in [TTRPCAnswer.success([]), .success([1, 2]), .failure(9, "not now")] {
            #expect(try TTRPCAnswer(answer.bytes) == answer)
        }
        let call = TTRPCCall("a.B", "C", [9])
        #expect(try TTRPCCall(call.bytes) == call)
        #expect(throws: NRIFault.self) { try TTRPCCall([0xff]) }
        #expect(throws: NRIFault.self) { try TTRPCAnswer([8]) }
    }

    /// The runtime's end reads frames of up to 4 KiB.
    @Test func theLongestReasonFitsIntoAFrame() throws {
        let answer = NRISession.answer(1, refusal: String(repeating: "ä", count: 10_000))
        #expect(answer.frame.count - 8 <= TTRPCMessage.longestSent)
        guard case .failure(9, let reason) = try TTRPCAnswer(answer.data) else {
            Issue.record("no failure")
            return
        }
        #expect(reason == String(repeating: "ä", count: 1024))
    }

    /// Whatever comes is taken or refused, and nothing that is kept grows beyond what a message may have.
    @Test func noBytesDoHarm() {
        var generator = Noise(seed: 0x4e5249)
        for _ in 0..<2000 {
            var session = NRISession()
            for _ in 0..<8 {
                var bytes = Self.message(&generator).frame
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] =
                        UInt8.random(in: .min ... .max, using: &generator)
                }
                do throws(NRIFault) {
                    _ = try session.take(bytes)
                } catch {
                    break
                }
            }
        }
        for _ in 0..<2000 {
            var session = NRISession()
            _ = try? session.take(Self.bytes(&generator))
        }
    }

    /// The same in every run (xorshift64, Marsaglia 2003).
    private struct Noise: RandomNumberGenerator {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private static func bytes(_ generator: inout Noise) -> [UInt8] {
        (0..<Int.random(in: 0...200, using: &generator)).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
    }

    private static func message(_ generator: inout Noise) -> TTRPCMessage {
        let (pod, container) = (NRISample.pod(), NRISample.container(cgroup: "/x"))
        let calls = [
            NRISample.call("Configure", NRISample.configuration()),
            NRISample.call("Synchronize", NRISample.state([pod], [container])),
            NRISample.call("StateChange", NRISample.change(6, pod, container)),
            NRISample.call("CreateContainer", NRISample.subject(pod, container)), answer,
        ]
        return calls.randomElement(using: &generator) ?? answer
    }
}
