import JSONTree
import KubernetesClient
import KubernetesObjects
import Testing
import WorkloadModel
import Workloads

/// Whose word on a pod counts, where the API of the cluster and the kubelet tell of it in turn.
@Suite struct KubeletPodTests {
    private static let id = String(repeating: "a", count: 64)
    private static let other = String(repeating: "b", count: 64)

    /// - Parameters:
    ///   - version: as the API counts; empty = a pod of a file of the kubelet.
    ///   - container: the id of its container; empty = none is reported.
    private func pod(
        _ uid: String, version: String = "", tier: String, container: String = id, annotations: String = "{}"
    ) throws -> KubernetesPod {
        let status =
            container.isEmpty ? "" : #"{"name":"web","containerID":"containerd://\#(container)"}"#
        let text =
            #"{"metadata":{"name":"web","namespace":"shop","uid":"\#(uid)","resourceVersion":"\#(version)","#
            + #""labels":{"tier":"\#(tier)"},"annotations":\#(annotations)},"#
            + #""spec":{"containers":[{"name":"web","image":"nginx"}]},"#
            + #""status":{"containerStatuses":[\#(status)]}}"#
        return try KubernetesPod(ObjectReader(try JSONScanner.parse(Array(text.utf8).span)))
    }

    private func tier(_ pods: inout PodDirectory, _ container: String = id, of uid: String = "u") -> String? {
        pods.find(container: container, podUID: uid)?.pod?.labels["tier"]
    }

    @Test func theLaterVersionCounts() throws {
        var pods = PodDirectory()
        _ = pods.take(.all([try pod("u", version: "7", tier: "api")]), at: 0)
        // What the API has told before is nothing new, and what is later is.
        #expect(pods.take(kubelet: [try pod("u", version: "6", tier: "old")], isWhole: true, at: 0) == [])
        #expect(tier(&pods) == "api")
        let later = pods.take(kubelet: [try pod("u", version: "9", tier: "kubelet")], isWhole: true, at: 0)
        #expect(later.map(\.pod?.labels) == [["tier": "kubelet"]] && tier(&pods) == "kubelet")
        // The API goes on from where it was: what the kubelet knew already is not told as new.
        #expect(pods.take(.set(try pod("u", version: "8", tier: "between")), at: 0) == [])
        #expect(tier(&pods) == "kubelet")
        #expect(pods.take(.set(try pod("u", version: "9", tier: "kubelet")), at: 0) == [])
        _ = pods.take(.set(try pod("u", version: "10", tier: "last")), at: 0)
        #expect(tier(&pods) == "last")
    }

    /// A cluster that was set up from a copy counts from there.
    @Test func aListOfTheAPICountsWhateverItsVersions() throws {
        var pods = PodDirectory()
        _ = pods.take(kubelet: [try pod("u", version: "900", tier: "kubelet")], isWhole: true, at: 0)
        let told = pods.take(.all([try pod("u", version: "7", tier: "api")]), at: 0)
        #expect(told.map(\.pod?.labels) == [["tier": "api"]] && tier(&pods) == "api")
    }

