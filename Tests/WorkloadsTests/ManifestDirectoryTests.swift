import Glibc
import Logging
import Synchronization
import Testing
import WorkloadModel
import Workloads

/// The directory of manifests while its files come, change and go. `changes` finds all that happened before, so
/// nothing is waited for.
@Suite struct ManifestDirectoryTests {
    private let folder = Folder()
    private let directory: ManifestDirectory
    private let provider: ManifestProvider

    init() {
        folder.make("m")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        directory = ManifestDirectory(folder.path + "/m", nodeName: "node1", logger: logger)
        provider = ManifestProvider(directory)
        _ = provider.begin()
    }

    private static func pod(_ name: String, app: String = "one", spec: String = "") -> String {
        """
        apiVersion: v1
        kind: Pod
        metadata: {name: \(name), namespace: shop, labels: {app: \(app)}}
        spec:
          containers: [{name: app}]
        \(spec)

        """
    }

    /// The label that a container called so has now.
    private func label(_ container: String) -> String? {
        _ = provider.changes()
        let workload = Workload(kind: .container, id: container, name: container, runtime: "runc")
        return directory.content.pods.described(workload).pod?.labels["app"]
    }

    @Test func filesThatComeChangeAndGo() {
        #expect(provider.state == .connected)
        #expect(label("web_app") == nil)
        folder.write("m/web.yaml", Self.pod("web"))
        #expect(label("web_app") == "one")
        folder.write("m/web.yaml", Self.pod("web", app: "two"))
        #expect(label("web_app") == "two")
        // As editors replace files; until then it is not looked at.
        folder.write("m/.web.yaml.new", Self.pod("web", app: "three"))
        #expect(label("web_app") == "two")
        #expect(unsafe rename(folder.path + "/m/.web.yaml.new", folder.path + "/m/web.yaml") == 0)
        #expect(label("web_app") == "three")
        folder.write("m/db.yml", Self.pod("db"))
        folder.write("m/readme.txt", "no manifest")
        #expect(label("db_app") == "one")
        #expect(unsafe unlink(folder.path + "/m/web.yaml") == 0)
        #expect(label("web_app") == nil)
        #expect(directory.content.pods.count == 1)
        #expect(directory.problems == [])
    }

