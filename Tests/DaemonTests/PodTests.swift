import AgentModel
import Dispatch
import Foundation
import Glibc
import Synchronization
import Testing

extension DaemonSuite {
    /// Pods of the real containerd by the CRI, from their first program on: the sandbox, and containers in it.
    @Suite(.needs("pods of containerd") { EnginePod.obstacle })
    struct PodTests {
        private let engine: ContainerdEngine

        init() throws { engine = try ContainerdEngine(hasPods: true) }

        /// Starts a daemon and waits until it follows containerd. Long waits for names, because the engine shares two
        /// processors with everything else.
        private func follow() throws -> TestDaemon {
            let daemon = try TestDaemon.started(
                yaml: """
                    export:
                      file:
                        max-size: 0
                    events:
                      socket:
                        enabled: false
                    workloads:
                      enrich-wait: 10s
                      docker: ""
                      podman: ""
                      containerd: "\(engine.socket)"
                      crio: ""

                    """)
            try #require(try follows(daemon), "containerd is not followed:\n\(daemon.log)")
            return daemon
        }

        private func follows(_ daemon: TestDaemon) throws -> Bool {
            try eventually(15) { try isFollowed(by: daemon) }
        }

        private func isFollowed(by daemon: TestDaemon) throws -> Bool {
            let listed = try daemon.secctl("workload", "list", "-o", "json").output
            let report = try JSONDecoder().decode(WorkloadReport.self, from: Data(listed.utf8))
            return report.providers["containerd"]?.hasPrefix("connected") == true
        }

        /// Programs of containers, by texts that only their lines have, when there are so many of them; others after
        /// half a minute.
        private static func programs(
            _ daemon: TestDaemon, _ count: Int, saying texts: String...
        ) throws -> [EventLine] {
            let file = try #require(FileHandle(forReadingAtPath: daemon.exportFile))
            let marks = texts.map { Array($0.utf8) }
            var (found, rest): ([EventLine], [UInt8]) = ([], [])
            // What grew meanwhile: a storm's file is too long to be read again and again.
            _ = try eventually {
                rest += try file.readToEnd().map { [UInt8]($0) } ?? []
                guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return false }
                for line in rest[..<end].split(separator: UInt8(ascii: "\n"))
                where marks.allSatisfy({ line.firstRange(of: $0) != nil }) {
                    let event = try EventLine(String(decoding: line, as: UTF8.self))
                    if event.kind == "process_exec" || event.kind == "process_exit" { found.append(event) }
                }
                rest.removeSubrange(...end)
                return found.count >= count
            }
            return found
        }

        /// What an event says wrong of a container, or of the sandbox; empty where all is right.
        private static func faults(
            _ event: EventLine, _ pod: EnginePod, _ container: (name: String, id: String)?
        ) -> [String] {
            var expected = [
                "process.workload.kind": "container", "process.workload.runtime": "containerd",
                "process.workload.naming": "", "process.pod.namespace": pod.namespace,
                "process.pod.name": pod.name, "process.pod.uid": pod.uid,
                "process.pod.container.name": container?.name ?? "",
                "process.pod.container.id": "containerd://" + (container?.id ?? pod.sandbox),
            ]
            for (key, value) in pod.labels { expected["process.pod.pod_labels." + key] = value }
            if container != nil {
                expected["process.pod.container.image.name"] = BoxImage.name
                for (key, value) in EnginePod.containerLabels {
                    expected["process.workload.labels." + key] = value
                }
            }
            return expected.filter { event[$0.key] != $0.value }
                .map { "\($0.key) is \"\(event[$0.key])\" and not \"\($0.value)\" in \(event.text)" }
        }

        /// Three short programs, and the shell that runs them: four begin, and four end.
        private static func script(_ word: String) -> [String] {
            let echo = "busybox echo \(word); "
            return ["sh", "-c", echo + echo + echo + "exit 0"]
        }
        private static let eventsOfScript = 8

