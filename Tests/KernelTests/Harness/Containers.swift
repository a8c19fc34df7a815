import Foundation
import Glibc

/// Containers of runc with nothing in them but busybox.
final class Containers {
    /// Nil where runc is not installed, or cannot run containers here.
    static let isPossible: Bool = {
        guard Kernel.exists(runc), Kernel.exists(busybox) else { return false }
        return (try? Containers().run("secd-probe-\(getpid())", "true")) == .exited(0)
    }()

    static let runc = "/usr/sbin/runc"
    static let busybox = "/bin/busybox"

    /// The first file system, which machines of the vm tier have for their root, cannot be left by pivot_root(2).
    static let canPivot: Bool = {
        let first = Kernel.readText("/proc/self/mounts").split(separator: "\n").first { $0.contains(" / ") }
        return first?.hasPrefix("rootfs ") != true
    }()

    private let folder = TemporaryFolder()

    init() throws {
        _ = folder.makeFolder("rootfs")
        _ = folder.makeFolder("rootfs/bin")
        _ = folder.makeFolder("rootfs/proc")
        _ = folder.makeFolder("rootfs/dev")
        _ = try folder.copy(Self.busybox, as: "rootfs/bin/busybox")
    }

    /// A bundle that runs a script.
    func bundle(_ id: String, _ script: String, cgroup: String = "") throws -> String {
        let bundle = folder.makeFolder(id)
        let path = cgroup.isEmpty ? "" : "\"cgroupsPath\":\"\(cgroup)\","
        _ = try folder.script(
            id + "/config.json",
            """
            {"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0},
            "args":["/bin/busybox","sh","-c","\(script)"],"env":["PATH=/bin"],"cwd":"/"},
            "root":{"path":"\(folder.path)/rootfs"},"annotations":{"app":"test"},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
            "linux":{\(path)"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
            """)
        return bundle
    }

    /// Runs a script, to its end, in a container with all capabilities and the host's programs, that may run others.
    func runWithPrograms(_ id: String, _ script: String) throws -> Activity.Status {
        _ = folder.makeFolder(id)
        let root = folder.makeFolder(id + "/root")
        for name in ["usr", "etc", "run", "tmp", "sys", "proc", "dev"] {
            _ = folder.makeFolder("\(id)/root/\(name)")
        }
        for name in ["bin", "sbin", "lib", "lib64"] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(root)/\(name)", withDestinationPath: "usr/\(name)")
        }
        let shared = ["usr", "etc", "run", "tmp", "sys"].map {
            ",{\"destination\":\"/\($0)\",\"type\":\"bind\",\"source\":\"/\($0)\",\"options\":[\"rbind\"]}"
        }
        let capabilities = [
            "SYS_ADMIN", "SYS_CHROOT", "MKNOD", "SETUID", "SETGID", "SETPCAP", "DAC_OVERRIDE", "CHOWN",
            "FOWNER",
            "KILL",
        ].map { "\"CAP_\($0)\"" }.joined(separator: ",")
        let sets = ["bounding", "effective", "permitted"].map { "\"\($0)\":[\(capabilities)]" }
        _ = try folder.script(
            id + "/config.json",
            """
            {"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0},
            "args":["/bin/sh","-c","\(script)"],"env":["PATH=/usr/sbin:/usr/bin"],"cwd":"/",
            "capabilities":{\(sets.joined(separator: ","))}},"root":{"path":"\(root)"},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/dev","type":"tmpfs","source":"tmpfs"}\(shared.joined())],
            "linux":{"cgroupsPath":"/\(id)","resources":{"devices":[{"allow":true,"access":"rwm"}]},
            "namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
            """)
        return try run(in: folder.path + "/" + id, id).wait()
    }

    private func run(in bundle: String, _ id: String) throws -> Activity {
        try Activity([
            .exec(
                Self.runc,
                ["runc", "run"] + (Self.canPivot ? [] : ["--no-pivot"]) + ["--bundle", bundle, id])
        ])
    }

    /// Starts a container, and returns at once.
    func start(_ id: String, _ script: String, cgroup: String = "") throws -> Activity {
        let bundle = try bundle(id, script, cgroup: cgroup)
        return try run(in: bundle, id)
    }

    /// Runs a container to its end.
    @discardableResult
    func run(_ id: String, _ script: String, cgroup: String = "") throws -> Activity.Status {
        try start(id, script, cgroup: cgroup).wait()
    }

    /// Runs a program in a container that runs already.
    @discardableResult
    func exec(_ id: String, _ arguments: [String]) throws -> Activity.Status {
        try Activity([.exec(Self.runc, ["runc", "exec", id] + arguments)]).wait()
    }
}
