import AgentModel
import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// A daemon with a journald of its own, which comes late, hangs, and is restarted.
    @Suite(.enabled(if: PrivateJournal.isPossible, "needs systemd-journald")) struct JournalFaultTests {
        /// Numbers of the stream's lines in the journal.
        private func lines(_ journal: PrivateJournal, _ kind: String = "") throws -> [Int] {
            try journal.query(
                "-o", "cat", "--output-fields=SECD_LINE", "SYSLOG_IDENTIFIER=secd", "_TRANSPORT=journal"
            )
            .compactMap { Int($0) }
        }

        @Test func eventsWaitForAJournaldThatComesLateHangsAndIsRestarted() throws {
            let journal = try PrivateJournal()
            let daemon = try TestDaemon.started(["--export-journald"], wrapper: journal.wrapper)
            #expect(try eventually { try daemon.sink("journald").state.contains("out of reach") })
            try Run.processes(10)
            try journal.start()
            #expect(try eventually { try daemon.sink("journald").state == "ok" })
            try daemon.settle()

            journal.signal(SIGSTOP)
            try Run.processes(400)
            #expect(try eventually { try daemon.sink("journald").state.contains("journald does not read") })
            journal.signal(SIGCONT)
            #expect(try eventually { try daemon.sink("journald").state == "ok" })

            // All of it is read before the end: what a dying journald has not read is gone with its socket.
            try daemon.settle()
            #expect(try eventually { try daemon.sink("journald").queueBytes == 0 })
            _ = try journal.query("-n", "1")
            journal.terminate()
            try Run.processes(10)
            try journal.start()
            #expect(try eventually { try daemon.sink("journald").details["restarts"] == 1 })
            try daemon.settle()
            try daemon.stop()

            let file = try daemon.lines
            let gaps = try journal.query("-o", "json", "SECD_EVENT=stream_gap")
            // After a restart nobody can know what had not been read: the gap says how much at most.
            #expect(gaps.count == 1 && gaps[0].contains("sink_restarted"), "\(gaps)")
            let numbers = Set(try lines(journal))
            let missing = file.filter { !numbers.contains(Int($0.json.at("secd.line")?.text ?? "") ?? 0) }
            #expect(missing.isEmpty, "\(missing.map(\.text))")
        }

        @Test func entriesCanBeAskedForAndRead() throws {
            let journal = try PrivateJournal()
            try journal.start()
            let folder = try Folder()
            let watched = folder / "watched"
            let daemon = try TestDaemon.started(
                in: folder, yaml: "events: {files: [{path: \(watched)}]}\n", ["--export-journald"],
                wrapper: journal.wrapper)
            try Run.shell(
                "mkdir \(watched); echo x > \(watched)/a; mv \(watched)/a \(watched)/b; unlink \(watched)/none 2>/dev/null || true"
            )
            let port = try FreePort.tcp()
            try Run.program(["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/\(port)"])
            try Run.program(["/bin/true", "two words", "line\nbreak"])
            try daemon.settle()
            try daemon.stop()

            let binary = URL(filePath: "/bin/true").resolvingSymlinksInPath().path
            let found = try journal.query("-o", "json", "SECD_BINARY=\(binary)", "SECD_EVENT=process_exec")
            let entry = try #require(found.first { $0.contains("two words") })
            #expect(entry.contains("line\\\\nbreak"), "\(entry)")
            let fields = try JSONSerialization.jsonObject(with: Data(entry.utf8)) as? [String: Any] ?? [:]
            #expect(fields["PRIORITY"] as? String == "6")
            #expect(fields["SECD_NODE"] as? String == "node")
            #expect(
                (fields["SECD_EVENT_JSON"] as? String)?.hasPrefix(
                    "{\"process_exec\":{\"process\":{\"exec_id\":") == true)

            let connects = try journal.query(
                "-o", "cat", "SECD_EVENT=socket_connect", "SECD_REMOTE=127.0.0.1:\(port)")
            #expect(connects.contains { $0.contains(" → 127.0.0.1:\(port) attempt") }, "\(connects)")
            #expect(
                connects.contains { $0.contains(" → 127.0.0.1:\(port) failed ECONNREFUSED") }, "\(connects)")
            #expect(!connects.contains { $0.contains(" 0.0.0.0:0") })
            let failed = try journal.query(
                "-o", "cat", "-p", "notice", "SECD_ERROR=ECONNREFUSED", "SECD_REMOTE=127.0.0.1:\(port)")
            #expect(failed.count == 1)
            let renames = try journal.query("-o", "cat", "SECD_EVENT=file_rename", "SECD_PATH=\(watched)/a")
            #expect(renames.count == 1 && renames[0].hasSuffix(" \(watched)/a → \(watched)/b"), "\(renames)")
            let failures = try journal.query(
                "-o", "cat", "-p", "notice", "SECD_EVENT=file_delete", "SECD_ERROR=ENOENT")
            #expect(
                failures.count == 1 && failures[0].hasSuffix(" \(watched)/none failed ENOENT"), "\(failures)")
        }
    }
}
