import Glibc
import LinuxSystem
import Testing
import WorkloadModel
import Workloads

/// Docker's API, and what pretends to be it.
@Suite struct EngineTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let listed = """
        [{"Id":"\(id)","Names":["/web","/shop/alias"],"Image":"nginx:1.27","ImageID":"sha256:00","Labels":{"app":"shop"}}]
        """
    private static let inspected = """
        {"Id":"\(id)","Name":"/web2","Image":"sha256:00","State":{"Pid":42,"StartedAt":"2026-11-21T22:57:19Z"},
        "Config":{"Image":"nginx:1.28","Labels":{"app":"shop"}},"HostConfig":{"Privileged":true}}
        """

    private let folder = Folder()

    private func engine() throws -> FakeEngine { try FakeEngine(folder.path + "/engine.sock") }
    private var provider: EngineProvider {
        EngineProvider(name: "docker", socket: folder.path + "/engine.sock")
    }
    private let question = WorkloadQuestion(id: 7, path: "/system.slice/docker-\(id).scope")

    private func healthy() throws -> FakeEngine {
        let engine = try engine()
        engine.answer("/events", json: "", staysOpen: true)
        engine.answer("/containers/json", json: Self.listed)
        engine.answer("/containers/\(Self.id)/json", json: Self.inspected)
        return engine
    }

    /// Waits until the engine has said something.
    private func changes(_ provider: EngineProvider) throws -> [FoundWorkload] {
        var requests: InlineArray<1, PollRequest> = [
            PollRequest(descriptor: try #require(provider.descriptor), wanted: .readable)
        ]
        #expect(try Polling.wait(&requests, until: MonotonicClock.now + 5_000_000_000))
        return provider.changes()
    }

    @Test func whatRunsIsListed() throws {
        let engine = try healthy()
        defer { engine.stop() }
        let provider = provider
        let found = provider.begin()
        #expect(provider.state == .connected)
        #expect(found.map(\.workload.name) == ["web"])
        #expect(found[0].workload.image == Workload.Image(name: "nginx:1.27", id: "sha256:00"))
        #expect(found[0].workload.labels == ["app": "shop"])
        #expect(provider.find(question)?.workload.name == "web")
    }

    @Test func aStartAndARenameAreTold() throws {
        let engine = try healthy()
        defer { engine.stop() }
        let provider = provider
        _ = provider.begin()
        // In two parts, as a stream may come.
        engine.send("{\"Type\":\"container\",\"Action\":\"re")
        #expect(try changes(provider).isEmpty)
        engine.send("name\",\"Actor\":{\"ID\":\"\(Self.id)\"}}\n")
        let found = try changes(provider)
        #expect(found.map(\.workload.name) == ["web2"])
        #expect(found[0].workload.isPrivileged == true)
        #expect(found[0].workload.pid == 42)
        #expect(provider.find(question)?.workload.name == "web2")
    }

    @Test func aContainerThatIsAskedForBeforeItsEventIsInspected() throws {
        let engine = try healthy()
        defer { engine.stop() }
        engine.answer("/containers/json", json: "[]")
        let provider = provider
        #expect(provider.begin().isEmpty)
        #expect(provider.find(question)?.workload.name == "web2")
        #expect(provider.find(WorkloadQuestion(id: 8, path: "/system.slice/x.service")) == nil)
    }

    @Test func theKubeletsLabelsNameThePod() throws {
        let engine = try healthy()
        defer { engine.stop() }
        engine.answer(
            "/containers/json",
            json: """
                [{"Id":"\(Self.id)","Names":["/k8s_web_web-1"],"Labels":{"io.kubernetes.pod.name":"web-1",
                "io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"u","io.kubernetes.container.name":"web"}}]
                """)
        let workload = try #require(provider.begin().first?.workload)
        #expect(workload.pod == Pod(namespace: "shop", name: "web-1", uid: "u"))
        #expect(workload.name == "web")
    }

    @Test func withoutAnEngineNothingIsWrong() {
        let provider = provider
        #expect(provider.begin().isEmpty)
        #expect(provider.state == .absent)
        #expect(provider.find(question) == nil)
    }

    @Test func anEngineThatRestartsIsFollowedAgain() throws {
        let first = try healthy()
        let provider = provider
        _ = provider.begin()
        first.stop()
        #expect(try changes(provider).isEmpty)
        #expect(provider.state == .absent)
        let second = try healthy()
        defer { second.stop() }
        #expect(provider.begin().count == 1)
        #expect(provider.state == .connected)
    }

    @Test(arguments: [
        "garbage", "HTTP/1.0 200 OK\r\n\r\n{", "HTTP/1.0 200 OK\r\n\r\n{}", "HTTP/1.0 500 Internal\r\n\r\n",
        "",
        "HTTP/1.0 200 OK\r\n\r\n[{\"Id\":7}]", "HTTP/1.0 \r\n\r\n[]",
    ])
    func garbageIsAFailureInWords(_ bytes: String) throws {
        let engine = try healthy()
        defer { engine.stop() }
        engine.raw("/containers/json", bytes)
        let provider = provider
        #expect(provider.begin().isEmpty)
        guard case .failing = provider.state else {
            Issue.record("\(provider.state)")
            return
        }
    }

    @Test func eventsThatAreNoneAreSkipped() throws {
        let engine = try healthy()
        defer { engine.stop() }
        let provider = provider
        _ = provider.begin()
        engine.send("{]\n\n{\"Action\":\"start\"}\n{\"Action\":\"start\",\"Actor\":{\"ID\":\"../../etc\"}}\n")
        #expect(try changes(provider).isEmpty)
        #expect(provider.state == .connected)
        #expect(!engine.asked.contains { $0.contains("..") })
    }

    @Test func anEventWithoutEndIsGivenUp() throws {
        let engine = try healthy()
        defer { engine.stop() }
        let provider = provider
        _ = provider.begin()
        let part = String(repeating: "x", count: 32_768)
        for _ in 0..<40 where provider.state == .connected {
            engine.send(part)
            _ = try changes(provider)
        }
        guard case .failing = provider.state else {
            Issue.record("\(provider.state)")
            return
        }
    }

    @Test func aSilentEngineIsGivenUpAfterAWhile() throws {
        let engine = try healthy()
        defer { engine.stop() }
        engine.raw("/containers/json", "", staysOpen: true)
        let provider = provider
        let start = MonotonicClock.now
        #expect(provider.begin().isEmpty)
        #expect(MonotonicClock.now - start < 4_000_000_000)
        #expect(provider.state == .failing("its socket does not answer"))
    }
}
