import AgentCore
import AgentModel
import Foundation
import KubernetesClient
import Testing

/// Policies and labels that a cluster tells, from its server to what runs.
@Suite(.timeLimit(.minutes(5))) struct ClusterPolicyTests {
    private static func node(_ zone: String) -> String {
        #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"node1","labels":{"zone":"\#(zone)"}}}"#
    }

    @Test func policiesComeChangeAndGo() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(
            objects: [policy("ant"), policy("bee", namespace: "shop")], folder: folder)
        let first = await following.policies { $0.count == 2 }
        #expect(first.map(\.name) == ["ant", "bee"] && first.map(\.namespace) == ["", "shop"])
        #expect(first.map(\.state) == [.enabled, .enabled] && first.map(\.domain) == ["k8s", "k8s"])
        #expect(
            first.map(\.source) == [
                "kubernetes:tracingpolicies/ant", "kubernetes:tracingpoliciesnamespaced/shop/bee",
            ])
        #expect(first.map(\.warnings) == [[], []])

        try following.cluster.put(policy("cat"))
        #expect(await following.policies { $0.count == 3 }.map(\.state) == [.enabled, .enabled, .enabled])
        try following.cluster.put(policy("ant", message: "two"))
        _ = await following.policies { _ in following.versions.contains("two") }
        #expect(following.versions == ["two", "one", "one"])

        following.cluster.remove("tracingpolicies", "ant")
        following.cluster.remove("tracingpoliciesnamespaced", "bee", "shop")
        #expect(await following.policies { $0.count == 1 }.map(\.name) == ["cat"])
        #expect(following.follower.problems == [] && following.follower.notes == [])
        await following.stop()
    }

    @Test func aBadVersionLeavesTheOneBeforeInForce() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(objects: [policy("ant")], folder: folder)
        _ = await following.policies { $0.count == 1 }
        try following.cluster.put(policy("ant", message: "bad", selectors: #"{"matchNothing":[]}"#))
        let statuses = await following.policies { $0.first?.error.isEmpty == false }
        let status = try #require(statuses.first)
        #expect(status.state == .enabled && following.versions == ["one"])
        #expect(status.error.hasPrefix("the text before goes on: kubernetes:tracingpolicies/ant:"))
        #expect(status.error.contains("matchNothing"))
        // A new one that is bad is nothing, and says so by its name.
        try following.cluster.put(policy("bee", selectors: #"{"matchNothing":[]}"#))
        let both = await following.policies { $0.count == 2 }
        #expect(both.map(\.name) == ["ant", "bee"] && both[1].state == .loadError)
        #expect(following.versions == ["one"])

        try following.cluster.put(policy("ant", message: "three"))
        _ = await following.policies { _ in following.versions == ["three"] }
        // Deleted and made anew, it does not fall back on what was deleted.
        following.cluster.remove("tracingpolicies", "ant")
        try following.cluster.put(policy("ant", selectors: #"{"matchNothing":[]}"#))
        let last = await following.policies { $0.map(\.state) == [.loadError, .loadError] }
        #expect(last.map(\.name) == ["ant", "bee"] && following.versions == [])
        await following.stop()
    }

    @Test func aRestartWithoutTheAPIKeepsWhatWasInForce() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try await PolicyFollowing(
            objects: [Self.node("a"), policy("ant", node: "a"), policy("bee", namespace: "shop")],
            folder: folder)
        _ = await first.policies { $0.map(\.state) == [.enabled, .enabled] }
        await first.stop()

        // Nobody listens there any more.
        let second = try await PolicyFollowing(folder: folder, port: first.port)
        #expect(await second.keeper.statuses().map(\.state) == [.enabled, .enabled])
        #expect(second.versions == ["one", "one"])
        await second.told { $0.problems.count == 2 }
        #expect(second.follower.problems.allSatisfy { $0.contains("the 1 that it had stay in force") })
        #expect(await second.keeper.statuses().map(\.state) == [.enabled, .enabled])
        await second.stop()

        // It is back, and one policy was deleted meanwhile.
        let third = try await PolicyFollowing(
            objects: [Self.node("a"), policy("bee", namespace: "shop")], folder: folder)
        #expect(third.keeper.keptOfCluster.count == 2)
        #expect(await third.policies { $0.count == 1 }.map(\.name) == ["bee"])
        await third.stop()

        let fourth = try await PolicyFollowing(folder: folder, port: first.port)
        #expect(await fourth.keeper.statuses().map(\.name) == ["bee"])
        await fourth.stop()
    }

    @Test func policiesStayWhileTheServerIsAwayAndGoWhenANewListLacksThem() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(objects: [policy("ant"), policy("bee")], folder: folder)
        _ = await following.policies { $0.count == 2 }
        following.cluster.change { $0.token = "another" }
        following.cluster.cut()
        await following.told { $0.problems.contains { $0.contains("401") } }
        #expect(await following.keeper.statuses().map(\.state) == [.enabled, .enabled])
        // While nobody watches, one is deleted, and the change is forgotten.
        following.cluster.change { state in
            _ = state.store.remove(resource: "tracingpolicies", namespace: nil, name: "ant")
            state.store.compact()
            state.token = ""
        }
        #expect(await following.policies { $0.count == 1 }.map(\.name) == ["bee"])
        await following.told { $0.problems.isEmpty }
        await following.stop()
    }

    @Test func aClusterWithoutTheDefinitionsIsANoteAndIsAskedAgain() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(folder: folder) { $0.change { $0.hasPolicies = false } }
        await following.told { $0.notes.count == 2 }
        #expect(following.follower.problems == [])
        let note = following.follower.notes[0]
        #expect(note.hasPrefix("kubernetes: the cluster knows no tracingpolicies.cilium.io (404)"))
        var asked = 0
        for await request in following.cluster.requests where request.path.hasSuffix("/tracingpolicies") {
            asked += 1
            if asked == 4 { break }
        }
        #expect(following.log.sentences.filter { $0 == note }.count == 1)
        // Somebody installs them.
        following.cluster.change { $0.hasPolicies = true }
        try following.cluster.put(policy("ant"))
        #expect(await following.policies { $0.count == 1 }.map(\.state) == [.enabled])
        // And takes them away while nobody looks: that is no word about the policies.
        following.cluster.change { $0.hasPolicies = false }
        following.cluster.cut()
        await following.told { $0.notes.contains { $0.contains("the 1 that it had stay in force") } }
        #expect(await following.keeper.statuses().map(\.state) == [.enabled])
        await following.stop()
    }

    @Test func labelsOfTheNodeSwitchPoliciesOnAndOff() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(
            objects: [Self.node("b"), policy("ant", node: "a")], folder: folder)
        #expect(await following.policies { $0.count == 1 }.map(\.state) == [.skipped])
        try following.cluster.put(Self.node("a"))
        _ = await following.policies { $0.map(\.state) == [.enabled] }
        #expect(following.versions == ["one"])
        // A node that is gone has no other labels for that.
        following.cluster.remove("nodes", "node1")
        try following.cluster.put(policy("bee", node: "a"))
        _ = await following.policies { $0.map(\.state) == [.enabled, .enabled] }
        try following.cluster.put(Self.node("b"))
        _ = await following.policies { $0.map(\.state) == [.skipped, .skipped] }
        #expect(following.versions == [])
        await following.stop()
    }

    @Test func namesThatAreNoNamesAreNoFiles() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(
            objects: [policy("../../../tmp/x"), policy("ant")], folder: folder)
        #expect(await following.policies { $0.count == 1 }.map(\.name) == ["ant"])
        await following.told { $0.problems.contains { $0.contains("is no name of an object") } }
        let kept = folder.appending(path: "cluster-policies").path
        #expect(try FileManager.default.contentsOfDirectory(atPath: kept) == ["ant.yaml"])
        await following.stop()
    }
}
