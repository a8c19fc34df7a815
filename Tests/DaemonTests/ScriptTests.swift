import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// `make run` and `make demo`, behind the build.
    @Suite struct ScriptTests {
        private static let script =
            #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/scripts/agent.sh"

        @Test func theDemonstrationLeavesACompleteLog() throws {
            let folder = try Folder()
            let run = try Run.program(
                ["/bin/bash", Self.script, "demo", Programs.folder, "3", folder / "demo.json"], seconds: 120)
            #expect(run.ending == .code(0), "\(run.errors)")
            #expect(run.output.contains("\ncomplete\n") && run.errors.isEmpty, "\(run.output)\(run.errors)")
            let kinds = Set(try EventLine.read(folder / "demo.json").map(\.kind))
            for kind in [
                "process_exec", "process_exit", "socket_connect", "socket_accept", "file_create",
                "file_rename",
            ] {
                #expect(kinds.contains(kind), "no \(kind)")
            }
        }

        @Test(arguments: [SIGINT, SIGTERM])
        func theLiveViewEndsWithASignalInOrder(_ signal: Int32) throws {
            let folder = try Folder()
            let program = try Program(
                ["/bin/bash", Self.script, "run", Programs.folder], output: folder / "output",
                errors: folder / "errors")
            #expect(
                eventually(60) {
                    let text = folder.text("output")
                    return [" exec ", " connect ", " rename "].allSatisfy { text.contains($0) }
                }, "\(folder.text("output"))\(folder.text("errors"))")
            program.signal(signal)
            #expect(program.wait() == .code(0))
            let output = folder.text("output")
            #expect(output.hasPrefix("secd ") && output.contains(": healthy\n"))
            #expect(folder.text("errors").isEmpty, "\(folder.text("errors"))")
            // Its folder is gone, and the daemon with it.
            let socket = output.split(separator: "\n").first { $0.contains("SECD_SOCKET=") }?.split(
                separator: "="
            ).last
            #expect(!exists(String(try #require(socket))))
        }
    }
}
