import Glibc
import LinuxSystem
import Testing
import WorkloadModel
import Workloads

/// Containers of which a hook of their runtime tells, against a folder that stands for the hierarchy.
@Suite struct AnnouncedTests {
    private let folder = Folder()
    private static let drawn = String(repeating: "0f", count: 32)

    init() { folder.make("web") }

    private func announced(_ id: String, _ annotations: [String: String] = [:]) -> AnnouncedContainer {
        AnnouncedContainer(id: id, annotations: annotations, hierarchy: CgroupHierarchy(unified: folder.path))
    }

    @Test(arguments: ["/web", "FOLDER/web"])
    func aContainerHasItsCgroupAndAnIdThatPeopleChoseIsItsName(_ path: String) throws {
        let container = announced("web", ["app": "shop"])
        let found = try container.found(cgroup: path.replacing("FOLDER", with: folder.path), process: 0)
        #expect(found.cgroupID == folder.inode("web"))
        #expect(found.workload.cgroup == "/web")
        #expect(found.workload.name == "web" && found.workload.naming == .known)
        #expect(found.workload.labels == ["app": "shop"])
        #expect(!container.needsAnswers)
    }

    @Test func anIdThatAnEngineDrewNeedsAName() throws {
        var container = announced(Self.drawn)
        #expect(container.needsAnswers)
        container.complete(name: "web", image: "nginx:1.27", pod: Pod())
        #expect(!container.needsAnswers)
        let workload = try container.found(cgroup: "/web", process: 0).workload
        #expect(workload.name == "web" && workload.image.name == "nginx:1.27" && workload.pod == nil)
    }

    @Test func labelsOfPodsOfContainerdAreToBeAskedFor() throws {
        let container = announced(
            Self.drawn,
            [
                "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "web",
                "io.kubernetes.cri.sandbox-name": "web-1", "io.kubernetes.cri.sandbox-namespace": "shop",
            ])
        #expect(container.needsAnswers)
        let workload = try container.found(cgroup: "/web", process: 0).workload
        #expect(workload.pod?.namespace == "shop" && workload.name == "web")
    }

    /// NRI has labels where there are some, and where not, it says so.
    @Test(arguments: [[:], ["app": "shop"]]) func labelsThatARuntimeTellsNeedNoAnswer(
        _ labels: [String: String]
    ) throws {
        var container = announced(
            Self.drawn,
            [
                "io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "web",
                "io.kubernetes.cri.image-name": "nginx:1.27", "io.kubernetes.cri.sandbox-name": "web-1",
                "io.kubernetes.cri.sandbox-namespace": "shop",
            ])
        container.complete(
            runtime: "containerd", labels: ["tier": "edge"], podLabels: labels, podAnnotations: ["a": "1"])
        #expect(!container.needsAnswers && !container.needsLabels)
        let workload = try container.found(cgroup: "/web", process: 0).workload
        #expect(workload.pod?.labels == labels && workload.pod?.annotations == ["a": "1"])
        #expect(workload.labels == ["tier": "edge"] && workload.image.name == "nginx:1.27")
    }

    @Test func anImageThatARuntimeDoesNotTellIsToBeAskedFor() {
        var container = announced(Self.drawn)
        container.complete(name: "web", image: "", pod: Pod(namespace: "shop", name: "web-1"))
        #expect(!container.needsAnswers)
        container.complete(runtime: "cri-o", labels: [:], podLabels: [:], podAnnotations: [:])
        #expect(container.needsAnswers && !container.needsLabels)
        #expect(container.workload.runtime == "cri-o")
    }

    @Test(arguments: ["/", "/nowhere", "/../web", "web", "\(String(repeating: "x/", count: 4000))"])
    func whatIsNoCgroup(_ path: String) {
        #expect(throws: AnnouncedContainer.Absent.self) {
            try announced("web").found(cgroup: path, process: 0)
        }
    }

    @Test func withoutACgroupThatOfTheProcessCounts() {
        // Nobody has this number.
        #expect(throws: AnnouncedContainer.Absent.self) {
            try announced("web").found(cgroup: "", process: .max)
        }
    }
}
