import Foundation
import KubernetesClient
import KubernetesObjects
import Testing

/// Servers that answer garbage, too much, too late or not at all.
@Suite(.timeLimit(.minutes(5))) struct FaultTests {
    @Test func readsANewListAfterGarbage() async throws {
        var following = try await Following(pods: [pod("web")])
        #expect(await following.nextList() == ["web"])
        _ = await following.nextWatch()
        following.cluster.send(Array("\u{0}not JSON\n".utf8))
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError.contains("no JSON"))
        #expect(await following.nextList() == ["web"])
        await following.stop()
    }

    @Test func leavesOutAnObjectThatCannotBeReadAndSaysSo() async throws {
        var following = try await Following()
        _ = await following.nextWatch()
        let line = #"{"type":"ADDED","object":{"metadata":{"name":["x"],"resourceVersion":"9"}}}"#
        following.cluster.send(Array((line + "\n").utf8))
        let state = await following.nextState { $0.skipped == 1 }
        #expect(state.lastSkipped == "object.metadata.name: expected text, found a list")
        try following.cluster.put(pod("web"))
        #expect(await following.nextSet()?.metadata.name == "web")
        await following.stop()
    }

    @Test func leavesOutAnObjectThatIsTooLongAndSaysSo() async throws {
        var following = try await Following()
        _ = await following.nextWatch()
        let filler = String(repeating: "x", count: 1 << 20)
        try following.cluster.put(pod("huge", labels: #"{"a":"\#(filler)"}"#))
        try following.cluster.put(pod("web"))
        #expect(await following.nextSet()?.metadata.name == "web")
        #expect(following.state.skipped == 1)
        #expect(following.state.lastSkipped == "an object of a watch is longer than 64 KiB")
        await following.stop()
    }

    @Test func refusesAListThatIsTooLong() async throws {
        var limits = Following.quick
        limits.page = 1 << 20
        let filler = String(repeating: "x", count: 1 << 20)
        var following = try await Following(
            pods: [pod("huge", labels: #"{"a":"\#(filler)"}"#)], limits: limits)
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError == "an answer is longer than 1 MiB")
        #expect(!state.isSynced)
        await following.stop()
    }

    @Test func keepsNoMoreObjectsThanItMay() async throws {
        var limits = Following.quick
        limits.objects = 5
        var following = try await Following(pods: (1...7).map { pod("web-\($0)") }, limits: limits)
        #expect(await following.nextList().count == 5)
        #expect(following.state.skipped == 2)
        await following.stop()
    }

    @Test func refusesAHeadThatIsTooLong() async throws {
        var following = try await Following(prepare: { cluster in
            let filler = String(repeating: "x", count: 100_000)
            cluster.change { $0.refusals = [(200, "{}", [("X-Filler", filler)])] }
        })
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError.contains("does not speak HTTP"))
        #expect(await following.nextList() == [])
        await following.stop()
    }

    @Test func givesUpOnAServerThatSaysNothingAndComesBack() async throws {
        var following = try await Following(
            pods: [pod("web")], prepare: { $0.change { $0.isSilent = true } })
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError == "no answer within 2 s")
        following.cluster.change { $0.isSilent = false }
        #expect(await following.nextList() == ["web"])
        await following.stop()
    }

    @Test func waitsForAServerThatIsOverloaded() async throws {
        var following = try await Following(
            pods: [pod("web")],
            prepare: { cluster in
                let text = ClusterAnswer.status(429, "TooManyRequests", "come later")
                cluster.change { $0.refusals = [(429, text, [("Retry-After", "1")])] }
            })
        let began = ContinuousClock.now
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError == "status 429: come later")
        #expect(await following.nextList() == ["web"])
        #expect(ContinuousClock.now - began >= .milliseconds(900))
        await following.stop()
    }

    @Test func readsATokenAgainThatWasRenewed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secd-token-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "token").path
        try "first\n".write(toFile: file, atomically: true, encoding: .utf8)
        var following = try await Following(
            pods: [pod("web")], prepare: { $0.change { $0.token = "first" } },
            access: { port in
                var access = ClusterAccess(server: Following.address(port))
                access.token = .file(file)
                return access
            })
        #expect(await following.nextList() == ["web"])
        _ = await following.nextWatch()
        // The server forgets the token before the file has the new one.
        following.cluster.change { $0.token = "second" }
        following.cluster.cut()
        let refused = await following.nextState { $0.lastError.contains("401") }
        #expect(refused.lastError == "it does not know us (401): Unauthorized")
        #expect(refused.staleSince != nil)
        try "second\n".write(toFile: file, atomically: true, encoding: .utf8)
        let again = await following.nextState { $0.staleSince == nil }
        #expect(again.lists == 1)
        await following.stop()
    }

    @Test func sendsNoTokenThatWouldAddAHeader() async throws {
        var following = try await Following(access: { port in
            var access = ClusterAccess(server: Following.address(port))
            access.token = .inline(Array("a\u{1}b".utf8))
            return access
        })
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError.contains("characters that no token has"))
        await following.stop()
    }
}
