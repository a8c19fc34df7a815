import JSONTree
import KubernetesClient
import KubernetesObjects
import Testing
import WorkloadModel
import Workloads

/// What a cluster says of pods, matched with cgroups.
@Suite struct PodDirectoryTests {
    private static let id = String(repeating: "a", count: 64)

    private func pod(
        _ uid: String, labels: String = #"{"app":"shop"}"#, statuses: String = "[]",
        annotations: String = "{}"
    ) throws -> KubernetesPod {
        let text =
            #"{"metadata":{"name":"web-5d4-x","namespace":"shop","uid":"\#(uid)","labels":\#(labels),"#
            + #""annotations":\#(annotations),"#
            + #""ownerReferences":[{"kind":"DaemonSet","name":"web","controller":true}]},"#
            + #""spec":{"containers":[{"name":"web","image":"nginx","securityContext":{"privileged":true},"#
            + #""startupProbe":{"exec":{"command":["/bin/check","-q"]}}}]},"#
            + #""status":{"containerStatuses":\#(statuses)}}"#
        return try KubernetesPod(ObjectReader(try JSONScanner.parse(Array(text.utf8).span)))
    }

    private static let running =
        #"[{"name":"web","containerID":"containerd://\#(id)","image":"docker.io/nginx:1","imageID":"sha256:9","#
        + #""state":{"running":{"startedAt":"2026-11-22T08:00:00Z"}}}]"#

    @Test func namesContainersAsTheClusterDoes() throws {
        var pods = PodDirectory()
        let found = pods.take(.all([try pod("u", statuses: Self.running)]), at: 0)
        #expect(found.count == 1)
        let workload = found.first
        #expect(workload?.id == Self.id && workload?.name == "web" && workload?.runtime == "containerd")
        #expect(workload?.image == Workload.Image(name: "docker.io/nginx:1", id: "sha256:9"))
        #expect(workload?.isPrivileged == true)
        #expect(workload?.execProbes.first == ExecProbe(["/bin/check", "-q"]))
        #expect(workload?.started == 1_795_334_400_000_000_000)
        #expect(workload?.pod?.owner == "web" && workload?.pod?.ownerKind == "DaemonSet")
        #expect(workload?.pod?.labels == ["app": "shop"])
        #expect(pods.find(container: Self.id, podUID: "u") == workload)
        // The same again is nothing new.
        #expect(pods.take(.set(try pod("u", statuses: Self.running)), at: 0) == [])
    }

    @Test func knowsThePodBeforeItsContainersAreReported() throws {
        var pods = PodDirectory()
        #expect(pods.take(.set(try pod("u")), at: 0) == [])
        let early = pods.find(container: Self.id, podUID: "u")
        #expect(early?.pod?.name == "web-5d4-x" && early?.naming == .pending && early?.name == "")
        // Its labels change: it is told again; then the kubelet reports it.
        let changed = pods.take(.set(try pod("u", labels: #"{"app":"other"}"#)), at: 0)
        #expect(changed.map(\.pod?.labels) == [["app": "other"]])
        let reported = pods.take(
            .set(try pod("u", labels: #"{"app":"other"}"#, statuses: Self.running)), at: 0)
        #expect(reported.map(\.name) == ["web"])
        #expect(pods.find(container: "b", podUID: "elsewhere") == nil)
    }

    @Test func findsStaticPodsByTheUIDOfTheKubelet() throws {
        var pods = PodDirectory()
        let mirror = try pod("u", annotations: #"{"kubernetes.io/config.hash":"h"}"#)
        _ = pods.take(.set(mirror), at: 0)
        #expect(pods.find(container: Self.id, podUID: "h")?.pod?.uid == "u")
    }

    @Test func keepsPodsThatAreGoneForAMinute() throws {
        var pods = PodDirectory()
        _ = pods.take(.all([try pod("u", statuses: Self.running), try pod("v")]), at: 0)
        _ = pods.take(.removed(try pod("u", statuses: Self.running)), at: 1)
        #expect(pods.find(container: Self.id, podUID: "u")?.name == "web")
        // A list without the other one ends it, too.
        _ = pods.take(.all([]), at: 2)
        _ = pods.take(.state(ReflectorState()), at: 60_000_000_001)
        #expect(pods.count == 1)
        #expect(pods.find(container: Self.id, podUID: "u") == nil)
        _ = pods.take(.state(ReflectorState()), at: 60_000_000_002)
        #expect(pods.count == 0)
    }

    @Test func whatTheClusterSaysIsNotOverwrittenByARuntime() throws {
        var pods = PodDirectory()
        let object = try pod("u", labels: "{}", statuses: Self.running)
        let found = pods.take(.set(object), at: 0)
        let told = try #require(found.first)
        var runtime = Workload(kind: .container, id: Self.id, name: "web", runtime: "containerd")
        runtime.labels = ["own": "1"]
        runtime.pod = Pod(namespace: "shop", name: "web-5d4-x", uid: "u")
        runtime.pod?.labels = ["app": "as at the start"]
        for merged in [told.updated(by: runtime), runtime.updated(by: told)] {
            #expect(merged.pod?.labels == [:] && merged.pod?.owner == "web")
            #expect(merged.labels == ["own": "1"] && merged.naming == .known)
        }
    }
}