    @Test func theWordsMayComeInAnyOrder() throws {
        var pods = PodDirectory()
        let first = try #require(pods.take(.all([try pod("u", version: "7", tier: "api")]), at: 0).first)
        let second = try #require(
            pods.take(kubelet: [try pod("u", version: "8", tier: "kubelet")], isWhole: true, at: 0).first)
        let third = try #require(pods.take(.all([try pod("u", version: "9", tier: "back")]), at: 0).first)
        for words in [[first, second, third], [second, third, first], [third, second, first]] {
            let merged = words[0].updated(by: words[1]).updated(by: words[2])
            #expect(merged.pod?.labels == ["tier": "back"] && merged.name == "web")
        }
        // What a runtime was told at the start is no later word.
        var runtime = Workload(kind: .container, id: Self.id, name: "web", runtime: "containerd")
        runtime.pod = Pod(namespace: "shop", name: "web", uid: "u")
        runtime.pod?.labels = ["tier": "start"]
        #expect(third.updated(by: runtime).pod?.labels == ["tier": "back"])
        #expect(runtime.updated(by: third).pod?.labels == ["tier": "back"])
    }

    @Test func aContainerThatOnlyTheKubeletReportsIsTakenWithThePodOfTheAPI() throws {
        var pods = PodDirectory()
        _ = pods.take(.all([try pod("u", version: "7", tier: "api", container: "")]), at: 0)
        let told = pods.take(kubelet: [try pod("u", version: "6", tier: "old")], isWhole: true, at: 0)
        #expect(told.map(\.name) == ["web"] && told.map(\.pod?.labels) == [["tier": "api"]])
    }

    /// A kubelet that has begun anew while the API is away knows none of the cluster's pods.
    @Test func onlyPodsThatTheAPINeverToldOfGoWithoutIt() throws {
        var pods = PodDirectory()
        _ = pods.take(.all([try pod("u", version: "7", tier: "api")]), at: 0)
        let own = try pod("v", tier: "kubelet", container: Self.other)
        _ = pods.take(kubelet: [own], isWhole: true, at: 0)
        // A list that lacks some says nothing of what is gone.
        _ = pods.take(kubelet: [], isWhole: false, at: 1)
        _ = pods.take(kubelet: [own], isWhole: false, at: 60_000_000_002)
        #expect(pods.count == 2)
        _ = pods.take(kubelet: [], isWhole: true, at: 60_000_000_003)
        _ = pods.take(.state(ReflectorState()), at: 120_000_000_003)
        #expect(pods.count == 1 && tier(&pods) == "api")
        #expect(tier(&pods, Self.other, of: "v") == nil)
        _ = pods.take(.all([]), at: 120_000_000_004)
        _ = pods.take(.state(ReflectorState()), at: 180_000_000_004)
        #expect(pods.count == 0)
    }

    /// The API knows such a pod by a mirror, with a uid of its own.
    @Test func podsOfFilesAreTheSameByBothNames() throws {
        let hash = #"{"kubernetes.io/config.hash":"h","kubernetes.io/config.source":"file"}"#
        let mirror =
            #"{"kubernetes.io/config.hash":"h","kubernetes.io/config.mirror":"h","kubernetes.io/config.source":"file"}"#
        var pods = PodDirectory()
        let file = try pod("h", tier: "file", annotations: hash)
        _ = pods.take(kubelet: [file], isWhole: true, at: 0)
        #expect(tier(&pods, of: "h") == "file")
        // Asked for, and not reported: the one that holds the pod together.
        #expect(tier(&pods, Self.other, of: "h") == "file")
        let told = pods.take(
            .all([try pod("u", version: "7", tier: "api", annotations: mirror)]), at: 0)
        #expect(Set(told.map(\.id)) == [Self.id, Self.other])
        #expect(told.allSatisfy { $0.pod?.uid == "u" && $0.pod?.labels == ["tier": "api"] })
        #expect(pods.count == 1)
        // The kubelet goes on to call it by its own name, and may list the mirror as well.
        let both = [file, try pod("u", version: "7", tier: "api", annotations: mirror)]
        #expect(pods.take(kubelet: both, isWhole: true, at: 0) == [])
        #expect(tier(&pods, of: "h") == "api" && pods.count == 1)
    }

    @Test func notesOfTheKubeletAreNotThePods() throws {
        let notes =
            #"{"own":"1","kubernetes.io/config.seen":"2026-11-22T08:00:00Z","kubernetes.io/config.source":"api"}"#
        var pods = PodDirectory()
        let listed = pods.take(
            .all([try pod("u", version: "7", tier: "api", annotations: #"{"own":"1"}"#)]), at: 0)
        #expect(listed.map(\.pod?.annotations) == [["own": "1"]])
        let same = try pod("u", version: "7", tier: "api", annotations: notes)
        #expect(pods.take(kubelet: [same], isWhole: true, at: 0) == [])
    }

    @Test func aContainerThatWasAskedForBeforeItsPodWasKnownIsToldWithIt() throws {
        var pods = PodDirectory()
        #expect(pods.find(container: Self.other, podUID: "u") == nil)
        let told = pods.take(.set(try pod("u", version: "7", tier: "api")), at: 0)
        #expect(Set(told.map(\.id)) == [Self.id, Self.other])
        #expect(told.first { $0.id == Self.other }?.naming == .pending)
    }

    // MARK: Who is asked

    @Test func theKubeletCountsWhenTheAPIWasSilentForLong() throws {
        let pods = ClusterPods(patience: 10, now: 100)
        let kubelet = [try pod("u", version: "9", tier: "kubelet")]
        // From the start on.
        #expect(!pods.isOrphaned(at: 109) && pods.isOrphaned(at: 110))
        var state = ReflectorState()
        state.isSynced = true
        pods.note(state, at: 120)
        #expect(!pods.isOrphaned(at: 1000))
        #expect(pods.take(kubelet: kubelet, isWhole: true, at: 1000) == nil)
        state.staleSince = 1
        pods.note(state, at: 2000)
        // Each further failure is the same silence.
        pods.note(state, at: 2009)
        #expect(!pods.isOrphaned(at: 2009) && pods.isOrphaned(at: 2010))
        #expect(pods.take(kubelet: kubelet, isWhole: true, at: 2010)?.count == 1)
        state.staleSince = nil
        pods.note(state, at: 2020)
        #expect(!pods.isOrphaned(at: 9000))
    }
}
