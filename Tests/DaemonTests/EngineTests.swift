import AgentModel
import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// Containers of the real podman and containerd, from their first program on. The engines run in places of their
    /// own, and are ended with the test.
    struct EngineTests {
        /// Long waits for names, because the engines share two processors with everything else.
        private static func yaml(podman: String = "", containerd: String = "") -> String {
            """
            workloads:
              enrich-wait: 10s
              docker: ""
              podman: "\(podman)"
              containerd: "\(containerd)"
              crio: ""

            """
        }

        /// Waits until a source of names is asked.
        private static func waitUntil(_ daemon: TestDaemon, follows provider: String) throws {
            let isFollowed = try eventually(15) {
                let listed = try daemon.secctl("workload", "list", "-o", "json").output
                let report = try JSONDecoder().decode(WorkloadReport.self, from: Data(listed.utf8))
                return report.providers[provider] == "connected"
            }
            try #require(isFollowed, "\(provider) is not followed:\n\(daemon.log)")
        }

        /// The programs of a container by what they were told to say, and that each has its name from the start.
        private static func programs(_ daemon: TestDaemon, saying word: String) throws -> [EventLine] {
            try daemon.settle()
            let kinds = ["process_exec", "process_exit"]
            return try daemon.lines(2) {
                kinds.contains($0.kind) && $0["process.arguments"] == "echo \(word)"
            }
        }

        @Test(.needs("podman") { PodmanEngine.obstacle })
        func podmansContainersHaveTheirNamesImagesAndLabels() throws {
            let engine = try PodmanEngine()
            let daemon = try TestDaemon.started(yaml: Self.yaml(podman: engine.socket))
            try Self.waitUntil(daemon, follows: "podman")
            let name = RuncContainers.id("podman")
            // It stays until the engine has told of it, which it does once the container runs.
            let run = try engine.run(
                name, labels: ["tier=edge"], ["sh", "-c", "busybox echo \(name); busybox sleep 2"])
            try #require(run.ending == .code(0), "\(run.errors)")
            #expect(run.output == "\(name)\n")

            let programs = try Self.programs(daemon, saying: name)
            #expect(programs.map(\.kind) == ["process_exec", "process_exit"])
            for event in programs {
                #expect(event["process.workload.kind"] == "container")
                #expect(event["process.workload.name"] == name)
                #expect(event["process.workload.runtime"] == "podman")
                #expect(event["process.workload.image"] == BoxImage.name)
                #expect(event["process.workload.labels.tier"] == "edge")
                #expect(event["process.workload.naming"].isEmpty)
            }
            try daemon.stop()
        }

        /// The hook has name and image from podman's own lists: its API answers for a container only when it runs.
        @Test(.needs("podman") { PodmanEngine.obstacle })
        func underTheHookPoliciesHoldForPodmansContainersFromTheFirstInstruction() throws {
            let engine = try PodmanEngine()
            let daemon = try TestDaemon.started(yaml: Self.yaml())
            let name = RuncContainers.id("hooked")
            try engine.setHook(["--socket", daemon.socket, "--config", daemon.folder / "secd.yaml"])
            let added = try daemon.secctl(
                "policy", "add", try daemon.folder.write("secret.yaml", HookTests.policy(name)))
            try #require(added.ending == .code(0), "\(added.errors)")

            let chosen = try engine.run(name, ["cat", "/secret"])
            #expect(chosen.ending == .code(128 + SIGKILL) && chosen.output.isEmpty, "\(chosen.errors)")
            let other = try engine.run(name + "-b", ["cat", "/secret"])
            #expect(other.ending == .code(0) && other.output == "secret\n", "\(other.errors)")

            try daemon.settle()
            let first = try daemon.lines(2) {
                $0.kind == "process_exec" && $0["process.arguments"] == "cat /secret"
            }
            #expect(first.map { $0["process.workload.name"] } == [name, name + "-b"])
            #expect(first.allSatisfy { $0["process.workload.image"] == BoxImage.name })
            try daemon.stop()
        }

        @Test(.needs("containerd") { ContainerdEngine.obstacle })
        func containerdsOwnContainersHaveTheirImagesAndLabels() throws {
            let engine = try ContainerdEngine()
            let daemon = try TestDaemon.started(yaml: Self.yaml(containerd: engine.socket))
            try Self.waitUntil(daemon, follows: "containerd-api")
            let run = try engine.run(
                "web", labels: ["tier=edge"], ["sh", "-c", "busybox echo secd-own; busybox true"])
            try #require(run.ending == .code(0), "\(run.errors)")

            let programs = try Self.programs(daemon, saying: "secd-own")
            #expect(programs.map(\.kind) == ["process_exec", "process_exit"])
            for event in programs {
                #expect(event["process.workload.name"] == "web")
                #expect(event["process.workload.runtime"] == "containerd")
                #expect(event["process.workload.image"] == BoxImage.name)
                #expect(event["process.workload.labels.tier"] == "edge")
                #expect(event["process.workload.naming"].isEmpty)
            }
            try daemon.stop()
        }
    }
}
