import Configuration
import Testing
import YAMLReader

@Suite struct YAMLReaderTests {
    private func read(_ text: String, limits: YAMLLimits = YAMLLimits()) -> (nodes: [YAMLNode]?, text: String)
    {
        let collector = DiagnosticCollector(SourceText(file: "f.yaml", text: text))
        let nodes = YAMLReader.documents(collector, limits: limits)
        return (nodes, collector.rendered())
    }

    @Test func everyNodeKnowsItsPlace() throws {
        let (nodes, problems) = read(
            "a:\n  - x: 1\n    y: \"é\"\n---\nb: *nothing".replacing("*nothing", with: "2"))
        #expect(problems.isEmpty)
        let documents = try #require(nodes)
        #expect(documents.count == 2)
        guard case .mapping(let top) = documents[0].content, case .sequence(let list) = top[0].value.content,
            case .mapping(let inner) = list[0].content, case .mapping(let second) = documents[1].content
        else { return #expect(Bool(false)) }
        #expect(inner[1].keyRange.start == SourcePosition(line: 3, column: 5))
        #expect(inner[1].value.range == YAMLNode.Range(start: SourcePosition(line: 3, column: 8), length: 3))
        #expect(second[0].keyRange.start == SourcePosition(line: 5, column: 1))
    }

    @Test func aTabIsRefusedWithItsPlace() {
        let (nodes, problems) = read("a:\n\tb: 1\n")
        #expect(nodes == nil)
        #expect(
            problems == """
                f.yaml:2:1: error: found character that cannot start any token, while scanning for the next token; YAML is indented with spaces, never with tabs
                    2 |  b: 1
                      | ^
                """)
    }

    @Test func duplicateKeysAreErrorsWithBothPlaces() {
        let (nodes, problems) = read("a: 1\nbc: 2\na: 3\nbc: 4\n")
        #expect(nodes != nil)
        #expect(
            problems == """
                f.yaml:3:1: error: the key "a" stands here for the second time
                    3 | a: 3
                      | ^ first at line 1, column 1
                f.yaml:4:1: error: the key "bc" stands here for the second time
                    4 | bc: 4
                      | ^~ first at line 2, column 1
                """)
    }

    @Test func aliasesExpandButNotWithoutBound() throws {
        let (nodes, problems) = read("a: &x [1, 2]\nb: *x\n")
        #expect(problems.isEmpty)
        guard case .mapping(let pairs) = try #require(nodes)[0].content,
            case .sequence(let copy) = pairs[1].value.content
        else { return #expect(Bool(false)) }
        #expect(copy.count == 2)
        #expect(pairs[1].value.range.start == SourcePosition(line: 2, column: 4))

        var laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            laughs +=
                "a\(level): &a\(level) [\((0..<9).map { _ in "*a\(level - 1)" }.joined(separator: ", "))]\n"
        }
        let bomb = read(laughs)
        #expect(bomb.nodes == nil)
        #expect(bomb.text.contains("aliases expand to more than 100000 values"))
    }

    @Test func aValueCannotContainItself() {
        let (nodes, problems) = read("a: &x [*x]\n")
        #expect(nodes == nil)
        #expect(problems.hasPrefix("f.yaml:1:8: error: the alias *x has no complete anchor &x before it"))
    }

    @Test func depthAndSizeAreBounded() {
        #expect(read(String(repeating: "[", count: 70)).text.contains("nested deeper than 64 levels"))
        #expect(read(String(repeating: "- ", count: 70) + "x").text.contains("nested deeper than 64 levels"))
        #expect(read(String(repeating: "[", count: 500_000)).nodes == nil)
        #expect(
            read(String(repeating: "a", count: 20), limits: YAMLLimits(bytes: 10)).text.contains(
                "at most 10 are read"))
        // An alias in the depth counts with the height of what it stands for.
        let deep = "a: &x " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(
            read(
                deep + "\nb: " + String(repeating: "[", count: 40) + "*x" + String(repeating: "]", count: 40)
            ).nodes == nil)
    }

    @Test func textThatIsNotUTF8HasAPlace() {
        let collector = DiagnosticCollector(
            SourceText(file: "f.yaml", bytes: Array("ab: 1\nc: ".utf8) + [0xff, 0x0a]))
        #expect(YAMLReader.documents(collector) == nil)
        #expect(collector.diagnostics.first.map { [$0.line, $0.column] } == [2, 4])
    }

    @Test func terminalsAreSafeFromTheFile() {
        let shown = Diagnostic(file: "f", line: 1, column: 3, message: "m")
            .rendered(in: SourceText(file: "f", text: "a\u{1b}[31mb"))
        #expect(shown == "f:1:3: error: m\n    1 | a [31mb\n      |   ^")
    }

    @Test func deletionsAndGarbageNeverCrashAndAlwaysHaveAPlace() {
        let good = Array("a: &x {b: [1, \"two\", 'three'], c: |\n  text\n}\nd: *x\n- e: !!str 5\n".utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes.remove(at: place)
                } else {
                    bytes[place] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let collector = DiagnosticCollector(SourceText(file: "f", bytes: bytes))
            if YAMLReader.documents(collector) == nil {
                #expect(collector.diagnostics.contains { $0.line >= 1 && $0.column >= 1 })
                #expect(!collector.rendered().isEmpty)
            }
        }
    }
}