    @Test func aFileThatIsWrongKeepsWhatItSaidAndCostsNothingElse() {
        folder.write("m/web.yaml", Self.pod("web"))
        folder.write("m/db.yaml", Self.pod("db"))
        #expect(label("web_app") == "one")
        // Half of it, and an unknown kind.
        for broken in [
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \"we",
            Self.pod("web", app: "two") + "---\n{apiVersion: apps/v1, kind: Deployment}\n", "",
        ] {
            folder.write("m/web.yaml", broken)
            folder.write("m/db.yaml", Self.pod("db", app: "two"))
            #expect(label("web_app") == "one")
            #expect(label("db_app") == "two")
            #expect(directory.problems.count == 1)
            #expect(directory.problems.allSatisfy { $0.hasPrefix(folder.path + "/m/web.yaml:") })
            #expect(
                directory.problems.allSatisfy { $0.hasSuffix("; the objects that the file had before stay") })
        }
        folder.write("m/web.yaml", Self.pod("web", app: "three"))
        #expect(label("web_app") == "three")
        #expect(directory.problems == [])
    }

    @Test func theSameObjectTwiceIsAnErrorWithBothPlacesAndTheFirstCounts() {
        folder.write("m/b.yaml", Self.pod("web", app: "b"))
        #expect(label("web_app") == "b")
        // The order is that of the paths, whichever came first.
        folder.write("m/a.yaml", Self.pod("db") + "---\n" + Self.pod("web", app: "a"))
        #expect(label("web_app") == "a")
        #expect(label("db_app") == "one")
        let (a, b) = (folder.path + "/m/a.yaml", folder.path + "/m/b.yaml")
        #expect(
            directory.problems == [
                "\(b):1:1: error: Pod shop/web stands here for the second time: that at \(a):8:1 counts"
            ])
        #expect(unsafe unlink(a) == 0)
        #expect(label("web_app") == "b")
        #expect(directory.problems == [])
        folder.write("m/b.yaml", Self.pod("web", app: "b") + "---\n" + Self.pod("web", app: "c"))
        #expect(label("web_app") == "b")
        #expect(directory.problems.count == 1)
    }

    @Test func kindsThatNothingActsByAreANoteAndNoProblem() {
        folder.write(
            "m/net.yaml",
            """
            {apiVersion: v1, kind: Service, metadata: {name: a}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: b}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}}
            """)
        _ = provider.changes()
        #expect(directory.problems == [])
        #expect(directory.notes == ["manifests: 1 NetworkPolicy, 2 Service: read and not used yet"])
    }

    @Test func labelsOfThisNodeAndOfNamespaces() {
        folder.write(
            "m/nodes.yaml",
            """
            {apiVersion: v1, kind: Node, metadata: {name: node1, labels: {zone: a}}}
            ---
            {apiVersion: v1, kind: Node, metadata: {name: node2, labels: {zone: b}}}
            ---
            {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {tier: front}}}
            """)
        _ = provider.changes()
        #expect(directory.content.nodeLabels == ["zone": "a"])
        // With the one that an API server would add.
        #expect(
            directory.content.namespaceLabels == [
                "shop": ["tier": "front", "kubernetes.io/metadata.name": "shop"]
            ])
        #expect(directory.notes == [])
    }

    @Test func podsOfOtherNodesAreNotOfThisOne() {
        folder.write("m/a.yaml", Self.pod("a", spec: "  nodeName: node2"))
        folder.write("m/b.yaml", Self.pod("b", spec: "  nodeName: node1"))
        #expect(label("a_app") == nil)
        #expect(label("b_app") == "one")
    }

    @Test func aPipeAHugeFileAndAFolderAreToldAndBlockNobody() {
        #expect(unsafe mkfifo(folder.path + "/m/pipe.yaml", 0o600) == 0)
        folder.make("m/folder.yaml")
        folder.write("m/huge.yaml", "")
        #expect(unsafe truncate(folder.path + "/m/huge.yaml", 1 << 30) == 0)
        folder.write("m/web.yaml", Self.pod("web"))
        directory.refresh(nil)
        #expect(label("web_app") == "one")
        let path = folder.path + "/m/"
        #expect(
            directory.problems == [
                "cannot read \(path)folder.yaml: it is no ordinary file",
                "cannot read \(path)huge.yaml: it has 1073741824 bytes; at most 8388608 are read",
                "cannot read \(path)pipe.yaml: it is no ordinary file",
            ])
    }

    /// Volumes that Kubernetes mounts consist of links, all of which change together.
    @Test func linksAreFollowed() {
        folder.write("m/..1/web.yaml", Self.pod("web"))
        folder.write("m/..2/web.yaml", Self.pod("web", app: "two"))
        #expect(unsafe symlink("..1", folder.path + "/m/..data") == 0)
        #expect(unsafe symlink("..data/web.yaml", folder.path + "/m/web.yaml") == 0)
        #expect(label("web_app") == "one")
        #expect(unsafe symlink("..2", folder.path + "/m/..new") == 0)
        #expect(unsafe rename(folder.path + "/m/..new", folder.path + "/m/..data") == 0)
        #expect(label("web_app") == "two")
    }

    @Test func aDirectoryThatGoesAndComesBack() {
        folder.write("m/web.yaml", Self.pod("web"))
        #expect(label("web_app") == "one")
        #expect(unsafe rename(folder.path + "/m", folder.path + "/n") == 0)
        #expect(label("web_app") == nil)
        #expect(provider.state == .absent)
        #expect(directory.problems == ["no manifests from \(folder.path)/m: No such file or directory"])
        #expect(unsafe rename(folder.path + "/n", folder.path + "/m") == 0)
        #expect(label("web_app") == "one")
        #expect(provider.state == .connected)
        #expect(directory.problems == [])
    }

    @Test func whoFollowsIsToldAtOnceAndOfEachChange() {
        let counts = Mutex<[Int]>([])
        folder.write("m/a.yaml", Self.pod("a"))
        _ = provider.changes()
        directory.follow { content in counts.withLock { $0.append(content.pods.count) } }
        folder.write("m/b.yaml", Self.pod("b"))
        _ = provider.changes()
        _ = provider.changes()
        #expect(counts.withLock(\.self) == [1, 2])
    }

    @Test func podsBeyondTheMostAreTold() {
        let most = 16_384
        for part in 0..<2 {
            let items = (0..<(most / 2 + part)).map { "- metadata: {name: p\(part)-\($0)}\n" }.joined()
            folder.write("m/\(part).yaml", "apiVersion: v1\nkind: PodList\nitems:\n" + items)
        }
        _ = provider.changes()
        #expect(directory.content.pods.count == most)
        #expect(
            directory.problems == [
                "manifests: 1 pods beyond 16384 are not known: have fewer on a node"
            ])
    }
}
