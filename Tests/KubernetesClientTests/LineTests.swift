import KubernetesClient
import Testing

@Suite struct LineTests {
    private func lines(_ cutter: inout LineCutter, _ text: String) -> [String] {
        cutter.take(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func joinsPieces() {
        var cutter = LineCutter(longest: 10)
        #expect(lines(&cutter, "ab") == [])
        #expect(lines(&cutter, "c\nd\r\n\n\r\ne") == ["abc", "d"])
        #expect(cutter.waiting == 1)
        #expect(lines(&cutter, "\n") == ["e"])
        #expect(cutter.tooLong == 0)
    }

    @Test func leavesOutWhatIsTooLong() {
        var cutter = LineCutter(longest: 4)
        #expect(lines(&cutter, "1234\n12345\nab\n") == ["1234", "ab"])
        #expect(cutter.tooLong == 1)
        #expect(lines(&cutter, "123") == [])
        #expect(lines(&cutter, "45") == [])
        #expect(cutter.waiting == 0)
        #expect(lines(&cutter, "678901234\nxy\n") == ["xy"])
        #expect(cutter.tooLong == 2)
    }

    @Test func waitsTwiceAsLongEachTimeUpToABound() {
        var backOff = BackOff()
        backOff.first = 1000
        backOff.longest = 5000
        backOff.calm = 100_000
        #expect((1...4).map { backOff.failed(at: $0, chance: 0) } == [1000, 2000, 4000, 5000])
        #expect(backOff.failed(at: 5, chance: 1) == 10_000)
        // A long time without a failure: from the start.
        #expect(backOff.failed(at: 200_000, chance: 0.5) == 1500)
    }
}
