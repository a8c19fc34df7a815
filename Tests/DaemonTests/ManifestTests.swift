import AgentModel
import Foundation
import Glibc
import TestSupport
import Testing

extension DaemonSuite {
    /// A machine without Kubernetes, whose pods are those of a directory of manifests.
    struct ManifestTests {
        private let folder: Folder
        private var manifests: String { folder / "manifests" }

        init() throws {
            folder = try Folder()
            try FileManager.default.createDirectory(atPath: manifests, withIntermediateDirectories: true)
        }

        /// A mask that nobody else sets, for the policies of these tests.
        private static let mask = 0o654

        private static func pod(_ name: String, app: String, annotations: String = "{}") -> String {
            """
            apiVersion: v1
            kind: Pod
            metadata:
              name: \(name)
              namespace: shop
              labels: {app: \(app), tier: front}
              annotations: \(annotations)
            spec:
              containers:
              - name: app
                image: busybox:1

            """
        }

        /// Kills who sets the mask in pods with a label.
        private static func policy(app: String) -> String {
            """
            apiVersion: cilium.io/v1alpha1
            kind: TracingPolicy
            metadata:
              name: masks
            spec:
              podSelector:
                matchLabels: {app: \(app)}
              kprobes:
              - call: sys_umask
                syscall: true
                args:
                - {index: 0, type: int}
                selectors:
                - matchArgs:
                  - {index: 0, operator: Equal, values: ["\(mask)"]}
                  matchActions:
                  - {action: Sigkill}

            """
        }

        /// Whether who sets the mask in a container is killed: runc ends as a shell does then.
        private static func kills(in container: RuncContainer) throws -> Bool {
            let ending = try container.exec("umask \(String(mask, radix: 8)); true").ending
            guard ending == .code(0) || ending == .code(128 + SIGKILL) else {
                throw Failure("runc exec ended with \(ending)")
            }
            return ending != .code(0)
        }

        private static func execs(_ daemon: TestDaemon, of id: String) throws -> [EventLine] {
            try daemon.lines.filter { $0.kind == "process_exec" && $0["process.workload.id"] == id }
        }

        @Test(.enabled(if: RuncContainer.isPossible, "runc cannot run containers here"))
        func aContainerIsItsPodFromTheFirstExecOnAndPoliciesActByItsLabels() throws {
            let (web, other) = ("secd-web-\(getpid())_app", "secd-other-\(getpid())")
            let name = "secd-web-\(getpid())"
            _ = try folder.write(
                "manifests/pods.yaml", Self.pod(name, app: "web") + "---\n" + Self.policy(app: "web"))
            let daemon = try TestDaemon.started(in: folder, ["--manifests", manifests])
            let container = try RuncContainer(web)
            let neighbour = try RuncContainer(other)
            try #require(try eventually { try Self.kills(in: container) }, "\(daemon.log)")
            #expect(try !Self.kills(in: neighbour))
            try daemon.settle()

            let execs = try Self.execs(daemon, of: web)
            try #require(execs.count > 2, "\(daemon.log)")
            #expect(execs[0]["process.arguments"].hasPrefix("sh -c"))
            for event in execs {
                #expect(event["process.pod.namespace"] == "shop" && event["process.pod.name"] == name)
                #expect(event["process.pod.pod_labels.app"] == "web")
                #expect(event["process.pod.pod_labels.tier"] == "front")
                #expect(event["process.pod.container.name"] == "app")
                #expect(event["process.pod.container.image.name"] == "busybox:1")
                #expect(event["process.pod.workload_kind"] == "Pod")
            }
            #expect(try Self.execs(daemon, of: other).allSatisfy { $0["process.pod.name"].isEmpty })
            let killed = try daemon.lines.filter { $0.kind == "process_kprobe" }
            #expect(!killed.isEmpty && killed.allSatisfy { $0["process.pod.name"] == name })
            let listed = try daemon.secctl("pods")
            #expect(listed.output.contains("shop") && listed.output.contains(name), "\(listed.output)")
            #expect(try daemon.status.problems == [])
            try daemon.stop()
        }

