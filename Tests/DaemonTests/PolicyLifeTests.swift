import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// Policies from their coming to their going, by `secctl`, and what is left of them when the daemon is
    /// killed.
    struct PolicyLifeTests {
        private let folder: Folder

        init() throws { folder = try Folder() }

        /// Kills who sets one of these masks, which nobody else does.
        private static func kills(_ name: String, _ masks: [Int]) -> String {
            let values = masks.map { "\"\($0)\"" }.joined(separator: ", ")
            return """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata:
                  name: \(name)
                spec:
                  kprobes:
                  - call: sys_umask
                    syscall: true
                    args:
                    - {index: 0, type: int, label: mask}
                    selectors:
                    - matchArgs:
                      - {index: 0, operator: Equal, values: [\(values)]}
                      matchActions:
                      - {action: Sigkill}

                """
        }

        /// How a shell ends that sets a mask.
        private static func sets(_ mask: Int) throws -> Ending {
            try Run.program(["/bin/sh", "-c", "umask \(String(mask, radix: 8))"]).ending
        }

        private static let killed = Ending.signal(SIGKILL)
        private static let lives = Ending.code(0)

        /// State and mode of each policy, as `secctl policy list` shows them.
        private static func list(_ daemon: TestDaemon) throws -> [String: [String]] {
            let lines = try daemon.secctl("policy", "list").lines.dropFirst()
            return Dictionary(
                lines.map { line in
                    let words = line.split(separator: " ").map(String.init)
                    return (words.first ?? "", Array(words.dropFirst().prefix(2)))
                }, uniquingKeysWith: { first, _ in first })
        }

        @Test func aPolicyIsAddedStoppedChangedAndTakenBackAndARestartKeepsWhatWasSaid() throws {
            let (fromFile, fromAPI) = (0o651, 0o652)
            let directory = folder / "policies"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            _ = try folder.write("policies/file.yaml", Self.kills("from-file", [fromFile]))
            let added = try folder.write("added.yaml", Self.kills("from-api", [fromAPI]))
            var daemon = try TestDaemon.started(in: folder, ["--policy", directory])
            try #require(try eventually { try Self.sets(fromFile) == Self.killed }, "\(daemon.log)")

            let add = try daemon.secctl("policy", "add", added)
            #expect(add.ending == .code(0) && add.output.contains("kill-before-return"), "\(add)")
            #expect(try Self.sets(fromAPI) == Self.killed)
            let status = try daemon.secctl("policy", "status", "from-api")
            #expect(status.ending == .code(0) && status.output.contains("enforced 1"), "\(status.output)")
            #expect(
                try Self.list(daemon) == [
                    "from-file": ["enabled", "enforce"], "from-api": ["enabled", "enforce"],
                ])

            #expect(try daemon.secctl("policy", "disable", "from-api").ending == .code(0))
            #expect(try Self.sets(fromAPI) == Self.lives)
            #expect(try Self.list(daemon)["from-api"]?.first == "disabled")
            #expect(try daemon.secctl("policy", "enable", "from-api").ending == .code(0))
            #expect(try Self.sets(fromAPI) == Self.killed)

            #expect(try daemon.secctl("policy", "set-mode", "from-api", "monitor").ending == .code(0))
            #expect(try Self.sets(fromAPI) == Self.lives)
            try daemon.settle()
            #expect(try daemon.lines.contains { $0.kind == "process_kprobe" && $0["would_be"] == "killed" })

            // What was said holds after a restart, of policies of files, too.
            #expect(try daemon.secctl("policy", "disable", "from-file").ending == .code(0))
            try daemon.stop()
            #expect(try Self.sets(fromFile) == Self.lives)
            daemon = try TestDaemon.started(in: folder, ["--policy", directory])
            #expect(
                try eventually {
                    try Self.list(daemon)["from-api"] == ["enabled", "monitor"]
                }, "\(daemon.log)")
            #expect(try Self.list(daemon)["from-file"]?.first == "disabled")
            #expect(try Self.sets(fromFile) == Self.lives && Self.sets(fromAPI) == Self.lives)
            #expect(try daemon.secctl("policy", "set-mode", "from-api", "enforce").ending == .code(0))
            #expect(try daemon.secctl("policy", "enable", "from-file").ending == .code(0))
            #expect(try Self.sets(fromFile) == Self.killed && Self.sets(fromAPI) == Self.killed)

            #expect(try daemon.secctl("policy", "delete", "from-api").ending == .code(0))
            #expect(try Self.sets(fromAPI) == Self.lives && Self.sets(fromFile) == Self.killed)
            #expect(try Self.list(daemon) == ["from-file": ["enabled", "enforce"]])
            try daemon.stop()
        }

        /// What the watch of a directory cannot see: a link that leads elsewhere now.
        @Test func sighupReadsADirectoryAgainWhoseLinksLeadElsewhere() throws {
            let (before, after) = (0o651, 0o652)
            let directory = folder / "policies"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let target = try folder.write("elsewhere.yaml", Self.kills("linked", [before]))
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/linked.yaml", withDestinationPath: target)
            let daemon = try TestDaemon.started(in: folder, ["--policy", directory])
            try #require(try eventually { try Self.sets(before) == Self.killed }, "\(daemon.log)")

            _ = try folder.write("elsewhere.yaml", Self.kills("linked", [after]))
            daemon.program.signal(SIGHUP)

            #expect(try eventually { try Self.sets(after) == Self.killed }, "\(daemon.log)")
            #expect(try Self.sets(before) == Self.lives)
            try daemon.stop()
        }

        /// While policies are replaced without end: whichever version was kept, all of them run again.
        @Test func aKillInTheMiddleOfABuildLosesNoPolicyAndTheNextStartRunsThem() throws {
            let common = 0o651
            let count = 40
            // Each version has values of its own, so that every replacement is a build.
            let texts = (0..<2).map { version in
                (0..<count).map { index in
                    Self.kills(
                        "p\(index)", [common] + (0..<20).map { 100_000 + version * 10_000 + index * 20 + $0 })
                }.joined(separator: "---\n")
            }
            let files = try texts.indices.map { try folder.write("version-\($0).yaml", texts[$0]) }
            var daemon = try TestDaemon.started(in: folder)
            let first = try daemon.secctl("policy", "add", files[0])
            try #require(first.ending == .code(0), "\(first.errors)")
            var generator = SystemRandomNumberGenerator()

            for _ in 0..<6 {
                let script =
                    "while :; do for f in \"$@\"; do \(Programs.secctl) --socket \(daemon.socket)"
                    + " policy add --replace $f; done; done"
                let changes = try Program(["/bin/bash", "-c", script, "changes"] + files)
                usleep(UInt32.random(in: 200_000...900_000, using: &generator))
                daemon.kill()
                changes.signal(SIGKILL)
                changes.wait()
                // Nobody is left behind who kills.
                #expect(try eventually { try Self.sets(common) == Self.lives })

                daemon = try TestDaemon.started(in: folder)
                #expect(try eventually { try Self.sets(common) == Self.killed }, "\(daemon.log)")
                let policies = try Self.list(daemon)
                #expect(Set(policies.keys) == Set((0..<count).map { "p\($0)" }))
                #expect(policies.values.allSatisfy { $0 == ["enabled", "enforce"] }, "\(policies)")
            }
            // It takes changes as before.
            #expect(try daemon.secctl("policy", "add", "--replace", files[1]).ending == .code(0))
            try daemon.stop()
        }

        /// By force, because the daemon refuses such a policy otherwise.
        @Test func policiesThatKillAtTheDaemonsOwnCallsDoNotEndIt() throws {
            let hooks = ["read", "write", "ppoll", "epoll_wait", "bpf", "futex"].map { call in
                """
                  - call: sys_\(call)
                    syscall: true
                    selectors:
                    - matchBinaries:
                      - {operator: In, values: ["\(Programs.secd)"]}
                      matchActions:
                      - {action: Sigkill}

                """
            }
            let head = "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: suicide}\n"
            let file = try folder.write("suicide.yaml", head + "spec:\n  kprobes:\n" + hooks.joined())
            let daemon = try TestDaemon.started(in: folder)

            let refused = try daemon.secctl("policy", "add", file)
            let forced = try daemon.secctl("policy", "add", "--force", file)

            #expect(refused.ending != .code(0), "\(refused.output)")
            #expect(refused.errors.contains("suicide.yaml"), "\(refused.errors)")
            #expect(forced.ending == .code(0), "\(forced.errors)")
            try daemon.settle()
            #expect(try daemon.secctl("status").ending == .code(0))
            #expect(daemon.program.isRunning)
            #expect(try daemon.secctl("policy", "delete", "suicide").ending == .code(0))
            try daemon.stop()
        }

        /// A count that is cut off by the end of the daemon is told before the stream ends.
        @Test func whatWasCountedInTheLastIntervalIsToldWhenTheDaemonStops() throws {
            let file = try folder.write(
                "counts.yaml",
                Self.kills("counts", [0o653]).replacing(
                    "{action: Sigkill}", with: "{action: Count, countBy: [0], interval: 3600}"))
            let daemon = try TestDaemon.started(in: folder)
            #expect(try daemon.secctl("policy", "add", file).ending == .code(0))

            for _ in 0..<3 { #expect(try Self.sets(0o653) == Self.lives) }
            try daemon.settle()
            #expect(try !daemon.lines.contains { $0.kind == "process_kprobe" })
            try daemon.stop()

            let counted = try daemon.lines.filter { $0.kind == "process_kprobe" }
            #expect(counted.map { $0.integer("count") } == [3])
            #expect(try daemon.lines.last?.kind == "stream_stop")
        }
    }
}
