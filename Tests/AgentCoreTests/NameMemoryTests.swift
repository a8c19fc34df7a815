import AgentCore
import Glibc
import Testing

/// Names that processes looked up, and how little a flood of answers can do.
@Suite struct NameMemoryTests {
    /// An answer with one A record: a.test is 192.0.2.<last>, of a block of its own.
    private func answer(_ last: UInt8, _ third: UInt8 = 2, name: String = "a.test") -> [UInt8] {
        let labels: [[UInt8]] = name.split(separator: ".").map { [UInt8($0.utf8.count)] + Array($0.utf8) }
        let header: [UInt8] = [0, 1, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, third, last]
        return header + labels.joined() + [0, 0, 1, 0, 1] + record
    }

    private func learn(_ names: inout NameMemory, _ pid: UInt32, _ message: [UInt8]) {
        unsafe names.learn(pid: pid, message: message.span.bytes)
    }

    private func name(_ names: NameMemory, _ pid: UInt32, _ address: [UInt8]) -> String {
        let family = UInt16(address.count == 4 ? AF_INET : AF_INET6)
        return String(decoding: names.name(pid: pid, family: family, address: address), as: UTF8.self)
    }

    @Test func aProcessKnowsWhatItAsked() {
        var names = NameMemory()
        learn(&names, 7, answer(1))

        #expect(name(names, 7, [192, 0, 2, 1]) == "a.test")
        #expect(name(names, 7, [192, 0, 2, 2]).isEmpty)
        #expect(name(names, 8, [192, 0, 2, 1]).isEmpty)
        // An IPv6 socket reaches it as ::ffff:192.0.2.1.
        #expect(name(names, 7, Array(repeating: 0, count: 10) + [0xff, 0xff, 192, 0, 2, 1]) == "a.test")
        #expect(name(names, 7, Array(repeating: 0, count: 12) + [192, 0, 2, 1]).isEmpty)
    }

    @Test func theLastNameOfAnAddressCounts() {
        var names = NameMemory()
        learn(&names, 7, answer(1))
        learn(&names, 7, answer(1, name: "b.test"))

        #expect(name(names, 7, [192, 0, 2, 1]) == "b.test")
        #expect(names.count == 1)
    }

    @Test func anEndedProcessIsForgotten() {
        var names = NameMemory()
        learn(&names, 7, answer(1))
        learn(&names, 8, answer(1))
        names.forget(7)

        #expect(name(names, 7, [192, 0, 2, 1]).isEmpty)
        #expect(name(names, 8, [192, 0, 2, 1]) == "a.test")
        #expect(names.count == 1)
    }

    /// Addresses in the part that was read have their name.
    @Test func aDatagramThatWasNotReadToItsEndIsCounted() {
        var names = NameMemory()
        let message = answer(1)
        unsafe names.learn(pid: 7, message: message.span.bytes, total: UInt32(message.count))
        #expect(names.cut == 0)
        unsafe names.learn(pid: 8, message: message.span.bytes, total: 5000)

        #expect(name(names, 8, [192, 0, 2, 1]) == "a.test")
        #expect(names.cut == 1)
    }

    /// Its length alone, and the rest in two pieces.
    @Test func anAnswerByTCPNamesToo() {
        var names = NameMemory()
        let stream = [0, UInt8(answer(1).count)] + answer(1)
        for (start, end) in [(0, 2), (2, 20), (20, stream.count)] {
            let piece = Array(stream[start..<end])
            #expect(name(names, 7, [192, 0, 2, 1]).isEmpty)
            unsafe names.learn(
                pid: 7, cookie: 1, sequence: UInt32(start), piece: piece.span.bytes,
                total: UInt32(piece.count))
        }
        #expect(name(names, 7, [192, 0, 2, 1]) == "a.test")
        #expect(names.cut == 0 && names.unreadable == 0)
    }

    @Test func whatIsNoAnswerIsCounted() {
        var names = NameMemory()
        learn(&names, 7, [1, 2, 3])
        learn(&names, 7, Array(answer(1).prefix(20)))
        // No process to keep it for.
        learn(&names, 0, answer(1))

        #expect(names.unreadable == 2)
        #expect(names.count == 0)
    }

    /// Whoever floods a process makes it forget its own oldest names, and no others'.
    @Test func oneProcessIsBounded() {
        var names = NameMemory()
        learn(&names, 8, answer(1))
        for number in 0..<1025 { learn(&names, 7, answer(UInt8(number & 255), UInt8(10 + number >> 8))) }

        #expect(names.count == 1024 + 1)
        #expect(name(names, 7, [192, 0, 10, 0]).isEmpty)
        #expect(name(names, 7, [192, 0, 10, 1]) == "a.test")
        #expect(name(names, 7, [192, 0, 14, 0]) == "a.test")
        #expect(name(names, 8, [192, 0, 2, 1]) == "a.test")
    }

    @Test func allTogetherAreBounded() {
        var names = NameMemory()
        for pid in 1...16_385 as ClosedRange<UInt32> { learn(&names, pid, answer(1)) }

        #expect(names.count == 16_384)
        #expect(name(names, 1, [192, 0, 2, 1]).isEmpty)
        #expect(name(names, 2, [192, 0, 2, 1]) == "a.test")
    }
}
