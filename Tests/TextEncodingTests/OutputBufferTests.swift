import TestSupport
import Testing
import TextEncoding

@Suite struct OutputBufferTests {
    @Test(arguments: [0, 1, 63, 64, 65, 1000, 100_000])
    func growsWithoutLosingBytes(_ length: Int) {
        var random = SeededGenerator(seed: UInt64(length))
        let bytes = random.bytes(length)
        var single = OutputBuffer(capacity: 0)
        for byte in bytes { single.append(byte) }
        #expect(single.copyToArray() == bytes)
        var whole = OutputBuffer(capacity: 0)
        unsafe whole.append(bytes.span.bytes)
        unsafe whole.append(bytes.span.bytes)
        #expect(whole.copyToArray() == bytes + bytes)
        #expect(whole.count == 2 * length)
        #expect(whole.bytes.byteCount == 2 * length)
    }

    @Test func everyKindOfAppendGrows() {
        for used in 56...64 {
            var buffer = OutputBuffer(capacity: 64)
            for _ in 0..<used { buffer.append(UInt8(ascii: ".")) }
            buffer.append(decimal: UInt64.max)
            buffer.append("literal" as StaticString)
            buffer.append("string ä" as String)
            buffer.append(decimal: 7, digits: 9)
            unsafe buffer.append(base64: ([1, 2, 3, 4] as [UInt8]).span.bytes)
            let expected =
                String(repeating: ".", count: used) + "18446744073709551615literalstring ä000000007AQIDBA=="
            #expect(String(decoding: buffer.copyToArray(), as: UTF8.self) == expected)
        }
    }

    @Test(arguments: [0, 1, 5, 10])
    func aGapMovesWhatFollows(_ offset: Int) {
        var buffer = OutputBuffer(capacity: 64)
        buffer.append("0123456789" as StaticString)
        buffer.openGap(at: offset, length: 100)
        for index in offset..<offset + 100 { buffer.overwrite(at: index, with: UInt8(ascii: "-")) }
        let expected =
            "0123456789".prefix(offset) + String(repeating: "-", count: 100) + "0123456789".dropFirst(offset)
        #expect(String(decoding: buffer.copyToArray(), as: UTF8.self) == expected)
    }

    @Test func truncateTakesBackTheEnd() {
        var buffer = OutputBuffer()
        buffer.append("abc" as StaticString)
        buffer.truncate(to: 1)
        buffer.append("d" as StaticString)
        #expect(String(decoding: buffer.copyToArray(), as: UTF8.self) == "ad")
        buffer.removeAll()
        #expect(buffer.count == 0)
        #expect(buffer.copyToArray() == [])
    }

    @Test func misuseStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            var buffer = OutputBuffer()
            buffer.truncate(to: 1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = OutputBuffer()
            buffer.overwrite(at: 0, with: 0)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = OutputBuffer()
            buffer.openGap(at: 1, length: 1)
        }
    }
}
