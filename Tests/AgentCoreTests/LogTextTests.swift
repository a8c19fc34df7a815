import AgentCore
import Testing

/// Messages of the daemon's log: what others chose in them forges no line.
@Suite struct LogTextTests {
    @Test(arguments: [
        ("5 policies: é, 日本", "5 policies: é, 日本"),
        // journald would take the second line for an emergency.
        ("pod a\n<0>kernel panic", "pod a\n    <0>kernel panic"),
        ("a\r2026-01-01 secd error: b", "a\u{FFFD}2026-01-01 secd error: b"),
        ("\u{1B}[2Jgone\tby\u{7F}", "\u{FFFD}[2Jgone\tby\u{FFFD}"),
        ("left\u{202E}thgir\u{2028}next", "left\u{FFFD}thgir\u{FFFD}next"),
        ("", ""),
    ])
    func staysInItsLines(_ message: String, _ shown: String) { #expect(message.asLogText == shown) }
}
