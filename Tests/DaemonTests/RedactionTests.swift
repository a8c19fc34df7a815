import AgentCore
import EventFilters
import Foundation
import Glibc
import Testing

/// What the rules hide, without a kernel.
@Suite struct RedactionTests {
    /// NUL behind each.
    private func terminated(_ texts: [String]) -> [UInt8] {
        var bytes: [UInt8] = []
        for text in texts { bytes += Array(text.utf8) + [0] }
        return bytes
    }

    private func hidden(_ patterns: [String], _ arguments: [String]) throws -> [String]? {
        var redaction = Redaction()
        redaction.rules = try patterns.map { try CaptureRegex($0) }
        let bytes = terminated(arguments)
        return redaction.hidden(inArguments: bytes).map { result in
            result.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
                String(decoding: $0, as: UTF8.self)
            }
        }
    }

    @Test func groupsAreHiddenWhereverTheArgumentEnds() throws {
        let rule = ["--password[= ](\\S+)"]
        #expect(try hidden(rule, ["mysql", "--password=x1", "db"]) == ["mysql", "--password=*****", "db"])
        #expect(
            try hidden(rule, ["mysql", "--password", "x1", "db"]) == ["mysql", "--password", "*****", "db"])
        #expect(try hidden(rule, ["mysql", "db"]) == nil)
        #expect(try hidden(rule, []) == nil)
        #expect(
            try hidden(["(?i)token=(\\w+)"], ["x", "Token=a", "TOKEN=b c"]) == [
                "x", "Token=*****", "TOKEN=***** c",
            ])
    }

    @Test func withoutAGroupTheWholeMatchIsHidden() throws {
        #expect(
            try hidden(["sk-[a-z0-9]+"], ["curl", "-H", "Key: sk-ab12"]) == ["curl", "-H", "Key: *****"])
    }

    @Test func aStretchOverSeveralArgumentsKeepsTheirNumber() throws {
        #expect(
            try hidden(["from (.*) to"], ["x", "from", "a", "b", "to"]) == [
                "x", "from", "*****", "*****", "to",
            ])
    }

    @Test func theNameOfTheProgramIsATextOfItsOwn() throws {
        #expect(try hidden(["^(\\S+)"], ["a", "b", "c"]) == ["*****", "*****", "c"])
        #expect(try hidden(["(c)$"], ["c", "b", "c"]) == ["*****", "b", "*****"])
    }

    @Test func rulesThatFindTheSameHideItOnce() throws {
        #expect(try hidden(["k=(\\w+)", "(=abc)", "bcd"], ["x", "k=abcdef"]) == ["x", "k*****"])
    }

    @Test func anEnvironmentIsHiddenByNameAndByRule() throws {
        var redaction = Redaction()
        redaction.rules = [try CaptureRegex("^URL=.*:(.*)@")]
        let bytes = terminated(["A=1", "DB_PASSWORD=x", "URL=http://u:p@h", "odd"])
        let result = redaction.apply(toEnvironment: bytes).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
        #expect(result == ["A=1", "DB_PASSWORD=*****", "URL=http://u:*****@h", "odd"])
    }
}

extension DaemonSuite {
    /// What the rules hide is nowhere to be found.
    @Suite struct LiveRedactionTests {
        @Test func theSecretReachesNoSinkAndNoClient() throws {
            // Older than the daemon: it comes from procfs.
            let older = try Program(["/bin/sh", "-c", "read line < /dev/zero", "--password=seeded-secret"])
            defer { older.signal(SIGKILL) }
            let daemon = try TestDaemon.started(
                yaml: """
                    events:
                      process: {environment: true, fork: true}
                      redact: ['(?i)password[= ](\\S+)', 'PIN=(\\d+)']
                    """)
            try Run.program(
                [
                    "/bin/sh", "-c", "/bin/true", "--password", "live-secret",
                    String(repeating: "x", count: 8000), "password=long-secret",
                ],
                environment: ["MY_PIN": "none", "X": "PIN=4711"])
            try daemon.settle()
            let listed = try daemon.secctl("ps", "-o", "json").output + daemon.secctl("tree").output
            try daemon.stop()
            let text = readText(daemon.exportFile)
            for secret in ["seeded-secret", "live-secret", "long-secret", "4711\""] {
                #expect(!text.contains(secret) && !listed.contains(secret), "\(secret)")
            }
            #expect(text.contains("--password *****"))
            #expect(text.contains("password=*****"))
            #expect(listed.contains("--password=*****"))
            #expect(text.contains("PIN=*****"))
            #expect(
                try !daemon.lines.contains {
                    $0.kind == "process_exec" && $0["process.flags"].contains("truncArgs")
                })
            #expect(try daemon.secctl("verify", daemon.exportFile).ending == .code(0))
        }
    }
}
