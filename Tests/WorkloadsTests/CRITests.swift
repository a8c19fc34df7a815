import Testing
import TextEncoding
import WorkloadModel
import Workloads

/// Messages of the CRI, put together by hand as a runtime sends them.
@Suite struct CRITests {
    private func text(_ number: UInt8, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, Array(value.utf8))
    }

    private func entry(_ number: UInt8, _ key: String, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, text(1, key) + text(2, value))
    }

    private var containers: [UInt8] {
        ProtobufReader.message(
            1,
            text(1, "c1") + text(2, "s1") + ProtobufReader.message(3, text(1, "web") + [0x10, 1])
                + ProtobufReader.message(4, text(1, "nginx:1.27")) + text(5, "sha256:00") + [0x30, 1]
                + [0x38, 0x80, 0x94, 0xeb, 0xdc, 0x03]
                + entry(8, "io.kubernetes.container.name", "web") + entry(8, "tier", "edge"))
    }

    private var sandboxes: [UInt8] {
        ProtobufReader.message(
            1,
            text(1, "s1")
                + ProtobufReader.message(2, text(1, "web-1") + text(2, "u1") + text(3, "shop") + [0x20, 0])
                + entry(5, "app", "web") + entry(5, "io.kubernetes.pod.uid", "u1")
                + entry(6, "team", "checkout") + entry(6, "kubernetes.io/config.source", "api")
                + text(7, "runc"))
    }

    @Test func aContainerWithItsPod() throws {
        let container = try #require(CRIAnswer.containers(containers).first)
        let sandbox = try #require(CRIAnswer.sandboxes(sandboxes).first)
        #expect(container.sandbox == sandbox.id)
        let workload = container.workload("containerd", sandbox)
        #expect(workload.id == "c1")
        #expect(workload.name == "web")
        #expect(workload.image == Workload.Image(name: "nginx:1.27", id: "sha256:00"))
        #expect(workload.labels == ["tier": "edge"])
        #expect(workload.started == 1_000_000_000)
        #expect(workload.pod?.namespace == "shop")
        #expect(workload.pod?.name == "web-1")
        #expect(workload.pod?.uid == "u1")
        #expect(workload.pod?.labels == ["app": "web"])
        #expect(workload.pod?.annotations == ["team": "checkout"])
    }

    private func status(_ info: String) -> CRIStatus {
        CRIStatus(ProtobufReader.message(1, text(1, "c1")) + entry(2, "other", "x") + entry(2, "info", info))
    }

    /// Of containerd, which leaves out what is false, and of CRI-O.
    @Test(
        arguments: [
            (#"{"pid":7,"config":{"linux":{"security_context":{"privileged":true}}}}"#, 7, true),
            (#"{"pid":7,"config":{"linux":{"security_context":{}}}}"#, 7, false),
            (#"{"config":{}}"#, 0, false),
            (#"{"pid":7,"privileged":true}"#, 7, true), (#"{"privileged":false}"#, 0, false),
            (#"{"pid":-1}"#, 0, nil), ("{}", 0, nil), ("[", 0, nil), (#"{"pid":"x"}"#, 0, nil),
        ] as [(String, UInt32, Bool?)])
    func rightsAreInTheRuntimesOwnWords(_ info: String, _ process: UInt32, _ isPrivileged: Bool?) {
        #expect(status(info).process == process)
        #expect(status(info).isPrivileged == isPrivileged)
        #expect(CRIStatus([]).isPrivileged == nil)
        #expect(CRIStatus.request(id: "ab") == [0x0a, 2, 0x61, 0x62, 0x10, 1])
    }

    @Test func aRequestForOne() {
        #expect(CRIAnswer.request(id: "") == [])
        #expect(CRIAnswer.request(id: "ab") == [0x0a, 4, 0x0a, 2, 0x61, 0x62])
    }

    @Test func severalInOneAnswer() {
        #expect(CRIAnswer.containers(containers + containers + [0x10, 1]).count == 2)
        #expect(CRIAnswer.containers([]).isEmpty)
    }

    /// A longer text than one byte can count.
    @Test func lengthsOfSeveralBytes() {
        let long = String(repeating: "x", count: 70_000)
        #expect(CRIAnswer.containers(ProtobufReader.message(1, text(1, long))).first?.id == long)
    }

    @Test(
        arguments: [
            [0x0a], [0x0a, 5, 1], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x00, 1], [0x0b], [0x0c],
            [0x0f],
            [0x0d, 1, 2], [0x09, 1, 2, 3], [0x08],
        ] as [[UInt8]])
    func whatIsNoMessageIsNothing(_ bytes: [UInt8]) {
        #expect(CRIAnswer.containers(bytes).isEmpty)
    }

    /// Every cut of an answer gives what came before the cut, and nothing worse.
    @Test func everyCutIsHarmless() {
        let bytes = containers + sandboxes
        for end in bytes.indices {
            #expect(CRIAnswer.containers(Array(bytes[..<end])).count <= 1)
            #expect(CRIAnswer.sandboxes(Array(bytes[..<end])).count <= 1)
        }
    }

    @Test func withoutARuntimeNothingIsWrong() {
        let provider = CRIProvider(name: "containerd", socket: "/nonexistent/containerd.sock")
        #expect(provider.begin().isEmpty)
        #expect(provider.state == .absent)
        #expect(
            provider.find(WorkloadQuestion(id: 1, path: "/docker/" + String(repeating: "a", count: 64)))
                == nil)
    }
}
