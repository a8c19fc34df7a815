import AgentModel
import Foundation
import Glibc
import Testing
import Workloads

extension DaemonSuite {
    /// The daemon as a plugin of NRI, with containers of the real runc. The runtime that asks is the test, so that this runs
    /// where no runtime has NRI; `RuntimePluginTests` is the same with containerd.
    @Suite(.enabled(if: RuncContainers.obstacle == nil, "needs runc and busybox that run containers"))
    struct PluginTests {
        private let folder: Folder
        private let containers: RuncContainers
        private let runtime: PluginRuntime

        init() throws {
            folder = try Folder()
            containers = try RuncContainers(in: folder)
            runtime = try PluginRuntime(folder / "nri.sock")
        }

        private func follow() throws -> TestDaemon {
            let daemon = try TestDaemon.started(
                in: folder,
                yaml: """
                    workloads:
                      docker: ""
                      podman: ""
                      containerd: ""
                      crio: ""
                      nri: "\(folder / "nri.sock")"
                      hook-fail-closed: [shop]

                    """)
            let added = try daemon.secctl(
                "policy", "add", try folder.write("secret.yaml", RuntimePluginTests.policy))
            try #require(added.ending == .code(0), "\(added.errors)")
            try runtime.takePlugin()
            return daemon
        }

        /// Makes a container that reads the secret, asks about it and lets it start.
        private func run(_ name: String, labels: [String: String]) throws -> String {
            let id = RuncContainers.id(name)
            let process = try containers.create(id, ["cat", "/secret"])
            let answer = try runtime.start(
                PluginRuntime.Container(id: id, process: process, cgroup: "/\(id)", labels: labels))
            #expect(answer == .success([]), "\(name)")
            try containers.start(id)
            return id
        }

        /// How the programs of containers ended: by a signal or by themselves.
        private static func ends(_ daemon: TestDaemon, of ids: [String]) throws -> [EventLine] {
            try daemon.lines(ids.count) {
                $0.kind == "process_exit" && $0["process.arguments"] == "cat /secret"
                    && ids.contains($0["process.workload.id"])
            }
        }

        @Test func policiesByLabelsHoldFromTheFirstInstruction() throws {
            let daemon = try follow()
            let killed = try (0..<5).map { try run("plugin-\($0)", labels: ["app": "shop"]) }
            let spared = try run("plugin-other", labels: ["app": "cart"])

            let ends = try Self.ends(daemon, of: killed)
            #expect(ends.map { $0["signal"] } == Array(repeating: "SIGKILL", count: 5), "\(daemon.log)")
            #expect(
                ends.allSatisfy {
                    $0["process.pod.namespace"] == "shop" && $0["process.pod.name"] == "web-1"
                        && $0["process.pod.pod_labels.app"] == "shop"
                        && $0["process.pod.container.name"] == "app"
                        && $0["process.workload.runtime"] == "containerd"
                        && $0["process.workload.naming"].isEmpty
                })
            #expect(try daemon.lines(5) { $0.kind == "process_kprobe" }.count == 5)
            #expect(try Self.ends(daemon, of: [spared]).map { $0["signal"] } == [""])
            #expect(try daemon.status.notes.filter { $0.hasPrefix("nri:") } == [])
            try daemon.stop()
        }

        @Test func aContainerThatCannotBeTakenIsAnsweredByTheRuleOfItsNamespace() throws {
            let daemon = try follow()
            var container = PluginRuntime.Container(id: "nowhere", process: 0, cgroup: "/nowhere")
            guard case .failure(TTRPCAnswer.failedPrecondition, let reason) = try runtime.start(container)
            else {
                Issue.record("a container of a closed namespace starts:\n\(daemon.log)")
                return
            }
            #expect(
                reason.hasPrefix(
                    "secd: container app of pod shop/web-1 does not start (fail-closed for namespace shop): it has no cgroup"
                ), "\(reason)")
            container.namespace = "lab"
            #expect(try runtime.start(container) == .success([]))
            let notes = try daemon.status.notes.filter { $0.hasPrefix("nri:") }
            #expect(notes.count == 1)
            #expect(
                notes.first?.hasPrefix(
                    "nri: policies did not hold in time for 2 containers, of which 1 were refused; the last: "
                        + "container app of pod lab/web-1 starts") == true, "\(notes)")

            // By a new rule, from the next container on.
            _ = try folder.write(
                "secd.yaml", folder.text("secd.yaml").replacing("[shop]", with: "[lab]"))
            daemon.program.signal(SIGHUP)
            #expect(
                try eventually {
                    if case .failure = try runtime.start(container) { true } else { false }
                }, "\(daemon.log)")
            try daemon.stop()
        }

        @Test func aRuntimeThatRestartsIsAskedForPluginsAgain() throws {
            let daemon = try follow()
            // The connection ends; the socket stays.
            runtime.dropPlugin()
            try runtime.takePlugin()
            let id = try run("plugin-again", labels: ["app": "shop"])
            #expect(try Self.ends(daemon, of: [id]).map { $0["signal"] } == ["SIGKILL"])
            try daemon.stop()
        }
    }
}
