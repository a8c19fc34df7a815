import CEventABI
import EventModel
import WorkloadModel

/// The processes of the samples: PID 1, sshd, a login shell, and curl in a container.
struct SampleProcesses {
    let context: EncodingContext
    let initial: ProcessObject
    let daemon: ProcessObject
    let shell: ProcessObject
    /// Every field of a process is set here that can be set together.
    let actor: ProcessObject
    /// A fileless binary without a name, run by a `#!` script, with what is missing said.
    let odd: ProcessObject

    /// When the samples' machine started: all their times are fixed.
    static let boot: UInt64 = 1_767_225_600_000_000_000
    static let second: UInt64 = 1_000_000_000
    /// CLOCK_BOOTTIME of the sample events.
    static let now: UInt64 = 3600 * second

    init() {
        context = EncodingContext(
            nodeName: "node-1", clusterName: "production", stream: "0000002a", bootOffset: Self.boot)
        context.hostNamespaces = Self.hostNamespaces
        initial = Self.seeded(1, "/usr/lib/systemd/systemd").object(context)
        daemon = Self.seeded(800, "/usr/sbin/sshd").object(context, parent: initial)
        var login = SampleImage(
            pid: 4000, start: Self.now - 60 * Self.second, binary: "/usr/bin/bash", arguments: ["-bash"],
            cwd: "/home/ada")
        login.head.loginuid = 1000
        login.head.credentials = Self.user
        login.head.flags |= SECD_IMAGE_INIT_TREE
        shell = login.object(context, parent: daemon)
        actor = Self.container().object(context, parent: shell)
        odd = Self.oddity().object(context, parent: shell)
    }

    private static func seeded(_ pid: UInt32, _ binary: String) -> SampleImage {
        var sample = SampleImage(
            pid: pid, start: UInt64(pid) * second / 100, binary: binary, arguments: [binary])
        sample.head.flags = SECD_IMAGE_SEEDED | SECD_IMAGE_INIT_TREE
        return sample
    }

    static let hostNamespaces = secd_namespaces(
        uts: 4_026_531_838, ipc: 4_026_531_839, mnt: 4_026_531_841, pid: 4_026_531_836,
        pid_for_children: 4_026_531_836,
        net: 4_026_531_840, time: 4_026_531_834, time_for_children: 4_026_531_834, cgroup: 4_026_531_835,
        user: 4_026_531_837)

    static let user = secd_credentials(
        uid: 1000, gid: 1000, euid: 1000, egid: 1000, suid: 1000, sgid: 1000, fsuid: 1000, fsgid: 1000,
        securebits: 0,
        user_ns_level: 0, user_ns_owner: 0, user_ns_group: 0, permitted: 0, effective: 0, inheritable: 0,
        bounding: 0x1ff_ffff_ffff, ambient: 0)

    /// As after a setuid-root binary inside a user namespace, with every secure bit.
    static let raised = secd_credentials(
        uid: 1000, gid: 1000, euid: 0, egid: 0, suid: 0, sgid: 0, fsuid: 0, fsgid: 0, securebits: 0xff,
        user_ns_level: 1, user_ns_owner: 1000, user_ns_group: 1000, permitted: 1 << 10 | 1 << 13,
        effective: 1 << 10, inheritable: 1 << 13, bounding: 0x1ff_ffff_ffff, ambient: 1 << 13)

    static let inode = secd_inode(
        number: 1_048_601, ctime_ns: boot, device: 8 << 20 | 1, generation: 7, links: 1, mode: 0o104755,
        uid: 0, gid: 0,
        size: 301_224)

