import LinuxSystem
import SystemPackage

/// Cgroups of the hierarchy that tells workloads, as the file system shows them.
struct CgroupFiles: Sendable {
    let hierarchy: CgroupHierarchy

    /// Mount point of the hierarchy.
    var root: String { hierarchy.root }

    /// The number of a cgroup: the inode of its directory; 0 = it is not there.
    func id(of path: String) -> UInt64 {
        guard path.hasPrefix("/"), !path.utf8.contains(0),
            !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }),
            let status = try? FileStatus(path: root + path), status.kind == .directory
        else { return 0 }
        return status.inode
    }

    /// The path of a directory below the root; nil for others.
    func path(ofDirectory directory: String) -> String? {
        guard directory.hasPrefix(root + "/") else { return nil }
        return String(directory.dropFirst(root.count))
    }

    /// The cgroup of a process, as the hierarchy's root sees it.
    func path(ofProcess pid: UInt32) -> String? { hierarchy.path(ofProcess: pid) }
}
