import AgentModel
import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// SIGKILL at any moment: the next start cleans up, the log has whole lines only.
    @Suite(.enabled(if: KernelObjects.canBeListed, "needs bpftool")) struct KillTests {
        /// A load that never pauses: processes, sockets and files.
        private static let storm = """
            while :; do
              /bin/true; /bin/sh -c 'exit 3' x "two words"; echo x > "$1/file"; mv "$1/file" "$1/other"; rm "$1/other"
              { exec 3<>/dev/tcp/127.0.0.1/9; } 2>/dev/null
            done
            """

        @Test func twentyKillsLeaveNothingBehind() throws {
            let folder = try Folder()
            let storms = try (0..<2).map { _ in
                try Program(["/bin/bash", "-c", Self.storm, "storm", folder.path])
            }
            var generator = SystemRandomNumberGenerator()
            var objects: [KernelObjects] = []
            for _ in 0..<20 {
                let daemon = try TestDaemon(in: folder)
                // Now and then before it is ready: while it loads, attaches, or opens files.
                if Bool.random(using: &generator) { try daemon.waitUntilReady() }
                usleep(UInt32.random(in: 0...150_000, using: &generator))
                objects.append(KernelObjects(of: daemon.pid))
                daemon.kill()
            }
            let last = try TestDaemon.started(in: folder)
            for storm in storms {
                storm.signal(SIGKILL)
                storm.wait()
            }
            try last.settle()
            for killed in objects { #expect(try eventually { try killed.remaining == 0 }) }
            try last.stop()
            #expect(!exists(last.socket) && !exists(last.pins))
            // Every line is whole, every stream complete as far as it goes.
            let verified = try last.secctl("verify", last.exportFile)
            #expect(verified.ending == .code(0), "\(verified.output)")
            #expect(verified.output.hasSuffix(": complete\n"))
            #expect(!verified.output.contains("NOT") && !verified.output.contains("damaged"))
            #expect(readText(last.exportFile).hasSuffix("}\n"))
        }

        @Test func aKillWhileDetachingIsClearedByTheNextStart() throws {
            let folder = try Folder()
            let daemon = try TestDaemon.started(in: folder)
            // What an orderly end does with each link, cut off in the middle.
            let link = try #require(KernelObjects(of: daemon.pid).links.first)
            let bpftool = try #require(Programs.path(of: "bpftool"))
            let pin = "\(daemon.pins)/stopping-process-0"
            try Run.shell("\(bpftool) link pin id \(link) \(pin)")
            let objects = KernelObjects(of: daemon.pid)
            daemon.kill()
            #expect(exists(pin))
            let next = try TestDaemon.started(in: folder)
            #expect(!exists(pin))
            #expect(
                next.log.contains("removed a program that a killed daemon left behind pin=stopping-process-0")
            )
            #expect(try eventually { try objects.remaining == 0 })
            try next.stop()
            #expect(!exists(next.pins))
        }

        @Test func aTornLastLineIsCutOffAtTheNextStart() throws {
            let folder = try Folder()
            let first = try TestDaemon.started(in: folder)
            try first.settle()
            first.kill()
            let whole = readText(first.exportFile)
            try (whole + "{\"process_exec\":{\"process\":{\"exec_id\":\"to").write(
                toFile: first.exportFile, atomically: false, encoding: .utf8)
            let second = try TestDaemon.started(in: folder)
            #expect(
                second.log.contains(
                    "the file ended in a partial line, left by a daemon that was killed; it was removed"))
            #expect(try second.sink("file").details["torn_lines"] == 1)
            try second.stop()
            #expect(readText(second.exportFile).hasPrefix(whole + "{\"stream_start\":"))
            let verified = try second.secctl("verify", second.exportFile)
            #expect(verified.ending == .code(0))
            #expect(verified.output.contains("complete; ended without stop (killed, or power lost)"))
        }
    }
}
