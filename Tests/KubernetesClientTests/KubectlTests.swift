import AgentModel
import Foundation
import KubernetesClient
import KubernetesObjects
import Testing

/// The real kubectl agrees that the server in these tests is one, and what it does there is seen by a watch.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Kubectl.isThere, "kubectl is not installed"))
struct KubectlTests {
    @Test func writesAreSeenAndListsAgree() async throws {
        var following = try await Following(pods: [pod("web")])
        #expect(await following.nextList() == ["web"])
        _ = await following.nextWatch()
        let kubectl = try Kubectl(port: following.port)
        defer { kubectl.clean() }
        // The file that kubectl reads is one that secd reads.
        #expect(try Kubeconfig.read(kubectl.config).server == Following.address(following.port))

        #expect(try kubectl.run(["get", "pods", "-A", "-o", "name"]) == "pod/web\n")

        let (watch, seen) = try kubectl.start(["get", "pods", "-n", "shop", "-w", "-o", "name"])
        let applied = try kubectl.run(
            ["apply", "--validate=false", "-f", "-"], input: pod("db", labels: #"{"app":"a"}"#))
        #expect(applied == "pod/db created\n")
        #expect(await following.nextSet()?.metadata.name == "db")
        var watched = ""
        while !watched.contains("pod/db\n") {
            let more = seen.availableData
            if more.isEmpty { break }
            watched += String(decoding: more, as: UTF8.self)
        }
        #expect(watched.contains("pod/web\n") && watched.contains("pod/db\n"))

        _ = try kubectl.run(["label", "pod", "db", "-n", "shop", "app=b", "--overwrite"])
        #expect(await following.nextSet()?.metadata.labels == ["app": "b"])

        let again = try kubectl.run(
            ["apply", "--validate=false", "-f", "-"], input: pod("db", labels: #"{"app":"a","tier":"x"}"#))
        #expect(again == "pod/db configured\n")
        #expect(await following.nextSet()?.metadata.labels == ["app": "a", "tier": "x"])

        #expect(try kubectl.run(["delete", "pod", "db", "-n", "shop"]).contains("\"db\" deleted"))
        #expect(await following.nextRemoved() == "db")
        #expect(try kubectl.run(["get", "pods", "-n", "shop", "-o", "name"]) == "pod/web\n")

        watch.terminate()
        await following.stop()
    }

    /// As one does it in a cluster: the policy acts on this node, and goes.
    @Test func policiesAreAppliedAndDeleted() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(folder: folder)
        let kubectl = try Kubectl(port: following.port)
        defer { kubectl.clean() }
        let apply = ["apply", "--validate=false", "-f", "-"]
        let applied = try kubectl.run(apply, input: policy("ant"))
        #expect(applied == "tracingpolicy.cilium.io/ant created\n")
        #expect(await following.policies { $0.count == 1 }.map(\.state) == [.enabled])
        let again = try kubectl.run(apply, input: policy("ant", message: "two"))
        #expect(again == "tracingpolicy.cilium.io/ant configured\n")
        _ = await following.policies { _ in following.versions == ["two"] }
        let namespaced = try kubectl.run(apply, input: policy("bee", namespace: "shop"))
        #expect(namespaced == "tracingpolicynamespaced.cilium.io/bee created\n")
        #expect(await following.policies { $0.count == 2 }.map(\.namespace) == ["", "shop"])
        #expect(
            try kubectl.run(["get", "tpn", "-A", "-o", "name"]) == "tracingpolicynamespaced.cilium.io/bee\n")

        #expect(try kubectl.run(["delete", "tracingpolicy", "ant"]).contains("\"ant\" deleted"))
        #expect(await following.policies { $0.count == 1 }.map(\.name) == ["bee"])
        _ = try kubectl.run(["delete", "tracingpoliciesnamespaced", "bee", "-n", "shop"])
        #expect(await following.policies { $0.isEmpty }.isEmpty)
        #expect(following.versions == [])
        await following.stop()
    }
}

/// kubectl with a configuration and a home of its own.
struct Kubectl {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private static let path = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    static var isThere: Bool { path != nil }

    private let folder: URL
    /// Path of its kubeconfig.
    var config: String { folder.appending(path: "config").path }

    init(port: Int) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "secd-kubectl-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try """
        apiVersion: v1
        kind: Config
        current-context: test
        clusters: [{name: test, cluster: {server: "http://127.0.0.1:\(port)"}}]
        contexts: [{name: test, context: {cluster: test, user: ""}}]
        users: []
        """.write(toFile: config, atomically: true, encoding: .utf8)
    }

    func clean() { try? FileManager.default.removeItem(at: folder) }

    private func process(_ arguments: [String]) -> Process {
        let process = Process()
        process.executableURL = URL(filePath: Self.path ?? "")
        process.arguments = ["--kubeconfig", config, "--cache-dir", folder.path] + arguments
        process.environment = ["HOME": folder.path, "PATH": "/usr/bin:/bin"]
        return process
    }

    /// Starts it; its output can be read.
    func start(_ arguments: [String]) throws -> (Process, FileHandle) {
        let process = process(arguments)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        return (process, output.fileHandleForReading)
    }

    /// What it says, when it has ended well.
    func run(_ arguments: [String], input: String = "") throws -> String {
        let process = process(arguments)
        let (output, errors, feed) = (Pipe(), Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = feed
        try process.run()
        try feed.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try feed.fileHandleForWriting.close()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        let words = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(description: "kubectl \(arguments): \(text)\(words)")
        }
        return text
    }
}
