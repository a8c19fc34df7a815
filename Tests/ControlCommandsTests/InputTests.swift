import ArgumentParser
import ControlCommands
import Foundation
import Testing

/// Commands against files; what they print goes to the test's own output, so codes are compared.
@Suite struct InputTests {
    private func inFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secctl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    private func line(_ number: Int, _ time: String) -> String {
        let kind = number == 1 ? "stream_start" : "process_fork"
        return #"{"\#(kind)":{},"time":"\#(time)","secd":{"stream":"s","line":"\#(number)"}}"# + "\n"
    }

    private func code(_ arguments: [String]) async -> Int32 {
        do {
            var command = try Secctl.parseAsRoot(arguments)
            if let concurrent = command as? VerifyCommand {
                try await concurrent.run()
            } else if let concurrent = command as? EventsCommand {
                try await concurrent.run()
            } else {
                try command.run()
            }
            return 0
        } catch {
            return Secctl.exitCode(for: error).rawValue
        }
    }

    @Test func filesAreOrderedByTheirFirstLine() async throws {
        try await inFolder { folder in
            let paths = ["c", "a", "b"].map { folder.appending(path: $0).path }
            try line(1, "2026-11-21T08:00:00Z").write(toFile: paths[0], atomically: true, encoding: .utf8)
            try line(3, "2026-11-21T10:00:00Z").write(toFile: paths[1], atomically: true, encoding: .utf8)
            try ("damaged\n" + line(2, "2026-11-21T09:00:00Z")).write(
                toFile: paths[2], atomically: true, encoding: .utf8)
            #expect(LogFiles.ordered(paths + [paths[0]]) == [paths[0], paths[2], paths[1]])
        }
    }

    @Test func verifyReadsCompressedFilesAndTellsItsCodes() async throws {
        try await inFolder { folder in
            let old = folder.appending(path: "events-1.json").path
            let new = folder.appending(path: "events.json").path
            try line(1, "2026-11-21T08:00:00Z").write(toFile: old, atomically: true, encoding: .utf8)
            try line(2, "2026-11-21T09:00:00Z").write(toFile: new, atomically: true, encoding: .utf8)
            let gzip = try Process.run(URL(filePath: "/usr/bin/gzip"), arguments: [old])
            gzip.waitUntilExit()
            #expect(await code(["verify", new, old + ".gz"]) == 0)
            #expect(await code(["verify", "--strict", new, old + ".gz"]) == 1)
            try (line(2, "2026-11-21T09:00:00Z") + line(4, "2026-11-21T09:00:00Z")).write(
                toFile: new, atomically: true, encoding: .utf8)
            #expect(await code(["verify", new, old + ".gz"]) == 1)
            #expect(await code(["verify", folder.path]) == 2)
            #expect(await code(["verify", new + ".none"]) == 2)
            let cut = try Data(contentsOf: URL(filePath: old + ".gz")).dropLast(9)
            try cut.write(to: URL(filePath: old + ".gz"))
            #expect(await code(["verify", old + ".gz"]) == 2)
            #expect(await code(["events", old + ".gz"]) == 2)
            #expect(await code(["verify"]) == 64)
        }
    }

    @Test func whatHoldsNoEventIsBadNews() async throws {
        try await inFolder { folder in
            let empty = folder.appending(path: "empty.json").path
            let text = folder.appending(path: "notes.txt").path
            let log = folder.appending(path: "events.json").path
            try "".write(toFile: empty, atomically: true, encoding: .utf8)
            try "no\nevents\n".write(toFile: text, atomically: true, encoding: .utf8)
            try line(1, "2026-11-21T08:00:00Z").write(toFile: log, atomically: true, encoding: .utf8)
            for file in [empty, text] {
                #expect(await code(["verify", file]) == 1)
                #expect(await code(["events", file]) == 1)
                #expect(await code(["events", "-o", "json", file]) == 1)
            }
            // An empty file of a log that goes on elsewhere is none.
            #expect(await code(["verify", empty, log]) == 0)
            #expect(await code(["events", empty, log]) == 0)
            #expect(await code(["events", "-o", "json", log]) == 0)
            // There are events, though none is asked for.
            #expect(await code(["events", "-e", "exec", log]) == 0)
        }
    }

    /// A damaged file is told, and the others are verified and shown all the same.
    @Test func aDamagedFileDoesNotHideTheOthers() async throws {
        try await inFolder { folder in
            let paths = (1...3).map { folder.appending(path: "events-\($0).json").path }
            for number in 1...3 {
                try line(number, "2026-11-21T0\(number):00:00Z").write(
                    toFile: paths[number - 1], atomically: true, encoding: .utf8)
            }
            try Process.run(URL(filePath: "/usr/bin/gzip"), arguments: [paths[1]]).waitUntilExit()
            let damaged = paths[1] + ".gz"
            try Data(contentsOf: URL(filePath: damaged)).dropLast(9).write(to: URL(filePath: damaged))
            #expect(await code(["verify", paths[0], damaged, paths[2]]) == 2)
            var verifier = LogVerifier()
            verifier.begin(file: damaged)
            verifier.take(Array(line(1, "2026-11-21T08:00:00Z").dropLast().utf8).span, number: 1, file: "a")
            verifier.fail(file: damaged, after: 1, reason: "a is damaged: unexpected end of file")
            let report = verifier.report()
            #expect(!report.isExplained)
            #expect(
                VerifyText(palette: Palette(isOn: false)).lines(report).last
                    == "not read (after 1 line): a is damaged: unexpected end of file")
        }
    }
}
