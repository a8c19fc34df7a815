import AgentCore
import Glibc
import KubernetesObjects
import LinuxSystem
import Testing
import WorkloadModel
import Workloads

/// Which cgroup an id is, also for a while after its end.
@Suite struct CgroupTableTests {
    private static let container = "/docker/" + String(repeating: "0123456789abcdef", count: 4)

    @Test func namesWhatWasAdded() {
        var table = CgroupTable()
        table.add(7, Array("/system.slice/cron.service".utf8))
        table.add(8, Array(Self.container.utf8))

        #expect(table.name(7).path == Array("/system.slice/cron.service".utf8))
        #expect(table.name(7).containerID.isEmpty)
        #expect(table.name(8).containerID == Array("0123456789abcdef0123456789abcde".utf8))
        #expect(table.name(9).path.isEmpty)
        #expect(table.count == 2)
    }

    /// A process that just ended still refers to its cgroup.
    @Test func removedOnesAreKeptForAWhile() {
        var table = CgroupTable()
        for id in 1...4097 as ClosedRange<UInt64> { table.add(id, Array("/\(id)".utf8)) }
        for id in 1...4096 as ClosedRange<UInt64> { table.remove(id) }
        #expect(table.count == 4097)

        table.remove(4097)
        #expect(table.count == 4097 - 2048)
        #expect(table.name(2048).path.isEmpty)
        #expect(table.name(2049).path == Array("/2049".utf8))
    }

    @Test func anIdThatIsGivenAgainIsAnotherCgroup() {
        var table = CgroupTable()
        table.add(7, Array(Self.container.utf8))
        table.add(7, Array("/other".utf8))
        #expect(table.name(7).path == Array(Self.container.utf8), "it is there already")
        table.remove(7)
        table.add(7, Array("/system.slice/cron.service".utf8))

        #expect(table.name(7).path == Array("/system.slice/cron.service".utf8))
        #expect(table.name(7).containerID.isEmpty)
        #expect(!table.name(7).isGone)
        #expect(table.living.map(\.id) == [7])
        // What is said of the container that was there names nobody.
        let id = String(repeating: "0123456789abcdef", count: 4)
        #expect(table.assign(CgroupTable.Assignment(Workload(kind: .container, id: id, name: "old"))) == [])
    }

    @Test func isBounded() {
        var table = CgroupTable()
        for id in 1...65_537 as ClosedRange<UInt64> { table.add(id, []) }
        #expect(table.count == 65_536)
    }

    @Test func readsAHierarchy() throws {
        var template = Array("/tmp/secd-cgroups-XXXXXX".utf8CString)
        let root = unsafe String(cString: try #require(unsafe mkdtemp(&template)))
        let folders = ["", "/a", "/a/b", "/c"]
        defer { for folder in folders.reversed() { unsafe rmdir(root + folder) } }
        for folder in folders.dropFirst() { unsafe mkdir(root + folder, 0o700) }
        var table = CgroupTable()
        table.scan(root: root)

        for folder in folders {
            let path = folder.isEmpty ? "/" : folder
            #expect(table.name(try FileStatus(path: root + folder).inode).path == Array(path.utf8))
        }
        #expect(table.count == 4)
    }

    /// What is below the cgroup of a container belongs to it, also what comes later; a container in it does not.
    @Test func aProvidersWordCountsForAllBelow() {
        let inner = Self.container + "/docker/" + String(repeating: "fedcba9876543210", count: 4)
        var table = CgroupTable()
        table.add(1, Array("/".utf8))
        table.add(7, Array("/web".utf8))
        table.add(8, Array("/web/a".utf8))
        let web = Workload(kind: .container, id: "web", name: "web", runtime: "runc")
        #expect(Set(table.assign(CgroupTable.Assignment(web, cgroupID: 7))) == [7, 8])
        table.add(9, Array("/web/a/b".utf8))
        table.add(10, Array(("/web" + inner).utf8))

        #expect([7, 8, 9].allSatisfy { table.name($0).workload?.workload.name == "web" })
        #expect(table.name(10).workload?.workload.id.hasPrefix("fedc") == true)
        #expect(table.name(1).workload == nil)
        #expect(table.assign(CgroupTable.Assignment(web, cgroupID: 7)).isEmpty)
    }

    @Test func engineAndRuntimeTellOfTheSameContainer() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        var table = CgroupTable()
        table.add(8, Array(Self.container.utf8))
        var fromRuntime = Workload(kind: .container, id: id, runtime: "runc")
        fromRuntime.naming = .pending
        fromRuntime.pid = 42
        var fromEngine = Workload(kind: .container, id: id, name: "web", runtime: "docker")
        fromEngine.image.name = "nginx"
        _ = table.assign(CgroupTable.Assignment(fromRuntime, cgroupID: 8))
        #expect(table.name(8).workload?.isPending == true)
        _ = table.assign(CgroupTable.Assignment(fromEngine))
        _ = table.assign(CgroupTable.Assignment(fromRuntime, cgroupID: 8))

        let workload = table.name(8).workload?.workload
        #expect(workload?.name == "web" && workload?.runtime == "docker" && workload?.image.name == "nginx")
        #expect(workload?.pid == 42)
        #expect(workload?.naming == .known)
    }

    // MARK: Manifests