        @Test(.enabled(if: RuncContainer.isPossible, "runc cannot run containers here"))
        func aLabelThatChangesInTheFileIsInForceWithoutAReload() throws {
            let id = "secd-label-\(getpid())"
            let annotations = "{container.secd.io/app: \(id)}"
            let file = "manifests/web.yaml"
            _ = try folder.write(file, Self.pod("web", app: "db", annotations: annotations))
            _ = try folder.write("manifests/policy.yaml", Self.policy(app: "web"))
            let daemon = try TestDaemon.started(in: folder, ["--manifests", manifests])
            let container = try RuncContainer(id)
            #expect(try !Self.kills(in: container))
            _ = try folder.write(file, Self.pod("web", app: "web", annotations: annotations))
            #expect(try eventually { try Self.kills(in: container) }, "\(daemon.log)")
            // Half a file: what it said before stays in force.
            _ = try folder.write(file, "apiVersion: v1\nkind: Pod\nmetadata: {name: \"we")
            #expect(
                try eventually {
                    try daemon.status.problems.contains {
                        $0.hasPrefix(folder / file + ":3:")
                            && $0.hasSuffix("; the objects that the file had before stay")
                    }
                }, "\(daemon.log)")
            #expect(try Self.kills(in: container))
            #expect(daemon.log.contains("secd error: \(folder / file):3:"), "\(daemon.log)")
            _ = try folder.write(file, Self.pod("web", app: "db", annotations: annotations))
            #expect(try eventually { try !Self.kills(in: container) }, "\(daemon.log)")
            #expect(try daemon.status.problems == [])
            try daemon.stop()
        }

        @Test(.enabled(if: RuncContainer.isPossible, "runc cannot run containers here"))
        func aLabelOfTheNamespaceThatChangesChangesTheIdentityOfItsPods() throws {
            let name = "secd-space-\(getpid())"
            let space = { (tier: String) in
                "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {tier: \(tier)}}}\n"
            }
            let label = { (tier: String) in "k8s:io.cilium.k8s.namespace.labels.tier=\(tier)" }
            _ = try folder.write("manifests/pods.yaml", Self.pod(name, app: "web"))
            _ = try folder.write("manifests/space.yaml", space("front"))
            let daemon = try TestDaemon.started(in: folder, ["--manifests", manifests])
            let container = try RuncContainer("\(name)_app")
            #expect(try container.exec("true").ending == .code(0))
            let used = { try daemon.secctl("identity", "list", "--used").output }
            #expect(try eventually { try used().contains(label("front")) }, "\(daemon.log)")
            _ = try folder.write("manifests/space.yaml", space("back"))
            #expect(
                try eventually {
                    let list = try used()
                    return list.contains(label("back")) && !list.contains(label("front"))
                }, "\(daemon.log)")
            #expect(try container.exec("true").ending == .code(0))
            #expect(try daemon.status.problems == [] && daemon.status.notes == [])
            try daemon.stop()
        }

        @Test func aDirectoryThatIsNotThereIsAProblemUntilItIs() throws {
            let missing = folder / "missing"
            let daemon = try TestDaemon.started(in: folder, ["--manifests", missing])
            #expect(
                try daemon.status.problems == ["no manifests from \(missing): No such file or directory"])
            try FileManager.default.createDirectory(atPath: missing, withIntermediateDirectories: true)
            _ = try folder.write(
                "missing/net.yaml", "{apiVersion: v1, kind: Service, metadata: {name: web}}\n")
            #expect(
                try eventually {
                    try daemon.status.notes == ["manifests: 1 Service: read and not used yet"]
                }, "\(daemon.log)")
            #expect(try daemon.status.problems == [])
            #expect(try daemon.secctl("status").ending == .code(0))
            #expect(
                daemon.log.components(separatedBy: "manifests: Service is read and not used yet").count == 2)
            try daemon.stop()
        }
    }
}
