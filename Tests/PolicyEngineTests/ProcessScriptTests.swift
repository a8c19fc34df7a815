import PolicyEngine
import PolicyModel
import Testing

/// Scripts of processes that are older than a policy, as procfs shows them.
@Suite struct ProcessScriptTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var words: [String]
        var name: String
        var directory: String? = "/srv"
        var expected: Observed<[UInt8]>
        var testDescription: String { words.joined(separator: " ") + " as " + name }
    }

    static func path(_ text: String) -> Observed<[UInt8]> { .present(Array(text.utf8)) }

    static let cases = [
        Case(words: ["/bin/sh", "/opt/run.sh", "-v"], name: "run.sh", expected: path("/opt/run.sh")),
        Case(words: ["/bin/sh", "-eu", "/opt/run.sh"], name: "run.sh", expected: path("/opt/run.sh")),
        Case(words: ["/bin/sh", "./run.sh"], name: "run.sh", expected: path("/srv/run.sh")),
        Case(words: ["/bin/sh", ".//x/./run.sh"], name: "run.sh", expected: path("/srv/x/run.sh")),
        Case(words: ["/bin/sh", "../run.sh"], name: "run.sh", expected: .unreadable),
        Case(words: ["/bin/sh", "run.sh"], name: "run.sh", directory: nil, expected: .unreadable),
        // The kernel keeps fifteen bytes of a name.
        Case(
            words: ["/bin/sh", "/opt/a-rather-long-name.sh"], name: "a-rather-long-n",
            expected: path("/opt/a-rather-long-name.sh")),
        // A program that is given a script as its argument is called by its own name.
        Case(words: ["bash", "/opt/run.sh"], name: "bash", expected: .absent),
        Case(words: ["/usr/sbin/sshd", "-D"], name: "sshd", expected: .absent),
        Case(words: ["nginx: master"], name: "nginx", expected: .absent),
        Case(words: [], name: "kthreadd", expected: .absent),
        Case(words: ["/bin/sh", "/opt/run.sh"], name: "", expected: .absent),
    ]

    @Test(arguments: cases) func theEndOfTheScriptsNameIsTheProcesssName(_ one: Case) {
        let found = ProcessScript.script(
            arguments: one.words.flatMap { Array($0.utf8) + [0] }, name: Array(one.name.utf8),
            directory: one.directory.map { Array($0.utf8) })
        #expect(found == one.expected)
    }
}