    private static func pods(_ app: String?) -> DeclaredPods {
        var pod = KubernetesPod(metadata: ObjectMetadata(namespace: "shop", name: "web"))
        pod.metadata.labels = app.map { ["app": $0] } ?? [:]
        pod.containers = [KubernetesPod.Container(name: "app")]
        return DeclaredPods([DeclaredPods.Entry(pod: pod, place: "m.yaml:1:1")])
    }

    private static let web = Workload(kind: .container, id: "web_app", name: "web_app", runtime: "runc")

    @Test func aManifestDescribesContainersThatComeAfterIt() {
        var table = CgroupTable()
        #expect(table.adopt(Self.pods("one")).isEmpty)
        table.add(7, Array(Self.container.utf8))
        #expect(table.assign(CgroupTable.Assignment(Self.web, cgroupID: 7)) == [7])
        // Below it, and before its record.
        table.add(8, Array((Self.container + "/a.service").utf8))
        _ = table.assign(CgroupTable.Assignment(Self.web, cgroupID: 9))
        table.add(9, Array("/elsewhere".utf8))
        for id in [7, 8, 9] as [UInt64] {
            let workload = table.name(id).workload?.workload
            #expect(workload?.pod?.labels == ["app": "one"] && workload?.name == "app")
            #expect(table.name(id).told?.workload.pod == nil)
        }
        #expect(table.name(8).workload?.workload.unit == "a.service")
        // The runtime says the same again.
        #expect(table.assign(CgroupTable.Assignment(Self.web, cgroupID: 7)).isEmpty)
    }

    /// Also a label that is not there any more: nothing of the manifest before is left.
    @Test func aManifestThatChangesOrGoesDescribesThemAnew() {
        var table = CgroupTable()
        table.add(7, Array("/web_app".utf8))
        table.add(8, Array("/web_app/a".utf8))
        _ = table.assign(CgroupTable.Assignment(Self.web, cgroupID: 7))
        #expect(Set(table.adopt(Self.pods("one"))) == [7, 8])
        #expect(table.adopt(Self.pods("one")).isEmpty)
        #expect(table.name(7).workload === table.name(8).workload)
        #expect(Set(table.adopt(Self.pods(nil))) == [7, 8])
        #expect(table.name(8).workload?.workload.pod?.labels == [:])
        #expect(Set(table.adopt(DeclaredPods())) == [7, 8])
        #expect(table.name(7).workload?.workload.pod == nil)
        #expect(table.name(7).workload?.workload.name == "web_app")
    }

    @Test func whatProvidersAddLaterDoesNotTakeThePodAway() {
        var table = CgroupTable()
        _ = table.adopt(Self.pods("one"))
        table.add(7, Array("/web_app".utf8))
        _ = table.assign(CgroupTable.Assignment(Self.web, cgroupID: 7))
        var more = Self.web
        more.pid = 42
        #expect(table.assign(CgroupTable.Assignment(more, cgroupID: 7)) == [7])
        let workload = table.name(7).workload?.workload
        #expect(workload?.pid == 42 && workload?.pod?.name == "web")
        _ = table.adopt(DeclaredPods())
        #expect(table.name(7).workload?.workload.pid == 42)
    }

    // MARK: Namespaces

    private static func pod(of namespace: String, _ id: String) -> Workload {
        var workload = Workload(kind: .container, id: id, name: id, runtime: "containerd")
        workload.pod = Pod(namespace: namespace, name: id)
        return workload
    }

    @Test func podsHaveTheLabelsOfTheirNamespaceAndOnlyTheyChangeWithIt() {
        var table = CgroupTable()
        #expect(table.adopt(namespaces: ["shop": ["tier": "front"]]).isEmpty)
        for (id, namespace) in [(7, "shop"), (8, "lab"), (9, "")] as [(UInt64, String)] {
            table.add(id, Array("/\(id)".utf8))
            let workload = Self.pod(of: namespace, "c\(id)")
            #expect(table.assign(CgroupTable.Assignment(workload, cgroupID: id)) == [id])
        }
        let labels = { (id: UInt64) in table.name(id).workload?.workload.pod?.namespaceLabels }
        #expect([7, 8, 9].map { labels($0) } == [["tier": "front"], [:], [:]])
        #expect(table.adopt(namespaces: ["shop": ["tier": "front"], "dev": ["a": "b"]]).isEmpty)
        #expect(table.adopt(namespaces: ["lab": ["tier": "back"]]) == [8])
        #expect(table.adopt(namespaces: ["shop": [:]]) == [7])
        #expect([7, 8, 9].map { labels($0) } == [[:], ["tier": "back"], [:]])
        // The runtime says the same again.
        #expect(table.assign(CgroupTable.Assignment(Self.pod(of: "lab", "c8"), cgroupID: 8)).isEmpty)
    }

    @Test func podsOfManifestsHaveTheLabelsOfTheirNamespace() {
        var table = CgroupTable()
        table.add(7, Array("/web_app".utf8))
        _ = table.assign(CgroupTable.Assignment(Self.web, cgroupID: 7))
        _ = table.adopt(namespaces: ["shop": ["tier": "front"]])
        #expect(table.adopt(Self.pods("one")) == [7])
        #expect(table.name(7).workload?.workload.pod?.namespaceLabels == ["tier": "front"])
        #expect(table.adopt(namespaces: ["shop": ["tier": "back"]]) == [7])
        #expect(table.name(7).workload?.workload.pod?.namespaceLabels == ["tier": "back"])
        #expect(table.name(7).told?.workload.pod == nil)
    }
}
