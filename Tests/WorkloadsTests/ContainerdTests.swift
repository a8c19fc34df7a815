import LinuxSystem
import Testing
import TextEncoding
import WorkloadModel
import Workloads

/// Messages of containerd's own API, put together by hand as it sends them.
@Suite struct ContainerdTests {
    private func text(_ number: UInt8, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, Array(value.utf8))
    }

    private func entry(_ number: UInt8, _ key: String, _ value: String) -> [UInt8] {
        ProtobufReader.message(number, text(1, key) + text(2, value))
    }

    private var containers: [UInt8] {
        ProtobufReader.message(
            1,
            text(1, "web") + entry(2, "tier", "edge")
                + entry(2, "io.containerd.image.config.stop-signal", "TERM")
                + text(3, "localhost/box:1") + ProtobufReader.message(4, text(1, "io.containerd.runc.v2"))
                + text(6, "native") + ProtobufReader.message(8, [0x08, 2, 0x10, 5]))
    }

    @Test func aContainerWithItsImage() throws {
        let workload = try #require(ContainerdAnswer.containers(containers).first?.workload)
        #expect(workload.kind == .container && workload.id == "web" && workload.name == "web")
        #expect(workload.runtime == "containerd")
        #expect(workload.image.name == "localhost/box:1")
        #expect(workload.labels == ["tier": "edge"])
        #expect(workload.started == 2_000_000_005)
    }

    @Test func nerdctlsNameIsALabel() {
        let answer = ProtobufReader.message(1, text(1, "00ff") + entry(2, "nerdctl/name", "shop"))
        let workload = ContainerdAnswer.containers(answer).first?.workload
        #expect(workload?.id == "00ff" && workload?.name == "shop" && workload?.labels == [:])
    }

    @Test func firstProcessesByContainer() {
        let first = ProtobufReader.message(1, text(2, "web") + [0x18, 0x95, 0x1d, 0x20, 2])
        let second = ProtobufReader.message(1, text(1, "db") + text(2, "exec") + [0x18, 7])
        #expect(ContainerdAnswer.processes(first + second) == ["web": 3733, "db": 7])
    }

    @Test func namespacesByName() {
        let answer = ProtobufReader.message(1, text(1, "default") + entry(2, "a", "b"))
        #expect(ContainerdAnswer.namespaces(answer + ProtobufReader.message(1, [])) == ["default"])
    }

    @Test func everyCutIsHarmless() {
        for end in containers.indices {
            let cut = Array(containers[..<end])
            #expect(ContainerdAnswer.containers(cut).count <= 1)
            #expect(ContainerdAnswer.processes(cut).count <= 1)
            #expect(ContainerdAnswer.namespaces(cut).count <= 1)
        }
    }

    /// A time that is none: no overflow, and no container of the future.
    @Test(
        arguments: [
            [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
            [0x08, 1, 0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [0x08],
        ] as [[UInt8]])
    func wrongTimesAreNone(_ time: [UInt8]) {
        let answer = ProtobufReader.message(1, text(1, "web") + ProtobufReader.message(8, time))
        #expect(ContainerdAnswer.containers(answer).first?.workload.started == 0)
    }

    @Test func withoutARuntimeNothingIsWrong() {
        let provider = ContainerdProvider(
            socket: "/nonexistent/containerd.sock", hierarchy: CgroupHierarchy(unified: "/nonexistent"))
        #expect(provider.begin().isEmpty)
        #expect(provider.state == .absent)
        #expect(provider.find(WorkloadQuestion(id: 1, path: "/default/web")) == nil)
    }
}
