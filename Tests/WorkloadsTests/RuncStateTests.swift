import Glibc
import LinuxSystem
import Testing
import WorkloadModel
import Workloads

/// Containers by the files that runtimes keep, against a folder that stands for the machine.
@Suite struct RuncStateTests {
    private let folder = Folder()

    private var provider: RuncProvider {
        RuncProvider(hierarchy: CgroupHierarchy(unified: folder.path + "/cgroup"), directories: [runc, crun])
    }
    private var runc: String { folder.path + "/runc" }
    private var crun: String { folder.path + "/crun" }

    init() {
        for name in ["cgroup", "cgroup/web", "cgroup/web/inner", "cgroup/odd", "runc", "crun", "bundle"] {
            folder.make(name)
        }
    }

    private func state(_ id: String, cgroup: String, labels: [String] = []) -> String {
        let list = labels.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            {"id":"\(id)","init_process_pid":0,"created":"2026-11-21T22:57:19.5Z",\
            "config":{"rootfs":"/x","labels":[\(list)]},\
            "cgroup_paths":{"memory":"/sys/fs/cgroup/memory/x","":"\(folder.path)/cgroup\(cgroup)"}}
            """
    }

    private func question(_ path: String) -> WorkloadQuestion {
        WorkloadQuestion(id: folder.inode("cgroup" + path), path: path)
    }

    @Test func runcsStateNamesTheContainer() throws {
        folder.write(
            "runc/web/state.json", state("web", cgroup: "/web", labels: ["app=shop", "bundle=/nowhere"]))
        let found = try #require(provider.find(question("/web")))
        #expect(found.workload.name == "web")
        #expect(found.workload.runtime == "runc")
        #expect(found.workload.labels == ["app": "shop"])
        #expect(found.workload.cgroup == "/web")
        #expect(found.workload.started == 1_795_301_839_500_000_000)
        #expect(found.cgroupID == folder.inode("cgroup/web"))
    }

    @Test func aCgroupThatIsNotCalledAfterItsContainerIsFoundToo() throws {
        folder.write("runc/web/state.json", state("web", cgroup: "/odd"))
        #expect(provider.find(question("/odd"))?.workload.id == "web")
        #expect(provider.find(question("/web")) == nil)
    }

    @Test func aCgroupInsideOfTheContainersIsItsOwn() throws {
        folder.write("runc/web/state.json", state("web", cgroup: "/web"))
        #expect(provider.find(question("/web/inner"))?.workload.id == "web")
    }

    @Test func crunsStateNamesTheContainer() throws {
        folder.write(
            "crun/db/status",
            """
            {"pid":0,"cgroup-path":"/web","bundle":"\(folder.path)/bundle","created":"2026-11-21T22:57:19+01:00"}
            """)
        folder.write("bundle/config.json", #"{"annotations":{"app":"db"}}"#)
        let found = try #require(provider.find(question("/web")))
        #expect(found.workload.id == "db")
        #expect(found.workload.runtime == "crun")
        #expect(found.workload.labels == ["app": "db"])
        #expect(found.workload.started == 1_795_298_239_000_000_000)
    }

    @Test func annotationsOfContainerdNameThePod() throws {
        folder.write(
            "bundle/config.json",
            """
            {"annotations":{"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"web",
            "io.kubernetes.cri.image-name":"docker.io/library/nginx:1.27","io.kubernetes.cri.sandbox-name":"web-1",
            "io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-uid":"u1"}}
            """)
        folder.write(
            "runc/abc/state.json", state("abc", cgroup: "/web", labels: ["bundle=\(folder.path)/bundle"]))
        let workload = try #require(provider.find(question("/web"))?.workload)
        #expect(workload.runtime == "containerd")
        #expect(workload.name == "web")
        #expect(workload.image.repository == "docker.io/library/nginx")
        #expect(workload.pod == Pod(namespace: "shop", name: "web-1", uid: "u1"))
    }

    @Test func annotationsOfCRIONameThePodAndItsLabels() throws {
        folder.write(
            "bundle/config.json",
            #"""
            {"annotations":{"io.kubernetes.cri-o.ContainerType":"container","io.kubernetes.container.name":"web",
            "io.kubernetes.pod.name":"web-1","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"u1",
            "io.kubernetes.cri-o.Labels":"{\"app\":\"web\",\"io.kubernetes.pod.uid\":\"u1\"}"}}
            """#)
        folder.write(
            "runc/abc/state.json", state("abc", cgroup: "/web", labels: ["bundle=\(folder.path)/bundle"]))
        let workload = try #require(provider.find(question("/web"))?.workload)
        #expect(workload.runtime == "cri-o")
        #expect(workload.pod?.labels == ["app": "web"])
    }

    @Test func annotationsOfTheKubeletNameThePod() throws {
        let labels = [
            "io.kubernetes.pod.name=web-1", "io.kubernetes.pod.namespace=shop",
            "io.kubernetes.pod.uid=u1", "io.kubernetes.container.name=app",
        ]
        folder.write("runc/abc/state.json", state("abc", cgroup: "/web", labels: labels))
        let workload = try #require(provider.find(question("/web"))?.workload)
        #expect(workload.runtime == "runc" && workload.name == "app")
        #expect(workload.pod == Pod(namespace: "shop", name: "web-1", uid: "u1"))
        folder.write(
            "runc/abc/state.json", state("abc", cgroup: "/web", labels: ["io.kubernetes.pod.name=web-2"]))
        let other = try #require(provider.find(question("/web"))?.workload)
        #expect(other.name == "abc" && other.pod == Pod(namespace: "default", name: "web-2"))
    }

    @Test(arguments: ["", "{", "[]", "{\"id\":\"\"}", "{\"id\":7}", "\u{0}\u{1}\u{2}"])
    func garbageNamesNothing(_ text: String) {
        folder.write("runc/web/state.json", text)
        #expect(provider.find(question("/web")) == nil)
    }

    @Test func aPipeInThePlaceOfTheStateBlocksNobody() {
        folder.make("runc/web")
        #expect(unsafe mkfifo(runc + "/web/state.json", 0o600) == 0)
        #expect(provider.find(question("/web")) == nil)
    }

    @Test func aHugeStateIsNotRead() {
        folder.write("runc/web/state.json", "")
        #expect(unsafe truncate(runc + "/web/state.json", 1 << 30) == 0)
        #expect(provider.find(question("/web")) == nil)
    }

    /// runc makes the directory first, and renames the complete file into it.
    @Test func aContainerIsToldWhenItsStateAppears() {
        let provider = provider
        #expect(provider.begin().isEmpty)
        #expect(provider.state == .connected)
        folder.make("runc/web")
        #expect(provider.changes().isEmpty)
        folder.write("runc/web/.new", state("web", cgroup: "/web"))
        #expect(unsafe rename(runc + "/web/.new", runc + "/web/state.json") == 0)
        #expect(provider.changes().map(\.workload.id) == ["web"])
        #expect(provider.changes().isEmpty)
    }

    /// It lived for an instant: its directory was seen, its state was not.
    @Test func aContainerThatIsGoneHasItsIdAtLeast() throws {
        let provider = provider
        _ = provider.begin()
        folder.write("runc/web/state.json", state("web", cgroup: "/web"))
        #expect(unsafe unlink(runc + "/web/state.json") == 0)
        #expect(unsafe rmdir(runc + "/web") == 0)
        #expect(provider.changes().isEmpty)
        let workload = try #require(provider.find(question("/web"))?.workload)
        #expect(workload.id == "web")
        #expect(workload.naming == .pending)
        #expect(provider.find(question("/odd")) == nil)
    }

    @Test func containersThatRunAlreadyAreToldAtOnce() {
        folder.write("runc/web/state.json", state("web", cgroup: "/web"))
        #expect(provider.begin().map(\.workload.id) == ["web"])
    }

    /// secd before the first container: the directory comes later.
    @Test func aStateDirectoryThatComesLaterIsFollowed() {
        let late = RuncProvider(
            hierarchy: CgroupHierarchy(unified: folder.path + "/cgroup"), directories: [folder.path + "/late"]
        )
        #expect(late.begin().isEmpty)
        folder.write("late/web/state.json", state("web", cgroup: "/web"))
        var found: [String] = []
        for _ in 0..<3 { found += late.changes().map(\.workload.id) }
        #expect(found == ["web"])
    }

    @Test(arguments: [
        ("2026-11-21T22:57:19Z", 1_795_301_839_000_000_000 as UInt64), ("1970-01-01T00:00:00Z", 0),
        ("2024-02-29T12:00:00.000000001Z", 1_709_208_000_000_000_001), ("0001-01-01T00:00:00Z", 0), ("", 0),
        ("2026-13-01T00:00:00Z", 0), ("yesterday at some time", 0),
    ])
    func times(_ text: String, _ nanoseconds: UInt64) {
        #expect(RFC3339.nanoseconds(text) == nanoseconds)
    }
}
