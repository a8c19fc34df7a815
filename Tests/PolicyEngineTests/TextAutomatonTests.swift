import PolicyEngine
import Testing

/// Every text that is somewhere in another is found there, and no other.
@Suite struct TextAutomatonTests {
    /// Texts that the automaton finds, by position.
    private func found(_ automaton: TextAutomaton, in text: String) -> Set<Int> {
        var state = 0
        var found: Set<Int> = []
        for byte in text.utf8 {
            let index = state + Int(byte)
            let isOwn =
                index < automaton.transitions.count && Int(automaton.transitions[index].state) == state
            let transition = automaton.transitions[isOwn ? index : Int(byte)]
            found.formUnion(transition.texts)
            state = Int(transition.next)
        }
        return found
    }

    @Test func textsThatOverlap() {
        let texts = ["he", "she", "his", "hers"]
        let automaton = TextAutomaton(texts.map { Array($0.utf8) }, ignoringCase: false)

        #expect(found(automaton, in: "ushers") == [0, 1, 3])
        #expect(found(automaton, in: "hishe") == [0, 1, 2])
        #expect(found(automaton, in: "HE").isEmpty)
    }

    @Test func lettersOfBothCases() {
        let automaton = TextAutomaton(["passwd", "/x"].map { Array($0.utf8) }, ignoringCase: true)

        #expect(found(automaton, in: "/ETC/PassWD") == [0])
        #expect(found(automaton, in: "a/Xb") == [1])
        #expect(found(automaton, in: "pass wd").isEmpty)
    }

    @Test func randomTextsOfFewLetters() {
        var random = SystemRandomNumberGenerator()
        func text(_ lengths: ClosedRange<Int>) -> String {
            let length = Int.random(in: lengths, using: &random)
            return String((0..<length).map { _ in "ab/".randomElement(using: &random) ?? "a" })
        }
        for _ in 0..<500 {
            let count = Int.random(in: 1...8, using: &random)
            let texts = Set((0..<count).map { _ in text(1...5) }).sorted()
            let automaton = TextAutomaton(texts.map { Array($0.utf8) }, ignoringCase: false)
            for _ in 0..<10 {
                let searched = text(0...20)
                let expected = Set(texts.indices.filter { searched.contains(texts[$0]) })
                #expect(found(automaton, in: searched) == expected, "\(texts) in \(searched)")
            }
        }
    }

    /// A thousand paths need little more than a place for each of their bytes.
    @Test func thousandTextsAreSmall() {
        let texts = (0..<1000).map { Array("/opt/application-\($0)/bin".utf8) }
        let automaton = TextAutomaton(texts, ignoringCase: false)

        #expect(automaton.transitions.count < 4 * texts.reduce(0) { $0 + $1.count })
        #expect(found(automaton, in: "x/opt/application-777/bin/tool") == [777])
    }
}
