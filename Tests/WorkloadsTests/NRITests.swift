import Foundation
import Glibc
import LinuxSystem
import Testing
import WorkloadModel
import Workloads

/// secd as a plugin of a runtime that listens, restarts, or talks nonsense.
@RuntimeThread
@Suite(.timeLimit(.minutes(5))) struct NRITests {
    private let folder = Folder()
    private var path: String { folder.path + "/nri.sock" }

    /// Tries again after a millisecond; a folder stands for the hierarchy.
    private func provider(_ admission: FakeAdmission = FakeAdmission()) -> NRIProvider {
        NRIProvider(
            socket: path, hierarchy: CgroupHierarchy(unified: folder.path), admission: admission,
            pause: 1_000_000)
    }

    /// What came, when it has come.
    private func changes(_ provider: NRIProvider) throws -> [FoundWorkload] {
        var requests: InlineArray<1, PollRequest> = [
            PollRequest(descriptor: try #require(provider.descriptor), wanted: .readable)
        ]
        #expect(try Polling.wait(&requests, until: MonotonicClock.now + 30_000_000_000))
        return provider.changes()
    }

    /// Connects and goes through what both ends say first.
    private func connect(
        _ provider: NRIProvider, _ runtime: FakeNRI, as name: String = "containerd", patience: UInt8 = 0
    ) throws {
        let deadline = MonotonicClock.now + 30_000_000_000
        while provider.descriptor == nil, MonotonicClock.now < deadline { _ = provider.begin() }
        try runtime.accept()
        let registration = try runtime.receive()
        #expect(registration == NRISession.registration)
        runtime.send(TTRPCMessage(.runtime, .response, stream: registration.stream, []))
        runtime.send(
            NRISample.call("Configure", NRISample.configuration(name, patience: patience), stream: 1))
        runtime.send(NRISample.call("Synchronize", NRISample.state([NRISample.pod()], []), stream: 3))
        while !provider.state.isUsable { _ = try changes(provider) }
        #expect(try runtime.receive().stream == 1)
        #expect(try runtime.receive() == NRISample.answer(stream: 3))
    }

    private func start(_ pod: [UInt8], _ container: [UInt8]) -> TTRPCMessage {
        NRISample.call("StateChange", NRISample.change(6, pod, container), stream: 5)
    }

    @Test func whereNoSocketIsNobodyIsThere() {
        let provider = provider()
        #expect(provider.begin().isEmpty && provider.state == .absent)
        folder.write("nri.sock", "")
        #expect(provider.begin().isEmpty && provider.state == .absent)
    }

    @Test func untilPoliciesHoldNoRuntimeIsToldThatSomebodyIsThere() throws {
        let runtime = FakeNRI(path)
        let admission = FakeAdmission(isOpen: false)
        let provider = provider(admission)
        _ = provider.begin()
        #expect(provider.state == .standby("policies are not in force yet") && provider.descriptor == nil)
        admission.open()
        try connect(provider, runtime)
        #expect(provider.state == .connected)
    }

    @Test func aContainerHasItsNameWhenItsCgroupCanBeMade() throws {
        let runtime = FakeNRI(path)
        let provider = provider()
        try connect(provider, runtime)
        runtime.send(
            NRISample.call(
                "CreateContainer", NRISample.subject(NRISample.pod(), NRISample.container()), stream: 5))
        let told = try changes(provider)
        #expect(told.map(\.workload.name) == ["app"])
        #expect(try runtime.receive() == NRISample.answer(stream: 5))

        let found = try #require(
            provider.find(
                WorkloadQuestion(id: 7, path: "/kubepods/besteffort/podu-1/" + NRISample.container)))
        #expect(found.workload.pod?.labels == ["app": "web"] && found.workload.runtime == "containerd")
        let sandbox = provider.find(
            WorkloadQuestion(
                id: 8, path: "/system.slice/containerd.service/cri-containerd-\(NRISample.sandbox).scope"))
        #expect(sandbox?.workload.name.isEmpty == true && sandbox?.workload.pod?.name == "web-1")
        #expect(provider.find(WorkloadQuestion(id: 9, path: "/system.slice/cron.service")) == nil)
    }

    @Test func aContainerThatWaitsIsAskedAboutWithAllThatIsKnown() throws {
        let runtime = FakeNRI(path)
        let admission = FakeAdmission()
        let provider = provider(admission)
        try connect(provider, runtime, patience: 100)
        folder.make("kubepods/podu-1/" + NRISample.container)
        runtime.send(
            start(
                NRISample.pod(),
                NRISample.container(cgroup: "/kubepods/podu-1/" + NRISample.container)))
        _ = try changes(provider)
        #expect(try runtime.receive() == NRISample.answer(stream: 5))

        let asked = try #require(admission.asked.first)
        #expect(asked.id == NRISample.container && asked.name == "app" && asked.obstacle == nil)
        #expect(
            asked.pod?.namespace == "shop" && asked.pod?.uid == "u-1" && asked.pod?.labels == ["app": "web"])
        #expect(asked.pod?.annotations == ["note": "x"] && asked.labels == ["tier": "edge"])
        #expect(asked.annotations["io.kubernetes.cri.image-name"] == "localhost/box:1")
        #expect(asked.cgroup == "/kubepods/podu-1/" + NRISample.container)
        // Before the runtime gives up.
        #expect(asked.patience == .milliseconds(75))
    }

    @Test func aRefusalIsAnErrorOfTheCall() throws {
        let runtime = FakeNRI(path)
        let provider = provider(FakeAdmission(refusal: "secd: not yet"))
        try connect(provider, runtime)
        #expect(provider.state == .connected)
        for message in [
            start(NRISample.pod(), NRISample.container()),
            NRISample.call("StartContainer", [0xff], stream: 5),
        ] {
            runtime.send(message)
            _ = try changes(provider)
            #expect(try runtime.receive() == NRISession.answer(5, refusal: "secd: not yet"))
        }
    }

    /// It logs an error of this call, and goes on.
    @Test func ofCRIOItIsSaidThatItDoesNotHeedRefusals() throws {
        let runtime = FakeNRI(path)
        let provider = provider(FakeAdmission(refusal: "secd: not yet"))
        try connect(provider, runtime, as: "cri-o")
        guard case .partly(let reason) = provider.state else {
            Issue.record("\(provider.state)")
            return
        }
        #expect(reason.contains("workloads.hook-fail-closed") && reason.contains("oci-hook"))
    }

    @Test func aCgroupIsTheContainersOnlyWhereItSaysSo() throws {
        let runtime = FakeNRI(path)
        let admission = FakeAdmission()
        let provider = provider(admission)
        try connect(provider, runtime)
        folder.make("kubepods.slice/kubepods-besteffort.slice/cri-containerd-\(NRISample.container).scope")
        folder.make("system.slice/cron.service")
        let cases = [
            (
                "kubepods-besteffort.slice:cri-containerd:" + NRISample.container,
                "/kubepods.slice/kubepods-besteffort.slice/cri-containerd-\(NRISample.container).scope"
            ),
            // Of somebody else, the machine's own, none, and some that are no paths.
            ("/system.slice/cron.service", ""), ("/", ""), ("/nowhere/" + NRISample.container, ""), ("", ""),
            ("a:b", ""), ("../x/\(NRISample.container)", ""), ("/../" + NRISample.container, ""),
            ("/system.slice\0" + NRISample.container, ""), ("/\0" + NRISample.container, ""),
        ]
        for (cgroup, expected) in cases {
            runtime.send(start(NRISample.pod(), NRISample.container(cgroup: cgroup)))
            _ = try changes(provider)
            _ = try runtime.receive()
            let asked = try #require(admission.asked.last)
            #expect(asked.cgroup == expected, "\(cgroup)")
            #expect((asked.obstacle == nil) == !expected.isEmpty, "\(cgroup): \(asked.obstacle ?? "")")
        }
        // More slices than a name has room for: each would be named with all above it.
        #expect(NRIStart.configured(String(repeating: "a-", count: 100_000) + "a.slice:x:y") == nil)
        // Ids that are no ids: parts of names, and what the machine has for names.
        for id in ["s", ".", "..", "system.slice", "cron.service"] {
            #expect(NRIStart.part(of: "/system.slice/cron.service", with: id) == nil, "\(id)")
        }
        #expect(
            NRIStart.part(of: "/x/crio-0123456789abcdef.scope/y", with: "0123456789abcdef")
                == "/x/crio-0123456789abcdef.scope")
        #expect(NRIStart.part(of: "/x/0123456789abcdefg", with: "0123456789abcdef") == nil)
        // A process that is not in a cgroup of this name: the test's own.
        runtime.send(start(NRISample.pod(), NRISample.container(process: 1)))
        _ = try changes(provider)
        _ = try runtime.receive()
        #expect(admission.asked.last?.obstacle != nil)
    }

    @Test(
        arguments: [
            Array("HTTP/1.0 400 Bad Request\r\n".utf8), [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
            NRISample.call("Configure", [0xff]).frame,
        ] as [[UInt8]])
    func whoTalksNonsenseIsLeftAndTriedAgain(_ bytes: [UInt8]) throws {
        let runtime = FakeNRI(path)
        let provider = provider()
        try connect(provider, runtime)
        runtime.send(bytes)
        _ = try changes(provider)
        guard case .failing = provider.state else {
            Issue.record("\(provider.state)")
            return
        }
        #expect(provider.descriptor == nil && runtime.hasEnded)
        try connect(provider, runtime)
        #expect(provider.state == .connected)
    }

    /// Who hung up would not be asked when it starts.
    @Test func aContainerThatCannotBeReadIsSaidAndAskedAboutWhenItStarts() throws {
        let runtime = FakeNRI(path)
        let admission = FakeAdmission(refusal: "secd: not yet")
        let provider = provider(admission)
        try connect(provider, runtime)
        runtime.send(NRISample.call("CreateContainer", [0xff], stream: 5))
        _ = try changes(provider)
        #expect(try runtime.receive() == NRISample.answer(stream: 5))
        #expect(
            provider.state
                == .partly("1 of its pods and containers came in messages that cannot be read"))
        runtime.send(NRISample.call("StartContainer", [0xff], stream: 7))
        _ = try changes(provider)
        #expect(try runtime.receive() == NRISession.answer(7, refusal: "secd: not yet"))
        #expect(admission.asked.map(\.isIdentified) == [false])
    }

    @Test func whoIsStoppedLeavesNobodyWaiting() throws {
        let runtime = FakeNRI(path)
        let provider = provider()
        try connect(provider, runtime)
        provider.end()
        #expect(runtime.hasEnded)
    }

    @Test func halfAFrameIsNothingYet() throws {
        let runtime = FakeNRI(path)
        let provider = provider()
        try connect(provider, runtime)
        let frame = NRISample.call("RunPodSandbox", NRISample.subject(NRISample.pod()), stream: 7).frame
        runtime.send(Array(frame[..<20]))
        #expect(try changes(provider).isEmpty && provider.state == .connected)
        runtime.send(Array(frame[20...]))
        #expect(try changes(provider).map(\.workload.id) == [NRISample.sandbox])
        #expect(try runtime.receive() == NRISample.answer(stream: 7))
    }

    @Test func aRuntimeThatRestartsIsFollowedAgain() throws {
        let provider = provider()
        for _ in 0..<3 {
            let runtime = FakeNRI(path)
            try connect(provider, runtime)
            #expect(provider.state == .connected)
            runtime.stop()
            _ = try changes(provider)
            #expect(provider.state == .absent && provider.descriptor == nil)
        }
    }

    @Test func aRuntimeThatTakesNoPluginsIsToldApartFromNone() throws {
        let runtime = FakeNRI(path)
        let provider = provider()
        _ = provider.begin()
        try runtime.accept()
        _ = try runtime.receive()
        let refusal = TTRPCAnswer.failure(2, "invalid plugin index").bytes
        runtime.send(TTRPCMessage(.runtime, .response, stream: 1, refusal))
        _ = try changes(provider)
        #expect(provider.state == .failing("it refuses secd as a plugin: invalid plugin index"))
        // And one that hangs up.
        let deadline = MonotonicClock.now + 30_000_000_000
        while provider.descriptor == nil, MonotonicClock.now < deadline { _ = provider.changes() }
        try runtime.accept()
        runtime.hangUp()
        while provider.descriptor != nil { _ = try changes(provider) }
        #expect(provider.state == .failing("the runtime took no plugin; it is opened again"))
    }
}
