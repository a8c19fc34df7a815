import LinuxSystem
import Testing
import TextEncoding
import WorkloadModel
import Workloads

/// Events of the CRI: from runtimes that have them, have none, or are of no use.
@RuntimeThread
@Suite struct CRIStreamTests {
    private let folder = Folder()
    private let question = WorkloadQuestion(id: 7, path: "/kubepods/besteffort/podu1/" + CRISample.container)

    private func runtime(
        _ runtime: String = "containerd", _ version: String = "2.0.4", hasEvents: Bool = true
    ) throws -> FakeRuntime {
        try FakeRuntime(
            folder.path + "/cri.sock", hasEvents: hasEvents,
            [
                "Version": CRISample.version(runtime, version), "ListPodSandbox": [], "ListContainers": [],
                "ContainerStatus": CRISample.entry(2, "info", #"{"pid":42,"privileged":true}"#),
            ])
    }

    private var provider: CRIProvider {
        CRIProvider(name: "containerd", socket: folder.path + "/cri.sock", pause: 1_000_000)
    }

    /// Waits until the runtime has told something.
    private func changes(_ provider: CRIProvider) throws -> [FoundWorkload] {
        var requests: InlineArray<1, PollRequest> = [
            PollRequest(descriptor: try #require(provider.descriptor), wanted: .readable)
        ]
        #expect(try Polling.wait(&requests, until: MonotonicClock.now + 30_000_000_000))
        return provider.changes()
    }

    /// Looks again until something holds: there is no event for it.
    private func eventually(_ condition: () -> Bool) -> Bool {
        let deadline = MonotonicClock.now + 30_000_000_000
        while !condition() {
            if MonotonicClock.now > deadline { return false }
        }
        return true
    }

    @Test func aContainerIsKnownBeforeAnybodyAsks() throws {
        let runtime = try runtime()
        defer { runtime.stop() }
        let provider = provider
        #expect(provider.begin().isEmpty)
        #expect(provider.state == .connected)
        try #require(runtime.waitForStream())
        runtime.send(CRISample.created)
        #expect(try changes(provider).map(\.workload.id) == [CRISample.sandbox, CRISample.container])
        // The same once more is nothing new.
        runtime.send(CRISample.created)
        #expect(try changes(provider).isEmpty)

        let found = try #require(provider.find(question)?.workload)
        #expect(found.name == "app" && found.pod?.name == "web-1" && found.pod?.labels == ["app": "web"])
        #expect(found.isPrivileged == true && found.pid == 42)
        #expect(provider.find(question)?.workload == found)
        #expect(runtime.calls("ListContainers") == 1)
        #expect(runtime.calls("ContainerStatus") == 1)

        // Its first record may be read after the runtime has forgotten it.
        runtime.send(CRISample.deleted)
        #expect(try changes(provider).isEmpty)
        #expect(provider.find(question)?.workload == found)
        #expect(runtime.calls("ListContainers") == 1)
        _ = provider.begin()
        #expect(provider.find(question)?.workload == found)
        _ = provider.begin()
        #expect(provider.find(question) == nil)
    }

    /// The CRI lists a sandbox when it runs; its first program begins before.
    @Test func aSandboxThatDoesNotRunYetIsInContainerdsOwnAPI() throws {
        let runtime = try runtime("containerd", "1.7.24~ds1")
        defer { runtime.stop() }
        runtime.answer("Get", CRISample.own(CRISample.ownJSON))
        let provider = provider
        _ = provider.begin()
        #expect(!provider.hearsLate)
        let question = WorkloadQuestion(id: 8, path: "/kubepods/besteffort/podu1/" + CRISample.sandbox)
        let found = try #require(provider.find(question)?.workload)
        #expect(found.id == CRISample.sandbox && found.pod?.labels == ["app": "web"])
        // Another container is none of this sandbox.
        #expect(provider.find(self.question) == nil)
    }

    @Test func otherRuntimesHearOfASandboxLate() throws {
        let runtime = try runtime("cri-o", "1.29.1")
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        #expect(provider.hearsLate)
        #expect(provider.find(question) == nil)
        #expect(runtime.calls("Get") == 0)
    }

    @Test func runtimesThatDivideTheirEventsAreNotAskedForThem() throws {
        let runtime = try runtime("containerd", "1.7.24~ds1")
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        #expect(
            provider.state
                == .polled("containerd 1.7.24~ds1 has no events, or tells each to one client alone"))
        #expect(provider.descriptor == nil)
        #expect(runtime.calls("GetContainerEvents") == 0)
        #expect(runtime.calls("ListContainers") == 1)
    }

    @Test func withoutEventsThereAreLists() throws {
        let runtime = try runtime(hasEvents: false)
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        _ = try changes(provider)
        #expect(provider.state == .polled("it has no events"))
        #expect(provider.descriptor == nil)
        // What came while it was thought to tell is listed.
        #expect(runtime.calls("ListContainers") == 2)
    }

    @Test func aStreamThatEndsIsOpenedAgainWithAList() throws {
        let runtime = try runtime()
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        try #require(runtime.waitForStream())
        runtime.endStreams()
        _ = try changes(provider)
        let reason = "the stream of events is opened again and again: it ended without any"
        #expect(provider.state == .polled(reason))
        #expect(provider.descriptor == nil)
        #expect(runtime.calls("ListContainers") == 2)

        try #require(
            eventually {
                _ = provider.changes()
                return provider.descriptor != nil
            })
        try #require(runtime.waitForStream())
        #expect(runtime.calls("GetContainerEvents") == 2)
        #expect(runtime.calls("ListContainers") == 3)
        // It is trusted when it has told something.
        #expect(provider.state == .polled(reason))
        runtime.send(CRISample.created)
        #expect(try changes(provider).count == 2)
        #expect(provider.state == .connected)
    }

