import KubernetesClient
import KubernetesObjects
import Testing

/// What the API documents: pages, watches, bookmarks, versions that are too old.
@Suite(.timeLimit(.minutes(5))) struct ReflectorTests {
    @Test func readsAListInPagesAndOnlyOfTheNode() async throws {
        let pods = (1...7).map { pod("web-\($0)") } + [pod("elsewhere", node: "node2")]
        var following = try await Following(pods: pods)
        #expect(await following.nextList() == (1...7).map { "web-\($0)" })
        let first = await following.nextListRequest()
        #expect(first?.query["limit"] == "3")
        #expect(first?.query["fieldSelector"] == "spec.nodeName=node1")
        #expect(first?.query["continue"] == nil)
        #expect(await following.nextListRequest()?.query["continue"] == "108:3")
        #expect(await following.nextListRequest()?.query["continue"] == "108:6")
        let state = await following.nextState { $0.watches == 1 }
        #expect(state.isSynced && state.lists == 1 && state.staleSince == nil && state.lastError.isEmpty)
        await following.stop()
    }

    @Test func tellsWhatComesChangesAndGoes() async throws {
        var following = try await Following(pods: [pod("web")])
        #expect(await following.nextList() == ["web"])
        let watch = await following.nextWatch()
        #expect(watch?.query["resourceVersion"] == "101")
        #expect(watch?.query["allowWatchBookmarks"] == "true")
        try following.cluster.put(pod("db"))
        #expect(await following.nextSet()?.metadata.name == "db")
        try following.cluster.put(pod("web", labels: #"{"app":"shop"}"#))
        let changed = await following.nextSet()
        #expect(changed?.metadata.labels == ["app": "shop"] && changed?.metadata.uid == "uid-1")
        try following.cluster.put(pod("other", node: "node2"))
        following.cluster.remove(pod: "db", "shop")
        #expect(await following.nextRemoved() == "db")
        #expect(following.state.events == 3)
        await following.stop()
    }

    @Test func goesOnFromABookmarkWithoutANewList() async throws {
        var following = try await Following(pods: [pod("web")])
        _ = await following.nextWatch()
        try following.cluster.put(pod("other", node: "node2"))
        following.cluster.bookmark()
        following.cluster.endWatches()
        #expect(await following.nextWatch()?.query["resourceVersion"] == "102")
        #expect(following.state.bookmarks == 1)
        #expect(following.state.lists == 1)
        await following.stop()
    }

    @Test func goesOnWhereTheConnectionBroke() async throws {
        var following = try await Following(pods: [pod("web")])
        _ = await following.nextWatch()
        try following.cluster.put(pod("db"))
        #expect(await following.nextSet()?.metadata.name == "db")
        following.cluster.cut()
        let broken = await following.nextState { $0.staleSince != nil }
        #expect(broken.lastError.contains("cannot be reached"))
        #expect(await following.nextWatch()?.query["resourceVersion"] == "102")
        let again = await following.nextState { $0.staleSince == nil }
        #expect(again.lists == 1 && again.watches == 2 && again.lastError.isEmpty)
        await following.stop()
    }

    @Test func listsAnewWhereAnEventSaysTooOld() async throws {
        var following = try await Following(pods: [pod("web"), pod("db")])
        #expect(await following.nextList() == ["db", "web"])
        _ = await following.nextWatch()
        following.cluster.expire()
        #expect(await following.nextList() == ["db", "web"])
        let state = await following.nextState { $0.watches == 2 }
        #expect(state.expired == 1 && state.lists == 2)
        await following.stop()
    }

    @Test func listsAnewWhereAWatchIsAnswered410() async throws {
        var following = try await Following(pods: [pod("web"), pod("db")])
        #expect(await following.nextList() == ["db", "web"])
        _ = await following.nextWatch()
        // While nobody watches, one goes, and the change is forgotten.
        following.cluster.change { state in
            _ = state.store.remove(resource: "pods", namespace: "shop", name: "db")
            state.store.compact()
        }
        following.cluster.cut()
        #expect(await following.nextList() == ["web"])
        #expect(following.state.expired == 1)
        await following.stop()
    }

    @Test func beginsAListAgainWhoseRestIsGone() async throws {
        let gone = ClusterAnswer.status(410, "Expired", "the continue parameter is too old")
        var following = try await Following(
            pods: (1...4).map { pod("web-\($0)") },
            prepare: { cluster in
                // The first page is an answer by hand: its continue leads nowhere.
                let page =
                    #"{"kind":"PodList","metadata":{"resourceVersion":"90","continue":"90:3"},"items":[]}"#
                cluster.change { $0.refusals = [(200, page, []), (410, gone, [])] }
            })
        #expect(await following.nextList() == (1...4).map { "web-\($0)" })
        #expect(following.state.expired == 1)
        await following.stop()
    }

    @Test func saysHowManyAListLacks() async throws {
        let page =
            #"{"metadata":{"resourceVersion":"101"},"items":[{"metadata":{"name":"a"}},{"metadata":{}}]}"#
        var following = try await Following(prepare: { $0.change { $0.refusals = [(200, page, [])] } })
        #expect(await following.nextAll()?.missing == 1)
        #expect(following.state.skipped == 1)
        await following.stop()
    }

    @Test func asksSlowlyForWhatTheServerDoesNotKnow() async throws {
        var limits = Following.quick
        limits.missingMilliseconds = 300
        let missing = ClusterAnswer.status(404, "NotFound", "no such path")
        var following = try await Following(
            pods: [pod("web")], limits: limits,
            prepare: { $0.change { $0.refusals = [(404, missing, [])] } })
        let began = ContinuousClock.now
        #expect(await following.nextState { $0.refusal != 0 }.refusal == 404)
        #expect(await following.nextList() == ["web"])
        #expect(ContinuousClock.now - began >= .milliseconds(290))
        #expect(await following.nextState { $0.isSynced }.refusal == 0)
        await following.stop()
    }

    @Test func refusesAListWhosePagesAreTooLongTogether() async throws {
        var limits = Following.quick
        limits.list = 1000
        var following = try await Following(pods: (1...9).map { pod("web-\($0)") }, limits: limits)
        let state = await following.nextState { !$0.lastError.isEmpty }
        #expect(state.lastError == "a list is longer than 0 MiB" && !state.isSynced)
        await following.stop()
    }

    @Test func readsLinesThatComeInPieces() async throws {
        var following = try await Following()
        _ = await following.nextWatch()
        let line =
            #"{"type":"ADDED","object":{"metadata":{"name":"ä","namespace":"shop","uid":"1","resourceVersion":"7"}}}"#
        for byte in Array((line + "\r\n\n").utf8) { following.cluster.send([byte]) }
        #expect(await following.nextSet()?.metadata.name == "ä")
        // Two and a half lines at once.
        let both = Array((line + "\n").utf8)
        following.cluster.send(both + both + both.prefix(20))
        _ = await following.nextSet()
        _ = await following.nextSet()
        following.cluster.send(Array(both.dropFirst(20)))
        #expect(await following.nextSet()?.metadata.name == "ä")
        await following.stop()
    }
}
