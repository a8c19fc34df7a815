import Foundation
import TestSupport
import Testing

extension DaemonSuite {
    /// `secctl events` on a journal.
    @Suite(
        .enabled(if: PrivateJournal.isPossible, "needs systemd-journald"),
        .enabled(if: Programs.isInstalled("logger"), "needs logger"))
    struct JournalReadTests {
        /// Sends an entry with fields of the sender's choice.
        private func send(_ fields: [String], in journal: PrivateJournal, as user: [String] = []) throws {
            let text = fields.joined(separator: "\\n")
            let run = try Run.program(
                journal.wrapper + user + ["/bin/sh", "-c", "printf '\(text)\\n' | logger --journald"])
            guard run.ending == .code(0) else { throw Failure("logger: \(run.ending)\n\(run.errors)") }
        }

        private func events(_ arguments: String..., in journal: PrivateJournal) throws -> Run {
            try Run.program(journal.wrapper + [Programs.secctl, "events", "-o", "json"] + arguments)
        }

        @Test func onlyWhatSecdItselfSentIsShown() throws {
            let journal = try PrivateJournal()
            try journal.start()
            let daemon = try TestDaemon.started(["--export-journald"], wrapper: journal.wrapper)
            try Run.processes(3)
            try daemon.settle()
            try daemon.stop()
            let forged = "{\"process_exec\":{},\"time\":\"2026-01-01T00:00:00Z\"}"
            let nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            let fields = [
                "MESSAGE=x", "SYSLOG_IDENTIFIER=secd", "SECD_EVENT=process_exec", "SECD_EVENT_JSON=\(forged)",
            ]
            try send(fields, in: journal, as: nobody)
            // The daemon's own log under systemd.
            try send(["MESSAGE=stopped (SIGTERM)", "SYSLOG_IDENTIFIER=secd"], in: journal)
            let stored = try journal.query("-o", "cat", "SYSLOG_IDENTIFIER=secd", "MESSAGE=x")
            #expect(stored == ["x"])

            let shown = try events("--since", "2000-01-01", in: journal)
            #expect(shown.ending == .code(0) && shown.errors.isEmpty, "\(shown.errors)")
            #expect(try shown.lines == daemon.lines.map(\.text))
            let last = try events("--last", "2", in: journal)
            #expect(last.errors.isEmpty && last.lines == shown.lines.suffix(2))
        }

        @Test func untilEndsTheWalk() throws {
            let journal = try PrivateJournal()
            try journal.start()
            let daemon = try TestDaemon.started(["--export-journald"], wrapper: journal.wrapper)
            try daemon.settle()
            try daemon.stop()
            // Whoever comes this far says that it is no event.
            try send(
                [
                    "MESSAGE=x", "SYSLOG_IDENTIFIER=secd", "SECD_EVENT=process_exec",
                    "SECD_EVENT_JSON=damaged",
                ],
                in: journal)
            _ = try journal.query("-n", "1")
            let all = try events("--since", "-1h", in: journal)
            #expect(all.errors.hasPrefix("secctl: journal: not an event: "), "\(all.errors)")
            let before = try events("--since", "-2h", "--until", "-1h", in: journal)
            #expect(before.ending == .code(0) && before.errors.isEmpty && before.output.isEmpty)
            let newest = try events("--until", "-1h", "--last", "1", in: journal)
            #expect(newest.output.isEmpty)
        }
    }
}