    @Test func aRuntimeThatCameBackIsAskedAtOnce() throws {
        let first = try runtime()
        let provider = provider
        _ = provider.begin()
        try #require(first.waitForStream())
        first.stop()
        _ = try changes(provider)
        try #require(
            eventually {
                _ = provider.changes()
                return provider.state == .absent
            })
        #expect(provider.changes().isEmpty && provider.descriptor == nil)

        let second = try runtime()
        defer { second.stop() }
        // Nobody called `begin`.
        _ = provider.changes()
        #expect(provider.descriptor != nil)
        try #require(second.waitForStream())
        second.send(CRISample.created)
        #expect(try changes(provider).count == 2)
        #expect(provider.state == .connected)
    }

    /// The socket is there before the rest of a runtime.
    @Test func aRuntimeThatIsNotReadyIsAskedAgainSoon() throws {
        let runtime = try FakeRuntime(
            folder.path + "/cri.sock", ["ListPodSandbox": [], "ListContainers": []])
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        #expect(
            provider.state == .failing("its socket does not answer calls of runtime.v1.RuntimeService"))
        runtime.answer("Version", CRISample.version("containerd", "2.0.4"))
        // Nobody called `begin`.
        #expect(
            eventually {
                _ = provider.changes()
                return provider.state == .connected
            })
    }

    /// Longer than any pod's: the stream is given up, and lists stay.
    @Test func anEventThatIsTooLongEndsTheStream() throws {
        let runtime = try runtime()
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        try #require(runtime.waitForStream())
        runtime.send(CRISample.text(1, String(repeating: "x", count: 5 << 20)))
        #expect(try changes(provider).isEmpty)
        guard case .polled(let reason) = provider.state else {
            Issue.record("\(provider.state)")
            return
        }
        #expect(reason.hasPrefix("the stream of events is opened again and again: "))
    }

    /// Bytes that are no message are no event, and those after them count.
    @Test func garbageIsNoEvent() throws {
        let runtime = try runtime()
        defer { runtime.stop() }
        let provider = provider
        _ = provider.begin()
        try #require(runtime.waitForStream())
        for garbage in [[0xff], [0x0a, 0xff], Array(CRISample.created.prefix(90)), []] as [[UInt8]] {
            runtime.send(garbage)
        }
        runtime.send(CRISample.created)
        var found: [String] = []
        while found.count < 2 { found += try changes(provider).map(\.workload.id) }
        #expect(found == [CRISample.sandbox, CRISample.container])
        #expect(provider.state == .connected)
    }
}