        @Test func containersAndTheSandboxHaveTheirPodFromTheFirstExecOn() throws {
            let daemon = try follow()
            let pod = try EnginePod(engine, "web-1", labels: ["app": "shop", "tier": "front"])
            var ids: [String: String] = [:]
            for name in ["app", "side"] { ids[name] = try pod.start(name, Self.script("secd-pod-\(name).")) }
            try pod.waitUntilContainersHaveEnded()
            try pod.stop()

            for (name, id) in ids {
                let events = try Self.programs(daemon, Self.eventsOfScript, saying: "secd-pod-\(name).")
                #expect(events.count == Self.eventsOfScript, "\(daemon.log)")
                #expect(events.first?.kind == "process_exec")
                #expect(events.first?["process.arguments"].hasPrefix("sh -c") == true)
                #expect(events.flatMap { Self.faults($0, pod, (name, id)) } == [])
            }
            // What holds the namespaces is of the pod, and none of its containers.
            let sandbox = "\"containerd://\(pod.sandbox)\""
            let held = try Self.programs(daemon, 2, saying: sandbox)
            #expect(
                held.map(\.kind) == ["process_exec", "process_exit"],
                "\(held.map(\.text))")
            #expect(
                held.allSatisfy {
                    $0["process.arguments"] == BoxImage.pauseArguments.joined(separator: " ")
                })
            #expect(held.flatMap { Self.faults($0, pod, nil) } == [])
            try daemon.stop()
        }

        /// Pods of the storm, and containers in each: about 15 s on two processors that do nothing else. The 500
        /// containers that pods are promised for would take a minute of each run of the tests: `SECD_TEST_STORM_PODS=125`.
        private static let stormPods =
            ProcessInfo.processInfo.environment["SECD_TEST_STORM_PODS"].flatMap { Int($0) } ?? 30
        private static let stormContainers = 4
        /// Pods that are made at the same time, as a kubelet does.
        private static let stormLanes = 2

        /// What a storm has started, by the word that the containers say, and what went wrong.
        private final class Storm: Sendable {
            let started = Mutex<[String: (pod: EnginePod, container: String, id: String)]>([:])
            let failures = Mutex<[String]>([])
        }

        @Test func aStormOfPodsIsNamedWithoutAMistake() throws {
            let daemon = try follow()
            let storm = Storm()
            let engine = engine
            let ended = DispatchSemaphore(value: 0)
            for lane in 0..<Self.stormLanes {
                Thread.detachNewThread {
                    defer { ended.signal() }
                    do {
                        for number in stride(from: lane, to: Self.stormPods, by: Self.stormLanes) {
                            try Self.startAndEnd(number, of: storm, engine)
                        }
                    } catch {
                        storm.failures.withLock { $0.append("\(error)") }
                    }
                }
            }
            for _ in 0..<Self.stormLanes { ended.wait() }
            try #require(storm.failures.withLock { $0 } == [])
            let containers = storm.started.withLock { $0 }
            let wanted = Self.stormPods * Self.stormContainers
            try #require(containers.count == wanted)

            let events = try Self.programs(daemon, wanted * Self.eventsOfScript, saying: "secd-storm-")
            #expect(events.count == wanted * Self.eventsOfScript, "\(daemon.log)")
            var (seen, wrong): ([String: Int], [String]) = ([:], [])
            for event in events {
                let word = Self.word(in: event["process.arguments"])
                seen[word, default: 0] += 1
                guard let (pod, name, id) = containers[word] else {
                    wrong.append("nobody started \(event.text)")
                    continue
                }
                wrong += Self.faults(event, pod, (name, id))
            }
            #expect(wrong.isEmpty, "\(wrong.count), the first: \(wrong.prefix(5))")
            #expect(seen.count == wanted)
            #expect(seen.values.allSatisfy { $0 == Self.eventsOfScript })
            // Each pod has a label that no other one has.
            let identities = Dictionary(grouping: events) { $0["process.pod.name"] }.mapValues { events in
                Set(events.map { $0.integer("process.workload.identity") ?? 0 })
            }
            #expect(identities.values.allSatisfy { $0.count == 1 && $0.allSatisfy { $0 >= 256 } })
            #expect(Set(identities.values).count == Self.stormPods)
            try daemon.stop()
            #expect(try daemon.secctl("verify", daemon.exportFile).ending == .code(0))
        }

        /// A pod with its containers. containerd remembers it when it has ended, as a kubelet has it for a while.
        private static func startAndEnd(
            _ number: Int, of storm: Storm, _ engine: ContainerdEngine
        ) throws {
            let pod = try EnginePod(
                engine, "storm-\(number)", namespace: number % 3 == 0 ? "lab" : "shop",
                labels: ["number": "\(number)"])
            for index in 0..<stormContainers {
                let (word, name) = ("secd-storm-\(number)-\(index)", "part-\(index)")
                let id = try pod.start(name, script(word))
                storm.started.withLock { $0[word] = (pod, name, id) }
            }
            try pod.waitUntilContainersHaveEnded()
            try pod.stop()
        }

        /// What the first `echo` of a script, or one alone, says.
        private static func word(in arguments: String) -> String {
            guard let echo = arguments.firstRange(of: "echo ") else { return "" }
            return String(arguments[echo.upperBound...].prefix { $0 != ";" })
        }

        @Test func podsOlderThanTheDaemonAreKnown() throws {
            let pod = try EnginePod(engine, "old-1", labels: ["app": "shop"])
            let id = try pod.start("app", ["sleep", "600"])
            let daemon = try follow()
            try pod.exec(in: id, ["echo", "secd-old"])

            let entered = try Self.programs(daemon, 2, saying: "\"echo secd-old\"")
            #expect(entered.map(\.kind) == ["process_exec", "process_exit"])
            #expect(entered.flatMap { Self.faults($0, pod, ("app", id)) } == [])
            let listed = try daemon.secctl("workload", "list", "--pod", "shop/old-1")
            #expect(listed.output.contains("app"), "\(listed.output)")
            // What began before the daemon, and ends after it began.
            try pod.stop()
            let program = try Self.programs(daemon, 1, saying: "containerd://\(id)\"", "\"sleep 600\"")
            #expect(program.map(\.kind) == ["process_exit"])
            #expect(program.flatMap { Self.faults($0, pod, ("app", id)) } == [])
            let held = try Self.programs(daemon, 1, saying: "containerd://\(pod.sandbox)\"")
            #expect(held.map(\.kind) == ["process_exit"])
            #expect(held.flatMap { Self.faults($0, pod, nil) } == [])
            try daemon.stop()
        }

        @Test func podsFromBeforeAndAfterARestartOfContainerdAreKnown() throws {
            let daemon = try follow()
            let older = try EnginePod(engine, "older-1", labels: ["app": "shop"])
            let olderID = try older.start("app", ["sleep", "600"])
            try engine.stop()
            // A list fails, and the daemon knows that containerd is away.
            #expect(try eventually(15) { try !isFollowed(by: daemon) }, "\(daemon.log)")
            try engine.start()
            // At once: nobody waits until the daemon follows it again.
            let newer = try EnginePod(engine, "newer-1", labels: ["app": "lab"])
            let newerID = try newer.start("app", Self.script("secd-newer."))
            try older.exec(in: olderID, ["echo", "secd-older"])
            try newer.waitUntilContainersHaveEnded()

            let events = try Self.programs(daemon, Self.eventsOfScript, saying: "secd-newer.")
            #expect(events.count == Self.eventsOfScript, "\(daemon.log)")
            #expect(events.flatMap { Self.faults($0, newer, ("app", newerID)) } == [])
            let entered = try Self.programs(daemon, 2, saying: "\"echo secd-older\"")
            #expect(entered.map(\.kind) == ["process_exec", "process_exit"])
            #expect(entered.flatMap { Self.faults($0, older, ("app", olderID)) } == [])
            #expect(try follows(daemon))
            try daemon.stop()
        }
    }
}
