import Testing
import WorkloadModel

/// What paths of cgroups say, as runtimes and systemd write them.
@Suite struct CgroupPathTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)
    private static let inner = String(repeating: "fedcba9876543210", count: 4)
    private static let uid = "9a6b3c1e-5d20-4f7b-8a11-0c2d4e6f8a01"
    private static let flatUID = "9a6b3c1e_5d20_4f7b_8a11_0c2d4e6f8a01"

    private func place(_ path: String) -> CgroupPlace { CgroupPathReader.place(of: path) }

    @Test(arguments: [
        ("/system.slice/docker-\(id).scope", "docker"), ("/docker/\(id)", "docker"),
        ("/machine.slice/libpod-\(id).scope", "podman"),
        ("/machine.slice/libpod-\(id).scope/container", "podman"),
        ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-\(id).scope/container", "podman"),
        ("/libpod_parent/libpod-\(id)", "podman"), ("/system.slice/containerd-\(id).scope", "containerd"),
        ("/system.slice/nerdctl-\(id).scope", "containerd"), ("/system.slice/buildkit-\(id).scope", "docker"),
        ("/docker/buildkit/\(id)", "docker"), ("/x/\(id)", ""), ("/\(id)", ""),
    ])
    func containers(_ path: String, _ runtime: String) {
        let place = place(path)
        #expect(place.kind == .container)
        #expect(place.id == Self.id)
        #expect(place.runtime == runtime)
        #expect(place.podUID.isEmpty)
    }

    @Test(arguments: [
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(flatUID).slice/cri-containerd-\(id).scope",
            "containerd", "burstable"
        ),
        ("/kubepods.slice/kubepods-pod\(flatUID).slice/crio-\(id).scope", "cri-o", "guaranteed"),
        ("/kubepods/besteffort/pod\(uid)/\(id)", "", "besteffort"),
        ("/kubepods/pod\(uid)/\(id)", "", "guaranteed"),
        (
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod\(flatUID).slice/cri-containerd-\(id).scope",
            "containerd", "besteffort"
        ),
        (
            "/docker/\(inner)/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod\(flatUID).slice/cri-containerd-\(id).scope",
            "containerd", "guaranteed"
        ),
    ])
    func pods(_ path: String, _ runtime: String, _ quality: String) {
        let place = place(path)
        #expect(place.kind == .container)
        #expect(place.id == Self.id)
        #expect(place.runtime == runtime)
        #expect(place.podUID == Self.uid)
        #expect(place.quality == quality)
    }

    @Test func aPodsOwnCgroupIsNoContainer() {
        let place = place("/kubepods.slice/kubepods-pod\(Self.flatUID).slice")
        #expect(place.kind == .pod)
        #expect(place.podUID == Self.uid)
        #expect(Workload(place, path: "/kubepods.slice/kubepods-pod\(Self.flatUID).slice") == nil)
    }

    /// containerd without systemd's driver on a kubelet with it: a name in three parts.
    @Test func aNameWithColons() {
        let path =
            "/system.slice/containerd.service/kubepods-burstable-pod\(Self.flatUID).slice:cri-containerd:\(Self.id)"
        #expect(place(path).kind == .container)
        #expect(place(path).runtime == "containerd")
        #expect(place(path).id == Self.id)
    }

    @Test(arguments: [
        "/machine.slice/libpod-conmon-\(id).scope",
        "/kubepods.slice/kubepods-pod1.slice/crio-conmon-\(id).scope",
        "/lxc.monitor.web",
    ])
    func monitorsRunOnTheHost(_ path: String) {
        #expect(place(path).kind == .monitor)
        #expect(Workload(place(path), path: path) == nil)
    }

    @Test(arguments: [
        ("/system.slice/runc-web.scope", "runc", "web"), ("/user.slice/crun-a\\x2db.scope", "crun", "a-b"),
        ("/lxc.payload.web", "lxc", "web"), ("/lxc/web", "lxc", "web"), ("/lxc/web/init.scope", "lxc", "web"),
    ])
    func containersOfAnyName(_ path: String, _ runtime: String, _ id: String) {
        #expect(place(path).kind == .container)
        #expect(place(path).runtime == runtime)
        #expect(place(path).id == id)
    }

    @Test(arguments: [
        ("/machine.slice/machine-web.scope", "nspawn", "web"),
        ("/machine.slice/systemd-nspawn@web.service/payload", "nspawn", "web"),
        (
            "/machine.slice/machine-qemu\\x2d3\\x2dbuild\\x2dbox.scope/libvirt/emulator", "libvirt",
            "build-box"
        ),
    ])
    func machines(_ path: String, _ runtime: String, _ name: String) {
        #expect(place(path).kind == .machine)
        #expect(place(path).runtime == runtime)
        #expect(place(path).id == name)
    }

    @Test(arguments: [
        ("/system.slice/nginx.service", "nginx.service", "system.slice"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "system-getty.slice"),
        ("/init.scope", "init.scope", ""),
        ("/system.slice/db.service/worker/3", "db.service", "system.slice"),
        ("/system.slice/var-lib-x\\x2dy.mount", "var-lib-x-y.mount", "system.slice"),
    ])
    func units(_ path: String, _ unit: String, _ slice: String) {
        #expect(place(path).kind == .unit)
        #expect(place(path).unit == unit)
        #expect(place(path).slice == slice)
    }

    @Test func unitsOfUsersKnowWhose() {
        let place = place("/user.slice/user-1000.slice/user@1000.service/app.slice/app-term.scope")
        #expect(place.kind == .unit)
        #expect(place.unit == "app-term.scope")
        #expect(place.user == 1000)
        #expect(place.slice == "app.slice")
    }

    @Test func sessions() {
        let place = place("/user.slice/user-1000.slice/session-3.scope")
        #expect(place.kind == .session)
        #expect(place.unit == "session-3.scope")
        #expect(place.user == 1000)
    }

    /// A container in a container: the one that the process sees.
    @Test func theInnermostContainerCounts() {
        let place = place("/docker/\(Self.id)/docker/\(Self.inner)/x")
        #expect(place.id == Self.inner)
        #expect(place.runtime == "docker")
    }

    @Test func systemdInAContainerNamesUnitsOfItsOwn() {
        let place = place("/machine.slice/libpod-\(Self.id).scope/container/system.slice/web.service")
        #expect(place.kind == .container)
        #expect(place.id == Self.id)
        #expect(place.unit == "web.service")
        #expect(place.slice == "machine.slice")
    }

    @Test(arguments: ["", "/", "/system.slice", "/user.slice/user-0.slice", "/docker", "/kubepods/burstable"])
    func theHostItself(_ path: String) {
        #expect(place(path).kind == .host)
        #expect(Workload(place(path), path: path) == nil)
    }

    @Test(arguments: ["/web", "/default/web", "/docker-\(id).scope.d", "/x\(id)"])
    func namesThatSayNothing(_ path: String) {
        #expect(place(path).kind == .other)
        #expect(Workload(place(path), path: path)?.naming == .pending)
    }

    @Test func aDeepPathIsReadAsFarAsRuntimesNest() {
        let path = String(repeating: "/a", count: 1000) + "/docker/\(Self.id)"
        #expect(place(path).kind == .other)
    }

    @Test(arguments: [
        ("nginx", "nginx"), ("nginx:1.27", "nginx"), ("registry:5000/team/web:2", "registry:5000/team/web"),
        ("docker.io/library/nginx@sha256:00ff", "docker.io/library/nginx"), ("r:5000/web", "r:5000/web"),
        ("", ""),
    ])
    func repositories(_ name: String, _ repository: String) {
        #expect(Workload.Image(name: name).repository == repository)
    }
}
