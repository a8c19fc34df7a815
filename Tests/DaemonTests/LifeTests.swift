import AgentModel
import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// Start, reload, stop, kill, and what is left.
    @Suite struct LifeTests {
        @Test func theServiceManagerIsToldEverything() throws {
            let daemon = try TestDaemon.started(environment: ["WATCHDOG_USEC": "100000"])
            #expect(daemon.notify.messages.first == "READY=1\nSTATUS=watching node")
            #expect(daemon.notify.wait(for: "WATCHDOG=1"))
            let count = daemon.notify.messages.count
            #expect(daemon.notify.wait(for: "WATCHDOG=1", after: count))
            daemon.program.signal(SIGHUP)
            #expect(daemon.notify.wait(for: "STATUS=reloaded"))
            let said = daemon.notify.messages.filter { $0 != "WATCHDOG=1" }
            #expect(said.count == 3 && said[1].hasPrefix("RELOADING=1\nMONOTONIC_USEC="), "\(said)")
            #expect(said.last == "READY=1\nSTATUS=reloaded")
            daemon.program.signal(SIGTERM)
            #expect(daemon.notify.wait(for: "STOPPING=1"))
            #expect(daemon.program.wait() == .code(0))
        }

        @Test(arguments: [SIGTERM, SIGINT])
        func aSignalEndsItInOrderAndNothingIsLeft(_ signal: Int32) throws {
            let daemon = try TestDaemon.started()
            #expect(permissions(daemon.socket) == "600")
            #expect(permissions(daemon.exportFile) == "600")
            #expect(permissions(daemon.state) == "700")
            // The rings are resident twice, and not the daemon's own.
            let memory = try daemon.status.memory
            #expect(memory.ownBytes > 1 << 20)
            #expect(memory.ownBytes + 2 * memory.ringBytes <= memory.residentBytes, "\(memory)")
            let objects = KernelObjects(of: daemon.pid)
            #expect(objects.programs.count > 10 && objects.maps.count > 5 && objects.links.count > 10)
            try Run.processes(20)
            try daemon.settle()
            try daemon.stop(signal)
            #expect(!exists(daemon.socket))
            #expect(!exists(daemon.pins))
            let lines = try daemon.lines
            #expect(lines.first?.kind == "stream_start" && lines.last?.kind == "stream_stop")
            #expect(lines.last?["reason"] == (signal == SIGTERM ? "SIGTERM" : "SIGINT"))
            let verified = try daemon.secctl("verify", daemon.exportFile)
            #expect(verified.ending == .code(0))
            #expect(
                verified.output.hasPrefix("1 file, \(Number.grouped(lines.count)) events, ")
                    && verified.output.hasSuffix("\ncomplete\n"), "\(verified.output)")
            guard KernelObjects.canBeListed else { return }
            #expect(try eventually { try objects.remaining == 0 })
        }

        @Test func theNextDaemonStartsInTheSamePlaceAtOnce() throws {
            let folder = try Folder()
            let first = try TestDaemon.started(in: folder)
            let killed = try TestDaemon.started()
            try first.stop()
            let second = try TestDaemon.started(in: folder)
            // Killed, and its programs are still being taken down.
            killed.program.signal(SIGKILL)
            let third = try TestDaemon.started(in: killed.folder)
            #expect(killed.program.wait() == .signal(SIGKILL))
            try second.stop()
            try third.stop()
            let streams = Set(try third.lines.map(\.stream))
            #expect(streams.count == 2)
        }

        @Test func aSecondDaemonInTheSamePlaceIsRefused() throws {
            let first = try TestDaemon.started()
            let cases = [
                ("--state-dir", first.state, "uses the state directory \(first.state)"),
                ("--pin-dir", first.pins, "uses the pin directory \(first.pins)"),
            ]
            for (flag, value, part) in cases {
                let second = try TestDaemon([flag, value])
                #expect(second.program.wait() == .code(69))
                #expect(
                    second.log.hasSuffix(
                        "secd: another secd (process \(first.pid)) \(part); stop it, or choose another with \(flag)\n"
                    ),
                    "\(second.log)")
            }
            let sameSocket = try TestDaemon(["--socket", first.socket])
            #expect(sameSocket.program.wait() == .code(69))
            #expect(
                sameSocket.log.hasSuffix(
                    "secd: another secd serves \(first.socket): stop it, or choose another --socket\n"),
                "\(sameSocket.log)")
            // Refused before anything was loaded or begun.
            #expect(!exists(sameSocket.exportFile))
            #expect(!exists(sameSocket.pins))
            let sameFile = try TestDaemon(["--export-file", first.exportFile])
            #expect(sameFile.program.wait() == .code(73))
            #expect(
                sameFile.log.hasSuffix(
                    "secd: cannot lock \(first.exportFile); another process is writing it, probably another secd: give each its own --export-file\n"
                ))
            // The first has noticed nothing.
            #expect(try first.secctl("status").ending == .code(0))
            try first.stop()
        }

        @Test func severalDaemonsWithPlacesOfTheirOwnSeeTheSame() throws {
            let first = try TestDaemon.started(["--node-name", "one"])
            let second = try TestDaemon.started(["--node-name", "two"])
            let marker = try Program(["/bin/true"])
            marker.wait()
            try first.settle()
            try second.settle()
            try first.stop()
            try second.stop()
            for (daemon, name) in [(first, "one"), (second, "two")] {
                let execs = try daemon.lines.filter { $0.kind == "process_exec" && $0.pid == Int(marker.pid) }
                #expect(execs.count == 1 && execs[0].json["node_name"]?.text == name)
                #expect(try daemon.secctl("verify", daemon.exportFile).output.hasSuffix("\ncomplete\n"))
            }
        }

        @Test func aReloadTakesOverWhatItCanAndNamesTheRest() throws {
            let daemon = try TestDaemon.started(yaml: "log-level: info\n")
            try daemon.settle()
            #expect(try !daemon.lines.contains { $0.kind == "process_fork" })
            _ = try daemon.folder.write(
                "secd.yaml",
                "log-level: debug\nevents: {process: {fork: true}, redact: ['secret=(\\S+)']}\nrings: {verdict: 2M}\n"
            )
            daemon.program.signal(SIGHUP)
            #expect(daemon.notify.wait(for: "STATUS=reloaded, but restart secd for rings.verdict"))
            #expect(
                daemon.log.contains("now in force: log-level, events.process.fork, events.redact\n"),
                "\(daemon.log)")
            #expect(daemon.log.contains("secd warning: reloaded, but restart secd for rings.verdict\n"))
            let marker = try Program(["/bin/true", "secret=hidden"])
            marker.wait()
            try daemon.settle()
            let lines = try daemon.lines
            #expect(lines.contains { $0.kind == "process_fork" })
            #expect(
                lines.first { $0.kind == "process_exec" && $0.pid == Int(marker.pid) }?["process.arguments"]
                    == "secret=*****")
            let known = try daemon.secctl("ps", "-o", "json").output
            #expect(!known.contains("secret=hidden"))

            let count = daemon.notify.messages.count
            _ = try daemon.folder.write("secd.yaml", "log-levle: debug\n")
            daemon.program.signal(SIGHUP)
            #expect(
                daemon.notify.wait(
                    for:
                        "STATUS=reload refused: \(daemon.folder / "secd.yaml"):1:1: log-levle: unknown key (did you mean \"log-level\"?)",
                    after: count), "\(daemon.notify.messages)")
            #expect(
                daemon.log.contains(
                    "the configuration is wrong and was not used:\n    \(daemon.folder / "secd.yaml"):1:1: error: log-levle"
                ))
            try daemon.stop()
        }
    }
}

/// Numbers as `secctl` groups them.
enum Number {
    static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits = String(digits.dropLast(3))
        }
        return ([digits] + groups).joined(separator: ",")
    }
}
