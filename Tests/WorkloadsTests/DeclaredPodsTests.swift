import KubernetesObjects
import Testing
import WorkloadModel
import Workloads

/// Which containers are those of a manifest's pods.
@Suite struct DeclaredPodsTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    private static func pod(
        _ name: String, _ namespace: String = "shop", containers: [String] = ["app"], uid: String = "",
        annotations: [String: String] = [:]
    ) -> KubernetesPod {
        var pod = KubernetesPod(
            metadata: ObjectMetadata(namespace: namespace, name: name, uid: uid))
        pod.metadata.labels = ["app": name]
        pod.metadata.annotations = annotations
        pod.containers = containers.map { KubernetesPod.Container(name: $0, image: "nginx:1.27") }
        return pod
    }

    private static func declared(_ pods: KubernetesPod...) -> DeclaredPods {
        DeclaredPods(pods.enumerated().map { DeclaredPods.Entry(pod: $1, place: "m.yaml:\($0 + 1):1") })
    }

    private static func container(
        _ name: String, id: String = "x", runtime: String = "runc", pod: Pod? = nil
    ) -> Workload {
        var workload = Workload(kind: .container, id: id, name: name, runtime: runtime)
        workload.pod = pod
        return workload
    }

    @Test func aContainerHasAllThatThePodSays() throws {
        var web = Self.pod("web", uid: "u1", annotations: ["team": "blue"])
        web.metadata.owners = [OwnerReference(kind: "DaemonSet", name: "webs")]
        web.containers[0].isPrivileged = true
        web.containers[0].probes = [["cat", "/ready"]]
        var status = KubernetesPod.ContainerStatus(name: "app", containerID: "docker://" + Self.id)
        status.imageID = "sha256:1"
        web.statuses = [status]
        let workload = Self.declared(web).described(Self.container("web9", id: Self.id, runtime: "docker"))
        let pod = try #require(workload.pod)
        #expect(pod.namespace == "shop" && pod.name == "web" && pod.uid == "u1")
        #expect(pod.labels == ["app": "web"] && pod.annotations == ["team": "blue"])
        #expect(pod.owner == "webs" && pod.ownerKind == "DaemonSet")
        #expect(workload.name == "app" && workload.id == Self.id && workload.runtime == "docker")
        #expect(workload.image == Workload.Image(name: "nginx:1.27", id: "sha256:1"))
        #expect(workload.isPrivileged == true)
        #expect(workload.execProbes.first == ExecProbe(["cat", "/ready"]))
    }

    @Test func whatTheRuntimeKnowsOfTheContainerStays() {
        var running = Self.container("web_app")
        running.image = Workload.Image(name: "nginx:1.26", id: "sha256:2")
        running.isPrivileged = false
        running.labels = ["own": "label"]
        var web = Self.pod("web")
        web.containers[0].isPrivileged = true
        let workload = Self.declared(web).described(running)
        #expect(workload.image == Workload.Image(name: "nginx:1.26", id: "sha256:2"))
        #expect(workload.isPrivileged == false)
        #expect(workload.labels == ["own": "label"])
    }

    @Test(arguments: [
        "web_app", "web-app", "k8s_app_web_shop", "k8s_app_web_shop_u1_0",
    ])
    func byTheNameOfTheContainer(_ name: String) {
        let workload = Self.declared(Self.pod("web", uid: "u1")).described(Self.container(name))
        #expect(workload.pod?.name == "web" && workload.name == "app")
    }

    @Test(arguments: [
        "web", "app", "web_app2", "xweb_app", "k8s_app_web", "k8s_app_web_other", "k8s_app_web_shop_u2_0", "",
        "k8s_",
    ])
    func otherNamesAreOfNobody(_ name: String) {
        let running = Self.container(name)
        #expect(Self.declared(Self.pod("web", uid: "u1")).described(running) == running)
    }

    @Test func theContainerThatHoldsThePodTogetherHasNoName() {
        let workload = Self.declared(Self.pod("web")).described(Self.container("k8s_POD_web_shop_u1_0"))
        #expect(workload.pod?.name == "web" && workload.name == "")
    }

    @Test func byTheAnnotationOfTheManifest() {
        let pods = Self.declared(
            Self.pod(
                "web", containers: ["app", "log"],
                annotations: ["container.secd.io/app": "web9", "container.secd.io/log": "web9-log"]))
        #expect(pods.problems == [])
        #expect(pods.described(Self.container("web9")).name == "app")
        #expect(pods.described(Self.container("web9-log")).name == "log")
        // It was said in so many words.
        #expect(pods.described(Self.container("web_app")).pod == nil)
    }

    @Test func anAnnotationForAContainerThatThePodDoesNotHaveIsAnError() {
        let pods = Self.declared(
            Self.pod(
                "web", annotations: ["container.secd.io/ap": "web9", "container.secd.io/app": ""]))
        #expect(
            pods.problems == [
                "m.yaml:1:1: error: metadata.annotations[\"container.secd.io/ap\"]: the pod has no container \"ap\"",
                "m.yaml:1:1: error: metadata.annotations[\"container.secd.io/app\"]: it names no container",
            ])
        #expect(pods.described(Self.container("web9")).pod == nil)
    }

    @Test func byWhatItsRuntimeSaysOfItsPod() {
        let pods = Self.declared(Self.pod("web"))
        let said = Pod(namespace: "shop", name: "web", uid: "u7")
        for runtime in ["containerd", "docker"] {
            let workload = pods.described(Self.container("app", runtime: runtime, pod: said))
            #expect(workload.pod?.labels == ["app": "web"])
            #expect(workload.pod?.uid == "u7")
            #expect(workload.name == "app")
        }
        let other = Self.container("app", pod: Pod(namespace: "default", name: "web"))
        #expect(pods.described(other) == other)
    }

    @Test func aPodWithoutANamespaceIsOfTheDefaultOne() {
        let pods = Self.declared(Self.pod("web", "default"))
        #expect(pods.described(Self.container("app", pod: Pod(name: "web"))).pod?.labels == ["app": "web"])
    }

    @Test func aPodOfTheSameNameAndAnotherUidIsAnotherPod() {
        let pods = Self.declared(Self.pod("web", uid: "u1"))
        let other = Self.container("app", pod: Pod(namespace: "shop", name: "web", uid: "u2"))
        #expect(pods.described(other) == other)
        #expect(pods.described(Self.container("", pod: Pod(uid: "u1"))).pod?.name == "web")
    }

    /// Who may make pods in one namespace chooses names there, and must not become a pod of another one.
    @Test func namesInClustersAreNotTakenForNamesOnThisMachine() {
        let pods = Self.declared(
            Self.pod("web", annotations: ["container.secd.io/app": "trusted"]), Self.pod("db"))
        for name in ["trusted", "db-app"] {
            let other = Self.container(
                name, runtime: "containerd", pod: Pod(namespace: "evil", name: "x"))
            #expect(pods.described(other) == other)
        }
    }

    @Test func aNameThatCouldBeOfTwoPodsIsOfNone() {
        let pods = Self.declared(Self.pod("web", "a"), Self.pod("web", "b"))
        let running = Self.container("web_app")
        #expect(pods.described(running) == running)
        #expect(pods.described(Self.container("k8s_app_web_b_u_0")).pod?.namespace == "b")
        #expect(pods.problems == [])
        #expect(
            pods.doubts == [
                "a container called web-app could be of a/web (m.yaml:1:1) and b/web (m.yaml:2:1): an annotation container.secd.io/CONTAINER says which",
                "a container called web_app could be of a/web (m.yaml:1:1) and b/web (m.yaml:2:1): an annotation container.secd.io/CONTAINER says which",
            ])
        let decided = Self.declared(
            Self.pod("web", "a", annotations: ["container.secd.io/app": "web_app"]), Self.pod("web", "b"))
        #expect(decided.described(running).pod?.namespace == "a")
        #expect(decided.doubts == [])
    }

    @Test func anIdThatIsGivenTwiceIsOfNone() {
        var pods = [Self.pod("a"), Self.pod("b")]
        for index in pods.indices {
            pods[index].statuses = [KubernetesPod.ContainerStatus(name: "app", containerID: "docker://1")]
        }
        let declared = Self.declared(pods[0], pods[1])
        #expect(declared.described(Self.container("c", id: "1")).pod == nil)
        #expect(
            declared.problems == [
                "m.yaml:2:1: error: the container with the id \"1\" is given to shop/a (m.yaml:1:1) and shop/b (m.yaml:2:1): it is of none"
            ])
    }

    @Test func unitsAndSessionsAreOfNoPod() {
        let unit = Workload(kind: .unit, id: "web_app", name: "web_app", runtime: "systemd")
        #expect(Self.declared(Self.pod("web")).described(unit) == unit)
    }

    @Test func aContainerThatNobodyElseNamesIsKnownByTheManifest() {
        var running = Self.container("", id: Self.id)
        running.naming = .unnamed
        var web = Self.pod("web")
        web.statuses = [KubernetesPod.ContainerStatus(name: "app", containerID: Self.id)]
        #expect(Self.declared(web).described(running).naming == .known)
        running.naming = .pending
        #expect(Self.declared(web).described(running).naming == .pending)
    }
}
