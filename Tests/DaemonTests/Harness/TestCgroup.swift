import Glibc
import LinuxSystem

/// A cgroup, empty at first; what still runs in it at the end is killed.
final class TestCgroup {
    /// Mount point of the v2 hierarchy.
    static let root: String? = {
        let fields = readText("/proc/self/mounts").split(separator: "\n").map { $0.split(separator: " ") }
        return fields.first { $0.count > 2 && $0[2] == "cgroup2" }.map { String($0[1]) }
    }()

    /// The hierarchy of v1 that secd takes where v2 is not used.
    static let legacy = CgroupMounts.ofThisProcess.legacy

    let path: String

    /// - Parameter root: mount point of its hierarchy; nil = of v2.
    init(_ name: String, in root: String? = nil) throws {
        guard let root = root ?? Self.root else { throw Failure("no cgroup2 hierarchy is mounted") }
        path = "\(root)/\(name)"
        try Run.shell("mkdir \(path)")
    }

    deinit {
        let members = readText(path + "/cgroup.procs").split(separator: "\n").compactMap { Int32($0) }
        for member in members { kill(member, SIGKILL) }
        // The kernel takes ended processes out in its own time.
        _ = eventually(10) { unsafe rmdir(path) == 0 }
    }

    /// Runs the rest of its arguments in the cgroup.
    var wrapper: [String] { ["/bin/sh", "-c", "echo $$ > \(path)/cgroup.procs && exec \"$@\"", "sh"] }
}
