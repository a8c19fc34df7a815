import AgentModel
import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// The export file of a daemon under load, on a disk that has no room, and in other people's hands.
    @Suite struct FileSinkFaultTests {
        /// `secctl verify -o json`, as far as tests look at it.
        private struct Verified: Decodable {
            struct Gap: Decodable {
                var count: Int
                var cause: String
                var sink: String?
            }
            struct Stream: Decodable {
                var events: Int
                var endedInOrder: Bool
                var gaps: [Gap]
                var findings: [String]
            }
            var explained: Bool
            var streams: [Stream]
            var damagedCount: Int
        }

        private func verify(_ daemon: TestDaemon, _ files: [String]) throws -> Verified {
            let run = try Run.program([Programs.secctl, "verify", "-o", "json"] + files)
            return try JSONDecoder().decode(Verified.self, from: Data(run.output.utf8))
        }

        @Test func rotationUnderLoadLosesNothingAndKeepsLinesWhole() throws {
            let yaml = "export: {file: {max-size: 64K, max-backups: 0}}\n"
            let daemon = try TestDaemon.started(yaml: yaml)
            let export = URL(filePath: daemon.exportFile).deletingLastPathComponent().path
            try Run.processes(150)
            // Somebody else rotates, too.
            try FileManager.default.moveItem(atPath: daemon.exportFile, toPath: export + "/moved.json")
            daemon.program.signal(SIGHUP)
            try Run.processes(150)
            // The name is a new file's when the old one was let go.
            #expect(eventually { exists(daemon.exportFile) })
            #expect(try eventually { try daemon.sink("file").details["rotations"] ?? 0 > 5 })
            try daemon.stop()
            // What was not compressed when the daemon stopped is compressed by the next.
            let next = try TestDaemon.started(in: daemon.folder, yaml: yaml)
            #expect(
                eventually {
                    (try? FileManager.default.contentsOfDirectory(atPath: export))?
                        .allSatisfy { !$0.hasPrefix("events.json.") || $0.hasSuffix(".gz") } ?? false
                })
            try next.stop()
            let names = try FileManager.default.contentsOfDirectory(atPath: export)
            #expect(names.count { $0.hasSuffix(".gz") } > 5 && !names.contains { $0.hasSuffix(".tmp") })
            for name in names { #expect(permissions("\(export)/\(name)") == "600", "\(name)") }
            let verified = try verify(daemon, names.map { "\(export)/\($0)" })
            #expect(verified.explained && verified.damagedCount == 0)
            #expect(verified.streams.count == 2)
            #expect(verified.streams.allSatisfy { $0.endedInOrder && $0.gaps.isEmpty && $0.findings.isEmpty })
        }

        @Test func onlySoManyBackupsAreKept() throws {
            let daemon = try TestDaemon.started(
                yaml: "export: {file: {max-size: 64K, max-backups: 2, compress: false}}\n")
            let export = URL(filePath: daemon.exportFile).deletingLastPathComponent().path
            try Run.processes(200)
            #expect(try eventually { try daemon.sink("file").details["backups_removed"] ?? 0 > 2 })
            try daemon.stop()
            let next = try TestDaemon.started(
                in: daemon.folder, yaml: "export: {file: {max-size: 64K, max-backups: 2, compress: false}}\n")
            #expect(
                eventually { (try? FileManager.default.contentsOfDirectory(atPath: export))?.count ?? 9 <= 3 }
            )
            try next.stop()
        }

        @Test func aFullDiskIsOutlastedAndTheGapIsExact() throws {
            let folder = try Folder()
            let disk = folder / "export"
            try Run.shell("mkdir \(disk) && mount -t tmpfs -o size=8m secd-test \(disk)")
            defer { _ = try? Run.shell("umount -l \(disk)") }
            let daemon = try TestDaemon.started(in: folder, yaml: "export: {queue-size: 1M}\n")
            try daemon.settle()
            try Run.shell("dd if=/dev/zero of=\(disk)/filler bs=4k 2>/dev/null || true")
            // More than the queue holds.
            var full = false
            for _ in 0..<40 where !full {
                try Run.processes(50)
                full = try daemon.sink("file").lost > 0
            }
            let during = try daemon.sink("file")
            #expect(
                full && during.state.contains("No space left on device; events wait in memory"), "\(during)")
            #expect(try daemon.secctl("status").ending == .code(1))
            #expect(readText(daemon.exportFile).hasSuffix("}\n"))

            try FileManager.default.removeItem(atPath: disk + "/filler")
            #expect(try eventually { try daemon.sink("file").state == "ok" })
            try daemon.settle()
            let lost = try daemon.sink("file").lost
            try daemon.stop()

            let lines = try daemon.lines
            let gaps = lines.filter { $0.kind == "stream_gap" }
            #expect(gaps.allSatisfy { $0["cause"] == "sink_full" && $0["sink"] == "file" })
            #expect(gaps.reduce(0) { $0 + ($1.integer("count") ?? 0) } == Int(lost))
            let verified = try verify(daemon, [daemon.exportFile])
            #expect(verified.explained && verified.streams.count == 1)
            #expect(verified.streams[0].gaps.reduce(0) { $0 + $1.count } == Int(lost))
            #expect(verified.streams[0].findings.isEmpty && verified.streams[0].endedInOrder)
            // What is there and what is missing is all that there was.
            let last = Int(lines.last?.json.at("secd.line")?.text ?? "") ?? 0
            #expect(lines.count - gaps.count + Int(lost) == last)
        }

        @Test func aFolderThatIsTakenAwayIsSaidAndComesBack() throws {
            let daemon = try TestDaemon.started()
            try daemon.settle()
            let export = URL(filePath: daemon.exportFile).deletingLastPathComponent().path
            try FileManager.default.removeItem(atPath: export)
            try "in the way".write(toFile: export, atomically: false, encoding: .utf8)
            try Run.processes(5)
            #expect(try eventually { try daemon.sink("file").state != "ok" })
            try FileManager.default.removeItem(atPath: export)
            try Run.processes(5)
            #expect(try eventually { try daemon.sink("file").state == "ok" && exists(daemon.exportFile) })
            try daemon.settle()
            try daemon.stop()
            #expect(try daemon.lines.last?.kind == "stream_stop")
        }
    }
}
