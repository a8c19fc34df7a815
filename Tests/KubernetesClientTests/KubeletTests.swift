import Foundation
import KubernetesClient
import NIOSSL
import Testing
import WorkloadModel
import Workloads

/// The kubelet as the one who knows the pods of its node.
@Suite(.timeLimit(.minutes(5))) struct KubeletTests {
    private static let web = running("web", uid: "u1", container: "a", tier: "front")

    @Test func tellsOfThePodsOfItsNode() async throws {
        var following = try await KubeletFollowing([Self.web, pod("elsewhere", node: "node2")])
        let found = await following.next()
        #expect(found?.name == "web" && found?.runtime == "containerd" && found?.naming == .known)
        #expect(found?.id == String(repeating: "a", count: 64))
        #expect(found?.pod?.name == "web" && found?.pod?.labels == ["tier": "front"])
        // Its own notes are none of the pod's.
        #expect(found?.pod?.annotations == [:] && found?.pod?.isOfCluster == true)
        #expect(await following.isFollowed() == "")
        var requests = following.kubelet.requests.makeAsyncIterator()
        let request = await requests.next(isolation: #isolation)
        #expect(request?.path == "/pods" && request?.query == [:] && request?.authorization == "")
        await following.stop()
    }

    @Test func isAskedAtOnceForAPodThatNobodyKnows() async throws {
        var pace = KubeletFollowing.quickPace
        pace.list = 3_600_000_000_000
        var following = try await KubeletFollowing([Self.web], pace: pace)
        #expect(await following.next()?.name == "web")
        try following.kubelet.put(running("db", uid: "u2", container: "b", tier: "back"))
        await following.ask(container: "b", of: "u2")
        #expect(await following.next()?.name == "db")
        // The one that holds a known pod together has no name there: nobody is asked for it.
        let asked = following.kubelet.asked
        await following.ask(container: "c", of: "u2")
        let pause = await following.next { $0.id.hasPrefix("c") }
        #expect(pause?.pod?.name == "db" && pause?.naming == .pending && following.kubelet.asked == asked)
        await following.stop()
    }

    @Test func isNotAskedForEachContainerThatNobodyKnows() async throws {
        var pace = KubeletFollowing.quickPace
        pace.list = 3_600_000_000_000
        pace.question = 3_600_000_000_000
        var following = try await KubeletFollowing([Self.web], pace: pace)
        #expect(await following.next()?.name == "web")
        for container in "bcdef" { await following.ask(container: container, of: "u9") }
        #expect(following.kubelet.asked == 1)
        await following.stop()
    }

    // MARK: Credentials

    @Test func readsATokenAgainThatWasRenewed() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "secd-kubelet-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "token").path
        try "first\n".write(toFile: file, atomically: true, encoding: .utf8)
        var following = try await KubeletFollowing(
            [Self.web], prepare: { $0.change { $0.token = "first" } },
            access: { port in
                var access = ClusterAccess(server: Following.address(port))
                access.token = .file(file)
                return access
            })
        #expect(await following.isFollowed() == "")
        following.kubelet.change { $0.token = "second" }
        let reason = await following.failure()
        #expect(reason.hasPrefix("it does not know us (401): Unauthorized; it takes tokens where"))
        try "second\n".write(toFile: file, atomically: true, encoding: .utf8)
        #expect(await following.isFollowed() == "")
        await following.stop()
    }

    @Test func saysWhatToGrant() async throws {
        let words = "Forbidden (user=secd, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"
        var following = try await KubeletFollowing(
            [Self.web], prepare: { $0.change { $0.refusals = [(403, words, [])] } })
        #expect(
            await following.failure()
                == "it does not let us (403): \(words.dropLast()); let secd's role get nodes/pods (from Kubernetes 1.33 on), or nodes/proxy"
        )
        #expect(await following.isFollowed() == "")
        await following.stop()
    }

    @Test func believesTheAuthorityAndTheNameOfTheNode() async throws {
        let authority = try TestAuthority("kubelet")
        let folder = FileManager.default.temporaryDirectory.appending(path: "secd-kubelet-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "ca.pem").path
        try authority.certificate.write(toFile: file, atomically: true, encoding: .utf8)
        let other = folder.appending(path: "other.pem").path
        try TestAuthority("other").certificate.write(toFile: other, atomically: true, encoding: .utf8)
        for (authorities, name, isUnverified, isBelieved) in [
            (file, "node1", false, true), (file, "node2", false, false), (other, "node1", false, false),
            ("", "node1", true, true),
        ] {
            var following = try await KubeletFollowing(
                [Self.web], tls: try authority.server("node1"),
                access: { (port) throws(APIFailure) in
                    let server = ServerAddress(isSecure: true, host: "127.0.0.1", port: port)
                    var access = KubeletAccess(server: server, serverName: name)
                    access.authority = authorities
                    access.isUnverified = isUnverified
                    return try access.access()
                })
            if isBelieved {
                #expect(await following.isFollowed() == "", "\(authorities) \(name)")
            } else {
                let reason = await following.failure()
                #expect(reason.hasPrefix("TLS: ") && reason.contains("workloads.kubelet.ca"), "\(reason)")
            }
            await following.stop()
        }
    }

    @Test func asksWithWhatTheAPIIsAskedWithUnlessSomethingElseIsNamed() throws {
        let server = ServerAddress(isSecure: true, host: "127.0.0.1", port: 10250)
        var cluster = ClusterAccess(server: ServerAddress(isSecure: true, host: "api", port: 6443))
        cluster.authority = .file("/cluster.pem")
        cluster.token = .file("/token")
        cluster.serverName = "kubernetes"
        var access = KubeletAccess(server: server, serverName: "node1")
        access.cluster = { [cluster] in cluster }
        let same = try access.access()
        #expect(same.server == server && same.serverName == "node1" && !same.isUnverified)
        #expect(same.authority == .file("/cluster.pem") && same.token == .file("/token"))

        (access.certificate, access.key) = ("/own.pem", "/own.key")
        let own = try access.access()
        #expect(own.token == nil && own.authority == .file("/cluster.pem"))
        #expect(own.identity == .init(certificate: .file("/own.pem"), key: .file("/own.key")))

        // What is wrong with the API's access is no matter where nothing of it is needed.
        access.authority = "/kubelet.pem"
        access.cluster = { () throws(APIFailure) in throw .credentials("gone") }
        #expect(try access.access().authority == .file("/kubelet.pem"))
        (access.certificate, access.key) = ("", "")
        #expect(throws: APIFailure.credentials("gone")) { try access.access() }
        access.authority = ""
        access.cluster = nil
        #expect(throws: APIFailure.self) { try access.access() }
        // Nothing is proved to the port that answers everybody.
        access.server = ServerAddress(isSecure: false, host: "127.0.0.1", port: 10255)
        access.token = "/token"
        #expect(try access.access() == ClusterAccess(server: access.server))
    }

    // MARK: Faults

    @Test func isWaitedForWhereNobodyListens() async throws {
        var following = try await KubeletFollowing([Self.web], isAbsent: true)
        #expect(await following.failure().hasPrefix("cannot be reached: "))
        let back = Cluster()
        try back.put(Self.web)
        _ = try await back.start(port: following.port)
        #expect(await following.next()?.name == "web")
        #expect(await following.isFollowed() == "")
        await back.stop()
        await following.stop()
    }

    @Test func isGivenUpWhereItSaysNothing() async throws {
        var following = try await KubeletFollowing(
            [Self.web], prepare: { $0.change { $0.isSilent = true } })
        #expect(await following.failure() == "no answer within 2 s")
        following.kubelet.change { $0.isSilent = false }
        #expect(await following.isFollowed() == "")
        await following.stop()
    }

    @Test(arguments: [
        ("not JSON", "a list that is no JSON"), ("{}", "a list without items"),
        ("[]", "a list that is no JSON"),
        (#"{"items":[{"metadata":{}"#, "a list that is no JSON"),
    ])
    func garbageIsNoAnswer(text: String, words: String) async throws {
        var following = try await KubeletFollowing(
            [Self.web], prepare: { $0.change { $0.refusals = [(200, text, [])] } })
        #expect(await following.failure().hasPrefix(words))
        #expect(await following.next()?.name == "web")
        await following.stop()
    }

    @Test func anObjectThatIsNoPodIsLeftOutAndTold() async throws {
        let text = #"{"items":[{"metadata":{"name":7}},\#(Self.web)]}"#
        var following = try await KubeletFollowing(prepare: { $0.change { $0.refusals = [(200, text, [])] } })
        #expect(await following.next()?.name == "web")
        let words = "1 objects are not known, the last since metadata.name: expected text, found the number 7"
        #expect(await following.isFollowed() == ", but " + words)
        await following.stop()
    }

    @Test func anAnswerThatIsTooLongIsRefused() async throws {
        var limits = KubeletFollowing.quick
        limits.page = 1 << 20
        let filler = String(repeating: "x", count: 1 << 20)
        var following = try await KubeletFollowing(
            [pod("huge", labels: #"{"a":"\#(filler)"}"#)], limits: limits)
        #expect(await following.failure() == "an answer is longer than 1 MiB")
        following.kubelet.remove(pod: "huge", "shop")
        #expect(await following.isFollowed() == "")
        await following.stop()
    }

    // MARK: The API

    @Test func takesOverWhileTheAPIIsAwayAndStepsBack() async throws {
        // The kubelet has a later version, and is not asked.
        var following = try await KubeletFollowing(
            [Self.web, running("web", uid: "u1", container: "a", tier: "kubelet")], api: [Self.web])
        #expect(await following.next()?.pod?.labels == ["tier": "front"])
        await following.ask(container: "a", of: "u1")
        #expect(following.kubelet.asked == 0)
        let state = following.directory.states["kubelet"]
        #expect(state == .standby("the API of the cluster answers, or is given some seconds"))

        following.api.change { $0.token = "another" }
        following.api.cut()
        let taken = await following.next { $0.pod?.labels == ["tier": "kubelet"] }
        #expect(taken?.name == "web" && taken?.pod?.isOfCluster == true)
        #expect(await following.isFollowed() == "")
        // What comes meanwhile has its name from the first question on.
        try following.kubelet.put(running("db", uid: "u2", container: "b", tier: "new"))
        await following.ask(container: "b", of: "u2")
        #expect(await following.next { $0.name == "db" }?.pod?.labels == ["tier": "new"])

        try following.api.put(running("web", uid: "u1", container: "a", tier: "api"))
        try following.api.put(running("web", uid: "u1", container: "a", tier: "back"))
        following.api.change { $0.token = "" }
        #expect(await following.next { $0.pod?.labels == ["tier": "back"] } != nil)
        _ = await following.said { $0.hasPrefix(" is not asked: the API of the cluster answers") }
        let asked = following.kubelet.asked
        await following.ask(container: "a", of: "u1")
        #expect(following.kubelet.asked == asked)
        await following.stop()
    }
}
