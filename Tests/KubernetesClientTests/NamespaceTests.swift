import AgentCore
import Foundation
import Testing

/// Labels of namespaces that a cluster tells, from its server to those who make identities of them.
@Suite(.timeLimit(.minutes(5))) struct NamespaceTests {
    private static func namespace(_ name: String, tier: String) -> String {
        #"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"\#(name)","labels":{"tier":"\#(tier)"}}}"#
    }

    @Test func theyComeChangeAndGo() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(
            objects: (1...5).map { Self.namespace("n\($0)", tier: "a") }, folder: folder)
        #expect(await following.namespaces { $0.count == 5 }["n5"] == ["tier": "a"])
        try following.cluster.put(Self.namespace("n5", tier: "b"))
        #expect(await following.namespaces { $0["n5"] != ["tier": "a"] }["n5"] == ["tier": "b"])
        try following.cluster.put(Self.namespace("n6", tier: "c"))
        #expect(await following.namespaces { $0["n6"] != nil }["n6"] == ["tier": "c"])
        following.cluster.remove("namespaces", "n6")
        #expect(await following.namespaces { $0["n6"] == [:] }["n6"] == [:])
        #expect(following.follower.problems == [] && following.follower.notes == [])
        await following.stop()
    }

    @Test func theyAreKnownAfterARestartWithoutTheAPI() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let first = try await PolicyFollowing(objects: [Self.namespace("shop", tier: "a")], folder: folder)
        _ = await first.namespaces { $0.count == 1 }
        await first.stop()
        // Nobody listens there any more.
        let second = try await PolicyFollowing(folder: folder, port: first.port)
        #expect(second.toldNamespaces.labels == ["shop": ["tier": "a"]])
        await second.told { $0.notes.contains { $0.hasPrefix("kubernetes: namespaces: cannot be reached") } }
        #expect(second.toldNamespaces.labels == ["shop": ["tier": "a"]])
        await second.stop()
    }

    @Test func aRoleThatLacksThemIsANote() async throws {
        let folder = try PolicyFollowing.folder()
        defer { try? FileManager.default.removeItem(at: folder) }
        let following = try await PolicyFollowing(
            objects: [Self.namespace("shop", tier: "a")], folder: folder
        ) { $0.change { $0.forbidden = ["namespaces"] } }
        await following.told {
            $0.notes.contains {
                $0.contains("(403)") && $0.contains("let secd's role list and watch namespaces")
            }
        }
        #expect(following.follower.problems == [] && following.toldNamespaces.labels == [:])
        following.cluster.change { $0.forbidden = [] }
        #expect(await following.namespaces { !$0.isEmpty } == ["shop": ["tier": "a"]])
        await following.stop()
    }
}
