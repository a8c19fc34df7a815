import Foundation
import Glibc
import Testing

extension DaemonSuite {
    /// `secctl oci-hook` under the real runc. Its state directory is private, so that the daemon knows of a container
    /// by the hook alone.
    @Suite(.enabled(if: RuncContainers.obstacle == nil, "needs runc and busybox that run containers"))
    struct HookTests {
        private let folder: Folder
        private let containers: RuncContainers

        init() throws {
            folder = try Folder()
            containers = try RuncContainers(in: folder)
        }

        /// Kills who opens the secret in one container, and nobody of whom that is not certain.
        static func policy(_ container: String) -> String {
            """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: secret
            spec:
              degraded: true
              containerSelector:
                matchExpressions:
                - {key: name, operator: In, values: ["\(container)"]}
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
        }

        private func hook(_ arguments: [String] = []) -> [String: Any] {
            // The daemon's own configuration, not that of the machine.
            RuncContainers.hook(
                ["--socket", TestDaemon.socket(in: folder), "--config", folder / "secd.yaml"] + arguments)
        }

        /// 128 and the signal, as shells say it.
        private static let killed = Ending.code(128 + SIGKILL)

        @Test(arguments: ["createRuntime", "createContainer"])
        func policiesHoldFromTheFirstInstruction(stage: String) throws {
            let chosen = RuncContainers.id("chosen")
            let daemon = try TestDaemon.started(in: folder)
            let added = try daemon.secctl(
                "policy", "add", try folder.write("secret.yaml", Self.policy(chosen)))
            try #require(added.ending == .code(0), "\(added.errors)")

            for _ in 0..<5 {
                let run = try containers.run("chosen", ["cat", "/secret"], hooks: [stage: [hook()]])
                #expect(run.ending == Self.killed, "\(run.errors)")
                #expect(run.output.isEmpty)
            }
            let other = try containers.run("other", ["cat", "/secret"], hooks: [stage: [hook()]])
            #expect(other.ending == .code(0), "\(other.errors)")
            #expect(other.output == "secret\n")

            try daemon.settle()
            let first = try daemon.lines(6) {
                $0.kind == "process_exec" && $0["process.arguments"] == "cat /secret"
            }
            #expect(first.count == 6)
            #expect(first.allSatisfy { $0["process.workload.naming"].isEmpty })
            #expect(first.map { $0["process.workload.name"] }.count { $0 == chosen } == 5)
            #expect(try daemon.lines(5) { $0.kind == "process_kprobe" }.count == 5)
            try daemon.stop()
        }

        /// With more selectors than have all their sets, a container makes policies anew: the hook waits for that.
        @Test func policiesThatAreMadeAnewHoldToo() throws {
            let chosen = RuncContainers.id("anew")
            let daemon = try TestDaemon.started(in: folder)
            for number in 0..<8 {
                let text = Self.policy(number == 0 ? chosen : "other-\(number)")
                    .replacing("name: secret", with: "name: secret-\(number)")
                let added = try daemon.secctl("policy", "add", try folder.write("\(number).yaml", text))
                try #require(added.ending == .code(0), "\(added.errors)")
            }
            let run = try containers.run("anew", ["cat", "/secret"], hooks: ["createRuntime": [hook()]])
            #expect(run.ending == Self.killed, "\(run.errors)")
            try daemon.stop()
        }

        @Test func withoutDaemonAContainerStartsUnlessThatIsForbidden() throws {
            _ = try folder.write("secd.yaml", "")
            let open = try containers.run("open", ["true"], hooks: ["createRuntime": [hook()]])
            #expect(open.ending == .code(0), "\(open.errors)")

            let closed = try containers.run(
                "closed", ["true"], hooks: ["createRuntime": [hook(["--fail-closed", "-"])]])
            #expect(closed.ending == .code(1))
            #expect(closed.errors.contains("fail-closed for containers in no pod"), "\(closed.errors)")
            #expect(closed.errors.contains("no daemon listens"), "\(closed.errors)")

            // By namespace, from the daemon's file.
            _ = try folder.write("secd.yaml", "workloads:\n  hook-fail-closed: [\"*\", \"!lab\"]\n")
            for (namespace, ending) in [("shop", Ending.code(1)), ("lab", Ending.code(0))] {
                let run = try containers.run(
                    "pod", ["true"], hooks: ["createRuntime": [hook()]],
                    annotations: [
                        "io.kubernetes.cri.container-type": "container",
                        "io.kubernetes.cri.sandbox-namespace": namespace,
                    ])
                #expect(run.ending == ending, "\(namespace): \(run.errors)")
            }
        }

        @Test func aDaemonThatStandsIsNotWaitedForLong() throws {
            let daemon = try TestDaemon.started(in: folder)
            daemon.program.signal(SIGSTOP)
            defer { daemon.program.signal(SIGCONT) }
            let begin = ContinuousClock.now
            let run = try containers.run(
                "stands", ["true"], hooks: ["createRuntime": [hook(["--timeout", "500ms"])]])
            #expect(run.ending == .code(0), "\(run.errors)")
            #expect(ContinuousClock.now - begin < .seconds(20))
        }
    }
}
