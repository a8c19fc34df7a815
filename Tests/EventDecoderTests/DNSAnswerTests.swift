import EventDecoder
import TestSupport
import Testing

@Suite struct DNSAnswerTests {
    private let v4: [UInt8] = [192, 0, 2, 1]
    private let v6: [UInt8] = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]

    private func read(_ message: DNSMessage) -> DNSAnswer? {
        unsafe DNSAnswer(message.bytes.span.bytes)
    }

    @Test func addressesOfTheNameThatWasAsked() {
        var message = DNSMessage(answers: 2, name: "Example.COM")
        message.add(type: 1, data: v4)
        message.add(type: 28, data: v6)
        let answer = read(message)
        #expect(answer.map { String(decoding: $0.question, as: UTF8.self) } == "example.com")
        #expect(answer?.addresses == [v4, v6])
    }

    /// The addresses at the end of a CNAME chain belong to the name at its beginning.
    @Test func cnameChainsAreSkipped() {
        var message = DNSMessage(answers: 4, name: "www.example.com")
        let first = message.add(type: 5, data: DNSMessage.labels("cdn.example.net"))
        let second = message.add(
            DNSMessage.pointer(first), type: 5, data: [4] + Array("edge".utf8) + DNSMessage.pointer(first + 4)
        )
        message.add(DNSMessage.pointer(second), type: 1, data: v4)
        message.add(DNSMessage.pointer(second), type: 28, data: v6)
        let answer = read(message)
        #expect(answer.map { String(decoding: $0.question, as: UTF8.self) } == "www.example.com")
        #expect(answer?.addresses == [v4, v6])
    }

    @Test(arguments: [
        (UInt16(0x0100), "a question"), (0x8183, "NXDOMAIN"), (0x8182, "SERVFAIL"),
        (0x8980, "another opcode"),
    ])
    func onlySuccessfulAnswersCount(_ flags: UInt16, _: String) {
        var message = DNSMessage(flags: flags, answers: 1, name: "a.b")
        message.add(type: 1, data: v4)
        #expect(read(message) == nil)
    }

    @Test(arguments: [UInt16(0), 2, .max])
    func exactlyOneQuestion(_ questions: UInt16) {
        var message = DNSMessage(questions: questions, answers: 1, name: "a.b")
        message.add(type: 1, data: v4)
        #expect(read(message) == nil)
    }

    @Test func anAnswerWithoutAddressesIsOne() {
        let answer = read(DNSMessage(answers: 0, name: "a.b"))
        #expect(answer?.addresses == [])
        #expect(answer?.question == Array("a.b".utf8))
    }

    @Test func theRootIsTheEmptyName() {
        #expect(read(DNSMessage(answers: 0, name: ""))?.question == [])
    }

    /// Type, bytes of data.
    @Test(arguments: [(UInt16(1), 16), (28, 4), (1, 3), (1, 0), (16, 4), (28, 17)])
    func dataOfAnotherSizeIsNoAddress(_ type: UInt16, _ length: Int) {
        var message = DNSMessage(answers: 2, name: "a.b")
        message.add(type: type, data: Array(repeating: 1, count: length))
        message.add(type: 1, data: v4)
        #expect(read(message)?.addresses == [v4])
    }

    @Test(arguments: [UInt16(12), 14, 0xfff])
    func pointersThatLoopOrLeaveTheMessageEndTheQuestion(_ target: UInt16) {
        var message = DNSMessage(answers: 0, name: "")
        message.bytes.removeLast(5)
        message.bytes += DNSMessage.pointer(target) + DNSMessage.pointer(12) + [0, 1, 0, 1]
        #expect(read(message) == nil)
    }

    @Test func aLoopWithLabelsEndsAtTheLongestName() {
        var message = DNSMessage(answers: 1, name: "a.b")
        let here = UInt16(message.bytes.count)
        message.add([3] + Array("abc".utf8) + DNSMessage.pointer(here), type: 1, data: v4)
        #expect(read(message)?.addresses == [])
    }

    /// RFC 1035, section 2.3.4: 255 bytes on the wire, so 253 of text; labels of up to 63.
    @Test(arguments: [(253, true), (254, false), (255, false)])
    func namesEndAt253Characters(_ length: Int, _ accepted: Bool) {
        let whole = Array(repeating: String(repeating: "x", count: 49), count: 5).joined(separator: ".")
        let name = whole + "." + String(repeating: "y", count: length - whole.utf8.count - 1)
        #expect((read(DNSMessage(answers: 0, name: name))?.question == Array(name.utf8)) == accepted)
    }

    @Test(arguments: [UInt8(0x40), 0x80])
    func reservedLabelTypesAreRefused(_ first: UInt8) {
        var message = DNSMessage(answers: 0, name: "a.b")
        message.bytes[12] = first
        #expect(read(message) == nil)
    }

    @Test func aCutMessageGivesWhatIsWhole() {
        var message = DNSMessage(answers: 3, name: "example.com")
        message.add(type: 1, data: v4)
        let afterFirst = message.bytes.count
        message.add(type: 28, data: v6)
        let afterSecond = message.bytes.count
        message.add(type: 1, data: [192, 0, 2, 2])
        for length in message.bytes.indices {
            var cut = message
            cut.bytes.removeSubrange(length...)
            let answer = read(cut)
            if length < 12 + 13 + 4 {
                #expect(answer == nil)
            } else {
                #expect(answer?.addresses.count == (length < afterFirst ? 0 : length < afterSecond ? 1 : 2))
            }
        }
    }

    @Test func aFloodOfAddressesIsBounded() {
        var message = DNSMessage(answers: .max, name: "a")
        for _ in 0..<1000 { message.add(type: 1, data: v4) }
        #expect(read(message)?.addresses.count == 64)
    }

    @Test(arguments: 0..<8)
    func mutatedMessagesNeverCrash(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var original = DNSMessage(answers: 3, name: "www.example.com")
        let alias = original.add(type: 5, data: DNSMessage.labels("edge.example.net"))
        original.add(DNSMessage.pointer(alias), type: 1, data: v4)
        original.add(DNSMessage.pointer(alias), type: 28, data: v6)
        for _ in 0..<20_000 {
            var message = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: message.bytes.indices, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: message.bytes[index] = UInt8.random(in: .min ... .max, using: &random)
                case 1: message.bytes[index] = [0xc0, 0xff, 0x3f, 0x00].randomElement(using: &random) ?? 0
                case 2: message.bytes.remove(at: index)
                default: message.bytes.insert(0xc0, at: index)
                }
            }
            guard let answer = read(message) else { continue }
            #expect(answer.question.count <= 253)
            #expect(answer.addresses.allSatisfy { $0.count == 4 || $0.count == 16 })
        }
    }
}
