import Testing
import TextEncoding
import WorkloadModel
import Workloads

/// Events of the CRI as messages, which runtimes are asked for them, and sandboxes that the CRI does not tell yet.
@Suite struct CRIEventTests {
    @Test func anEventHasThePodAndItsContainers() throws {
        let event = CRIEvent(CRISample.created)
        #expect(event.id == CRISample.container && !event.isDeletion)
        let workloads = event.workloads("containerd")
        try #require(workloads.map(\.id) == [CRISample.sandbox, CRISample.container])
        for workload in workloads {
            #expect(workload.kind == .container && workload.runtime == "containerd")
            #expect(workload.pod?.namespace == "shop" && workload.pod?.name == "web-1")
            #expect(workload.pod?.uid == "u1")
            #expect(workload.pod?.labels == ["app": "web"])
            #expect(workload.pod?.annotations == ["team": "checkout"])
        }
        #expect(workloads.map(\.name) == ["", "app"])
        #expect(workloads.map(\.started) == [7, 9])
        #expect(workloads[1].image == Workload.Image(name: "nginx:1.27", id: "sha256:00"))
        #expect(workloads[1].labels == ["tier": "edge"])
    }

    @Test func aDeletionHasNoContainers() {
        let event = CRIEvent(CRISample.deleted)
        #expect(event.id == CRISample.container && event.isDeletion)
        #expect(event.workloads("containerd").map(\.id) == [CRISample.sandbox])
        // That of a sandbox has nothing but its id.
        let last = CRIEvent(CRISample.text(1, CRISample.sandbox) + [0x10, 3])
        #expect(last.id == CRISample.sandbox && last.isDeletion)
        #expect(last.workloads("containerd").isEmpty)
    }

    /// Whatever is cut off, or changed in one byte, gives no more than there was, and nothing worse.
    @Test func everyCutAndEveryWrongByteIsHarmless() {
        for end in CRISample.created.indices {
            #expect(CRIEvent(Array(CRISample.created[..<end])).workloads("containerd").count <= 2)
        }
        for index in CRISample.created.indices {
            for value: UInt8 in [0, 1, 0x7f, 0x80, 0xff] {
                var bytes = CRISample.created
                bytes[index] = value
                #expect(CRIEvent(bytes).workloads("containerd").count <= 2)
            }
        }
    }

    @Test func containersOfOnePodAreBounded() {
        let many = (0..<2000).flatMap { number in
            ProtobufReader.message(
                5, CRISample.text(1, "c\(number)") + ProtobufReader.message(2, CRISample.text(1, "app")))
        }
        #expect(CRIEvent(CRISample.pod + many).workloads("containerd").count == 1 + 1024)
    }

    @Test func eventsThatWaitAreBoundedInNumberAndBytes() {
        var queue = CRIEventQueue()
        for number in 0...CRIEventQueue.mostEvents { queue.put([UInt8(truncatingIfNeeded: number)]) }
        let first = queue.take()
        #expect(first.events.count == CRIEventQueue.mostEvents && first.isIncomplete)
        #expect(first.events.first == [0] && first.events.last == [255])
        let none = queue.take()
        #expect(none.events.isEmpty && !none.isIncomplete)
        queue.put([UInt8](repeating: 1, count: CRIEventQueue.mostBytes))
        queue.put([1])
        queue.put([])
        let large = queue.take()
        #expect(large.events.map(\.count) == [CRIEventQueue.mostBytes, 0] && large.isIncomplete)
    }

    @Test(
        arguments: [
            ("containerd", "2.0.0", true), ("containerd", "v2.1.1-k3s1", true), ("containerd", "10.0", true),
            ("containerd", "2.0.0-rc.1", true), ("containerd", "1.6.20~ds1", false),
            ("containerd", "1.7.24~ds1", false), ("cri-o", "1.29.0", true), ("cri-o", "1.28.4", false),
            ("cri-o", "2.0.0", true), ("docker", "29.0.0", false), ("containerd", "", false),
            ("containerd", "2", false), ("containerd", "x.y", false), ("containerd", "-2.0", false),
            ("containerd", "99999999999999999999.0", false), ("", "2.0.0", false),
        ])
    func whichRuntimesTellAllClients(_ runtime: String, _ version: String, _ sharesEvents: Bool) {
        #expect(CRIVersion(CRISample.version(runtime, version)).sharesEvents == sharesEvents)
    }

    @Test func aSandboxInContainerdsOwnAPI() throws {
        let own = try #require(ContainerdSandbox.sandbox(CRISample.own(CRISample.ownJSON)))
        let workload = own.workload("containerd")
        #expect(workload.id == CRISample.sandbox && workload.name.isEmpty)
        #expect(workload.pod?.namespace == "shop" && workload.pod?.name == "web-1")
        #expect(workload.pod?.uid == "u1")
        #expect(workload.pod?.labels == ["app": "web"])
        #expect(workload.pod?.annotations == ["team": "checkout"])
    }

    @Test(
        arguments: [
            "", "{", "[]", "{}", #"{"Metadata":{}}"#, #"{"Metadata":{"Config":{"metadata":{"uid":"u1"}}}}"#,
            #"{"Metadata":{"Config":{"metadata":{"name":7}}}}"#,
            #"{"Metadata":{"Config":{"metadata":{"name":"web"},"labels":["a"]}}}"#,
        ])
    func whatIsNoSandboxIsNone(_ json: String) {
        #expect(ContainerdSandbox.sandbox(CRISample.own(json)) == nil)
        #expect(
            ContainerdSandbox.sandbox(
                CRISample.own(CRISample.ownJSON, key: "io.cri-containerd.container.metadata")) == nil)
    }

    @Test func everyCutOfASandboxIsHarmless() {
        let bytes = CRISample.own(CRISample.ownJSON)
        for end in bytes.indices { #expect(ContainerdSandbox.sandbox(Array(bytes[..<end])) == nil) }
    }
}
