import Configuration
import Testing
import YAMLReader

@Suite struct NodeCursorTests {
    private enum Operator: String, CaseIterable {
        case equal = "Equal"
        case notEqual = "NotEqual"
        case prefix = "Prefix"
    }

    private func cursor(_ text: String) throws -> NodeCursor {
        let collector = DiagnosticCollector(SourceText(file: "my.yaml", text: text))
        let document = try #require(YAMLReader.documents(collector)?.first)
        return NodeCursor(document, collector)
    }

    @Test func allMistakesAreReportedAtOnceInTheFormOfTheUserStories() throws {
        let top = try cursor(
            """
            spec:
              kprobes:
              - call: x
                args:
                - index: zero
                  operator: Equals
                  tpye: int
              - {}
            """)
        let spec = top.required("spec")
        for probe in spec?.required("kprobes")?.each() ?? [] {
            _ = probe.required("call")?.string()
            for argument in probe.optional("args")?.each() ?? [] {
                _ = argument.required("index")?.integer(in: 0...4)
                _ = argument.required("operator")?.oneOf(Operator.self)
                argument.rejectUnknownKeys(known: ["index", "operator", "type"])
            }
        }
        #expect(
            top.collector.rendered() == """
                my.yaml:5:14: error: spec.kprobes[0].args[0].index: expected a whole number, found "zero"
                    5 |     - index: zero
                      |              ^~~~
                my.yaml:6:17: error: spec.kprobes[0].args[0].operator: unknown value "Equals"
                    6 |       operator: Equals
                      |                 ^~~~~~ did you mean "Equal"?
                my.yaml:7:7: error: spec.kprobes[0].args[0].tpye: unknown key
                    7 |       tpye: int
                      |       ^~~~ did you mean "type"?
                my.yaml:8:5: error: spec.kprobes[1]: "call" is missing
                    8 |   - {}
                      |     ^
                """)
    }

    @Test(
        arguments: [
            ("80", 80), ("-5", -5), ("0x1f", 31), ("0o17", 15), ("\"80\"", nil), ("0755", nil), ("8.0", nil),
            ("", nil),
            ("99999999999999999999", nil), ("[1]", nil),
        ] as [(String, Int64?)])
    func integersAreJudgedOnPurpose(_ text: String, _ value: Int64?) throws {
        let top = try cursor("v: \(text)")
        let found = NodeCursor(try #require(top.pairs().first).value, path: "v", top.collector).integer()
        #expect(found == value)
        #expect(top.collector.hasErrors == (value == nil))
    }

    @Test(
        arguments: [
            ("true", true), ("false", false), ("yes", nil), ("on", nil), ("\"true\"", nil), ("True", nil),
        ] as [(String, Bool?)])
    func booleansAreTrueAndFalse(_ text: String, _ value: Bool?) throws {
        #expect(try cursor("v: \(text)").optional("v")?.bool() == value)
    }

    @Test(
        arguments: [("max-sise", "max-size"), ("PATH", "path"), ("paht", "path"), ("xyz", nil)]
            as [(String, String?)])
    func theNearestWordIsSuggested(_ word: String, _ nearest: String?) {
        #expect(Spelling.nearest(to: word, among: ["path", "max-size", "max-age"]) == nearest)
    }
}
