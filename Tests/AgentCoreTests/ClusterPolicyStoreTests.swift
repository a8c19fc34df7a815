import AgentCore
import AgentModel
import LinuxSystem
import PolicyModel
import Testing

/// Policies of a cluster among those of files and of the API.
@Suite struct ClusterPolicyStoreTests {
    private typealias Folder = PolicyFolder

    private static func change(
        _ name: String, message: String = "one", selectors: String? = nil, isNew: Bool = false
    ) -> ClusterPolicyChange {
        let text =
            if let selectors {
                Folder.policy(name, message: message, selectors: selectors)
            } else { Folder.policy(name, message: message) }
        return ClusterPolicyChange(PolicyKey(name: name), text: Array(text.utf8), isNew: isNew)
    }

    private static func gone(_ name: String) -> ClusterPolicyChange {
        ClusterPolicyChange(PolicyKey(name: name), text: nil)
    }

    private func store(_ folder: Folder, _ runtime: MemoryRuntime, follows: Bool = true) -> PolicyStore {
        folder.store(runtime) { $0.followsCluster = follows }
    }

    @Test func namesOfTheAPIAndOfFilesGoFirst() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        try folder.write("a.yaml", Folder.policy("ant", message: "file"))
        let store = store(folder, runtime)
        _ = try store.add(PolicyAddition(Folder.policy("bee", message: "api")))
        store.adopt([Self.change("ant"), Self.change("bee"), Self.change("cat")])
        #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["api", "file", "one"])
        let others = store.statuses.filter { $0.domain == "k8s" }
        #expect(others.map(\.state) == [.loadError, .loadError, .enabled])
        #expect(others[0].error == "there is a policy ant already, from \(folder.policies)/a.yaml")
        #expect(others[1].error == "there is a policy bee already, from API")

        // The API neither replaces nor deletes what a cluster has, and may switch it off.
        let cat = PolicyKey(name: "cat")
        let added = #expect(throws: PolicyChangeError.self) {
            try store.add(PolicyAddition(Folder.policy("cat"), replaces: true))
        }
        #expect(added?.kind == .alreadyExists)
        let deleted = #expect(throws: PolicyChangeError.self) { try store.delete(cat) }
        #expect(
            deleted?.description
                == "policy cat comes from kubernetes:tracingpolicies/cat: remove it there, or disable the policy"
        )
        try store.configure(cat, enabled: false, mode: nil)
        #expect(runtime.names == ["bee", "ant"])
    }

    @Test func aRestartHasTheNewestThatCouldRun() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        runtime.refuse(message: "no", because: "the verifier says no")
        let first = store(folder, runtime)
        first.adopt([Self.change("ant"), Self.change("bee"), Self.change("cat"), Self.change("dog")])
        first.adopt([
            Self.change("ant", message: "two"), Self.change("bee", message: "no"),
            Self.change("cat", selectors: "- matchNothing: []"), Self.gone("dog"),
        ])
        #expect(runtime.running.map(\.policy.hooks[0].event.message) == ["two", "one", "one"])
        let errors = first.statuses.map(\.error)
        #expect(errors[0] == "" && errors[1].contains("the verifier says no"))
        #expect(errors[2].hasPrefix("the text before goes on: kubernetes:tracingpolicies/cat:"))

        let again = MemoryRuntime()
        let second = store(folder, again)
        #expect(again.running.map(\.policy.hooks[0].event.message) == ["two", "one", "one"])
        #expect(second.clusterPolicies == Set(["ant", "bee", "cat"].map { PolicyKey(name: $0) }))
        #expect(second.complaints == [])

        // Who does not follow the cluster any more has none of it, and keeps what was there.
        let without = MemoryRuntime()
        #expect(store(folder, without, follows: false).statuses.isEmpty)
        let kept = try FileTree.names(in: "\(folder.state)/cluster-policies").sorted()
        #expect(kept == ["ant.yaml", "bee.yaml", "cat.yaml"])
    }

    @Test func whatIsMadeAnewDoesNotFallBack() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = store(folder, runtime)
        store.adopt([Self.change("ant")])
        store.adopt([Self.change("ant", selectors: "- matchNothing: []", isNew: true)])
        #expect(runtime.names == [] && store.statuses.map(\.state) == [.loadError])
        // The same text once more is nothing new.
        let replacements = runtime.replacements
        store.adopt([Self.change("bee")])
        store.adopt([Self.change("bee")])
        #expect(runtime.replacements == replacements + 1)
    }

    @Test func whatCannotBeKeptActsAllTheSameAndIsTold() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let runtime = MemoryRuntime()
        let store = store(folder, runtime)
        // A file where the folder should be.
        let path = "\(folder.state)/cluster-policies"
        try folder.write("../state/cluster-policies", "x")
        store.adopt([Self.change("ant")])
        #expect(runtime.names == ["ant"])
        #expect(store.complaints.count == 1)
        #expect(
            store.complaints[0].hasPrefix("1 policies of the cluster are not kept in \(path) as they are"))
        try FileTree.remove(path)
        store.adopt([Self.change("bee")])
        #expect(store.complaints == [])
        #expect(try FileTree.names(in: path).sorted() == ["ant.yaml", "bee.yaml"])
    }

    @Test func aKeptFileThatIsDamagedIsTold() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let first = store(folder, MemoryRuntime())
        first.adopt([Self.change("ant")])
        try folder.write("../state/cluster-policies/ant.yaml", "no policy")
        let runtime = MemoryRuntime()
        let second = store(folder, runtime)
        #expect(second.complaints.count == 1)
        #expect(
            second.complaints[0].hasSuffix(
                "ant.yaml is damaged: a policy that the cluster had is not in force"))
        #expect(runtime.names == [])
    }

    @Test func labelsOfANodeAreKeptForThatNode() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let kept = KeptNodeLabels(stateDirectory: folder.state, node: "node1")
        #expect(kept.read() == [:])
        try kept.write(["zone": "a", "quote": "\"\\\u{2028}ä"])
        #expect(kept.read() == ["zone": "a", "quote": "\"\\\u{2028}ä"])
        #expect(KeptNodeLabels(stateDirectory: folder.state, node: "node2").read() == [:])
        try folder.write("../state/cluster-node.json", "{")
        #expect(kept.read() == [:])

        let labels = NodeLabels(node: "node1", manifests: ["zone": "m"], cluster: ["zone": "a", "b": "c"])
        #expect(labels.merged["zone"] == "m" && labels.merged["b"] == "c")
        #expect(labels.merged["kubernetes.io/hostname"] == "node1")
        var told: [String: String] = [:]
        labels.set(manifests: [:]) { told = $0 }
        #expect(told["zone"] == "a")
        labels.set(cluster: ["zone": "z"]) { told = $0 }
        #expect(told["zone"] == "z" && told["b"] == nil)
    }
}