    private static func container() -> SampleImage {
        var sample = SampleImage(
            pid: 4242, start: now, binary: "/srv/jail/usr/bin/curl",
            arguments: ["curl", "-H", "Accept: text/html", "https://example.com/"], cwd: "/srv/jail/tmp")
        sample.head.binary.root = 9
        sample.head.cwd.root = 9
        sample.head.flags |=
            SECD_IMAGE_CLONE | SECD_IMAGE_INIT_TREE | SECD_IMAGE_SETUID | SECD_IMAGE_SETGID
            | SECD_IMAGE_FILE_CAPS
        sample.head.previous = secd_image(start_ns: now - second / 1000, pid: 4242, reserved: 0)
        sample.head.process_start_ns = now - second / 1000
        sample.head.credentials = raised
        sample.head.namespaces = hostNamespaces
        sample.head.namespaces.net = 4_026_532_500
        sample.head.namespaces.pid = 4_026_532_501
        sample.head.pid_in_ns = 17
        sample.head.loginuid = 1000
        sample.head.sessionid = 3
        sample.head.cgroup_id = 9001
        sample.head.binary_inode = inode
        copy("curl", into: &sample.head.comm)
        copy("pts0", into: &sample.head.tty)
        sample.filename = Array("./curl".utf8)
        sample.cgroupPath = Array(containerCgroup.utf8)
        sample.containerID = ContainerID.prefix(inCgroup: sample.cgroupPath)
        sample.workload = workload()
        sample.identity = 40321
        sample.environment = Array("PATH=/usr/bin\0TOKEN=*****\0".utf8)
        sample.sha256 = Array("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".utf8)
        return sample
    }

    private static let containerCgroup =
        "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod9a6b3c1e_5d20_4f7b_8a11_0c2d4e6f8a01.slice"
        + "/cri-containerd-4f1c9a0b7d2e6385f1c9a0b7d2e63854f1c9a0b7d2e63854f1c9a0b7d2e63854.scope"

    /// A container of a pod, with all that a provider can tell.
    private static func workload() -> Workload {
        var workload = Workload(
            kind: .container, id: "4f1c9a0b7d2e6385f1c9a0b7d2e63854f1c9a0b7d2e63854f1c9a0b7d2e63854",
            name: "client", runtime: "containerd")
        workload.image = Workload.Image(
            name: "docker.io/curlimages/curl:8.10.1", id: "sha256:d9b4541e214bcd85196d6e92e2753ac6d0ea699f")
        workload.labels = ["tier": "edge"]
        var pod = Pod(
            namespace: "shop", name: "client-6d4cf56db6-xk2lp", uid: "9a6b3c1e-5d20-4f7b-8a11-0c2d4e6f8a01")
        pod.labels = ["app": "client", "pod-template-hash": "6d4cf56db6"]
        pod.annotations = ["team": "checkout"]
        pod.owner = "client"
        pod.ownerKind = "Deployment"
        workload.pod = pod
        workload.unit = "curl.service"
        workload.slice = "kubepods-burstable-pod9a6b3c1e_5d20_4f7b_8a11_0c2d4e6f8a01.slice"
        workload.cgroup = containerCgroup
        workload.started = boot + 600 * second
        workload.isPrivileged = true
        workload.execProbes = [
            ExecProbe(["curl", "-H", "Accept: text/html", "https://example.com/"])
        ].compactMap { $0 }
        workload.naming = .pending
        return workload
    }

    private static func oddity() -> SampleImage {
        var sample = SampleImage(
            pid: 4300, start: now, binary: "/memfd:stage2",
            arguments: ["stage2", "a b", String(repeating: "x", count: 40)])
        sample.head.flags |=
            SECD_IMAGE_FILELESS | SECD_IMAGE_SCRIPT | SECD_IMAGE_PRIV_UNKNOWN | SECD_IMAGE_ARGV_FAULT
            | SECD_IMAGE_KERNEL_THREAD
        sample.head.binary_inode = inode
        sample.head.binary_inode.links = 0
        sample.head.binary.flags = SECD_PATH_DETACHED | SECD_PATH_DELETED | SECD_PATH_TRUNCATED
        sample.head.binary.root = UInt16(SECD_PATH_OUTSIDE)
        sample.head.cwd.flags = SECD_PATH_UNREADABLE
        sample.filename = Array("/tmp/run.sh".utf8)
        sample.interpreter = Array("/bin/sh".utf8)
        sample.lostArgumentBytes = 2_000_000
        sample.environment = Array("HOME=/root\0".utf8)
        sample.lostEnvironmentBytes = 1_500_000
        return sample
    }
}
