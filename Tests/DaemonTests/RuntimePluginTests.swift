import AgentModel
import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// The real containerd asks secd by NRI before a container of a pod starts. Nothing else of it is asked: pods and
    /// their labels are known by NRI alone.
    @Suite(.needs("containerd with NRI, from 1.7 on") { ContainerdEngine.nriObstacle })
    struct RuntimePluginTests {
        private let engine: ContainerdEngine

        init() throws { engine = try ContainerdEngine(hasPods: true, hasNRI: true) }

        /// Kills who opens the secret in pods with a label, and nobody of whom that is not certain.
        static let policy = """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: secret
            spec:
              degraded: true
              podSelector:
                matchLabels: {app: shop}
              kprobes:
              - call: sys_openat
                syscall: true
                args:
                - {index: 0, type: int}
                - {index: 1, type: string}
                selectors:
                - onUnknown: mismatch
                  matchArgs:
                  - {index: 1, operator: Equal, values: ["/secret"]}
                  matchActions:
                  - {action: Sigkill}

            """

        /// Starts a daemon with the policy, and waits until containerd has it for a plugin.
        private func follow() throws -> TestDaemon {
            let daemon = try TestDaemon.started(
                yaml: """
                    workloads:
                      docker: ""
                      podman: ""
                      containerd: ""
                      crio: ""
                      nri: "\(engine.nriSocket)"
                      hook-fail-closed: [shop]

                    """)
            let file = try daemon.folder.write("secret.yaml", Self.policy)
            let added = try daemon.secctl("policy", "add", file)
            try #require(added.ending == .code(0), "\(added.errors)")
            try #require(eventually(15) { try isPlugin(daemon) }, "\(daemon.log)\n\(engine.log)")
            return daemon
        }

        private func isPlugin(_ daemon: TestDaemon) throws -> Bool {
            let listed = try daemon.secctl("workload", "list", "-o", "json").output
            let report = try JSONDecoder().decode(WorkloadReport.self, from: Data(listed.utf8))
            return report.providers["nri"] == "connected"
        }

        /// Ends of programs in a container that read the secret, or try to.
        private static func ends(_ daemon: TestDaemon, of containers: [String]) throws -> [EventLine] {
            let ids = Set(containers.map { "containerd://" + $0 })
            return try daemon.lines(containers.count) {
                $0.kind == "process_exit" && $0["process.arguments"] == "cat /secret"
                    && ids.contains($0["process.pod.container.id"])
            }
        }

        @Test func policiesByLabelsHoldFromTheFirstInstruction() throws {
            let daemon = try follow()
            let chosen = try EnginePod(engine, "web-1", labels: ["app": "shop"])
            let other = try EnginePod(engine, "web-2", labels: ["app": "cart"])
            let killed = try (0..<5).map { try chosen.start("app-\($0)", ["cat", "/secret"]) }
            let spared = try other.start("app", ["cat", "/secret"])
            try chosen.waitUntilContainersHaveEnded()
            try other.waitUntilContainersHaveEnded()
            try daemon.settle()

            let ends = try Self.ends(daemon, of: killed)
            #expect(ends.map { $0["signal"] } == Array(repeating: "SIGKILL", count: 5), "\(daemon.log)")
            #expect(
                ends.allSatisfy {
                    $0["process.pod.pod_labels.app"] == "shop" && $0["process.pod.name"] == "web-1"
                        && $0["process.pod.container.name"].hasPrefix("app-")
                        && $0["process.pod.container.image.name"] == BoxImage.name
                        && $0["process.workload.naming"].isEmpty
                })
            #expect(try daemon.lines(5) { $0.kind == "process_kprobe" }.count == 5)
            let left = try Self.ends(daemon, of: [spared])
            #expect(left.map { $0["signal"] } == [""])
            #expect(try daemon.status.notes.filter { $0.hasPrefix("nri:") } == [])
            try daemon.stop()
        }

        /// containerd comes back with another socket, and without its plugins.
        @Test func theyHoldAgainWhenContainerdHasRestarted() throws {
            let daemon = try follow()
            try engine.stop()
            try #require(eventually(15) { try !isPlugin(daemon) }, "\(daemon.log)")
            try engine.start()
            try #require(eventually(15) { try isPlugin(daemon) }, "\(daemon.log)\n\(engine.log)")
            let pod = try EnginePod(engine, "web-3", labels: ["app": "shop"])
            let id = try pod.start("app", ["cat", "/secret"])
            try pod.waitUntilContainersHaveEnded()
            #expect(try Self.ends(daemon, of: [id]).map { $0["signal"] } == ["SIGKILL"])
            try daemon.stop()
        }

        /// Without the daemon nobody is asked, and pods run.
        @Test func aDaemonThatEndsLeavesContainersToStart() throws {
            let daemon = try follow()
            try daemon.stop()
            let pod = try EnginePod(engine, "web-4", labels: ["app": "shop"])
            _ = try pod.start("app", ["cat", "/secret"])
            try pod.waitUntilContainersHaveEnded()
        }
    }
}
