import TestSupport
import Testing
import TextEncoding

@Suite struct ProtobufWriterTests {
    /// Vectors of the encoding guide, and the boundaries of every length.
    @Test(
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "80 01"), (150, "96 01"), (300, "ac 02"),
            (16_383, "ff 7f"),
            (16_384, "80 80 01"), (UInt64(UInt32.max), "ff ff ff ff 0f"),
            (1 << 63, "80 80 80 80 80 80 80 80 80 01"),
            (.max, "ff ff ff ff ff ff ff ff ff 01"),
        ] as [(UInt64, String)])
    func varints(_ value: UInt64, _ expected: String) {
        var writer = ProtobufWriter()
        writer.varint(value)
        #expect(writer.output.copyToArray() == hex(expected))
    }

    @Test func fieldsOfTheEncodingGuide() {
        var writer = ProtobufWriter()
        writer.varint(1, 150)
        unsafe writer.bytes(2, Array("testing".utf8).span.bytes)
        #expect(writer.output.copyToArray() == hex("08 96 01 12 07 74 65 73 74 69 6e 67"))
    }

    @Test(arguments: [Int32(15), 16, 2047, 2048, 50_100, 536_870_911])
    func largeFieldNumbersComeBack(_ number: Int32) throws {
        var writer = ProtobufWriter()
        writer.varint(number, 7)
        let message = try #require(WireMessage(writer.output.copyToArray()))
        #expect(message.varint(Int(number)) == 7)
    }

    /// Lengths around the two at which the encoding changes: 127 bytes, and the 2 MiB that the
    /// bytes kept free can express.
    @Test(arguments: [0, 1, 127, 128, 16_383, 16_384, (1 << 21) - 1, 1 << 21, (1 << 21) + 1, 5_000_000])
    func nestedMessagesOfEveryLengthComeBack(_ length: Int) throws {
        var random = SeededGenerator(seed: 1)
        let payload = random.bytes(length)
        var writer = ProtobufWriter()
        writer.varint(1, 11)
        let outer = writer.beginMessage(2)
        writer.varint(3, 33)
        let inner = writer.beginMessage(4)
        unsafe writer.bytes(5, payload.span.bytes)
        writer.endMessage(inner)
        writer.varint(6, 66)
        writer.endMessage(outer)
        writer.varint(7, 77)

        let message = try #require(WireMessage(writer.output.copyToArray()))
        #expect(message.order == [1, 2, 7])
        #expect(message.varint(1) == 11)
        #expect(message.varint(7) == 77)
        let nested = try #require(message.message(2))
        #expect(nested.order == [3, 4, 6])
        #expect(nested.varint(6) == 66)
        #expect(nested.message(4)?.bytes(5) == payload)
    }

    @Test func emptyMessagesAreThere() throws {
        var writer = ProtobufWriter()
        let start = writer.beginMessage(9)
        writer.endMessage(start)
        #expect(try #require(WireMessage(writer.output.copyToArray())).bytes(9) == [])
    }
}
