import CLinuxShims
import Configuration
import Glibc
import LinuxSystem
import SystemPackage

/// The scope's names as the numbers that programs compare.
struct ScopeResolution {
    /// Inode of the network namespace; 0 = all.
    var networkNamespace: UInt64 = 0
    /// The hierarchy that the cgroup is in; nil = none is named.
    var hierarchy: CgroupHierarchy?
    /// Id of the cgroup; 0 = all.
    var cgroup: UInt64 = 0
    /// Its depth below the root.
    var cgroupLevel: UInt32 = 0

    /// include/uapi/linux/magic.h: a path that is something else would be a scope without anybody in it.
    private static let namespaceMagic = 0x6e73_6673
    private static let cgroupMagic = 0x6367_7270
    private static let legacyCgroupMagic = 0x27_e0eb

    /// - Throws: `DaemonError` where a name leads nowhere, or to something else.
    init(_ scope: AgentConfiguration.Scope, _ mounts: CgroupMounts) throws(DaemonError) {
        if !scope.networkNamespace.isEmpty {
            networkNamespace = try Self.inode(
                scope.networkNamespace, on: [Self.namespaceMagic], "--netns",
                "a network namespace (/run/netns/NAME, /proc/PID/ns/net)")
        }
        guard !scope.cgroupRoot.isEmpty else { return }
        // The inode number of a cgroup directory is the cgroup's id (kernfs).
        cgroup = try Self.inode(
            scope.cgroupRoot, on: [Self.cgroupMagic, Self.legacyCgroupMagic], "--cgroup-root",
            "a directory of cgroup v2, or of a hierarchy of v1")
        let path = Self.withoutLinks(scope.cgroupRoot)
        let named = mounts.hierarchy(of: path)
        // v2 may be mounted at several places; paths of cgroups begin at one.
        guard let named, !named.isUnified || named == mounts.unified else {
            throw DaemonError(
                "--cgroup-root \(scope.cgroupRoot) is not below the cgroup2 mount (\(mounts.unified?.root ?? "none is mounted"))",
                exit: .configuration)
        }
        hierarchy = named
        cgroupLevel = UInt32(path.dropFirst(named.root.count).split(separator: "/").count)
        // The root holds everybody: then it says which hierarchy counts, and nothing else.
        if cgroupLevel == 0 { cgroup = 0 }
    }

    /// The path without symbolic links and dots.
    private static func withoutLinks(_ path: String) -> String {
        guard let text = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    private static func inode(
        _ path: String, on magics: [Int], _ flag: String, _ kind: String
    ) throws(DaemonError) -> UInt64 {
        var fileSystem = statfs()
        let found: UInt64
        do {
            // /proc/PID/ns/net is a link, with an inode of its own.
            found = try FileStatus(following: path).inode
        } catch {
            throw DaemonError("\(flag) \(path): \(error); it must name \(kind)", exit: .configuration)
        }
        guard unsafe statfs(path, &fileSystem) == 0, magics.contains(Int(fileSystem.f_type)) else {
            throw DaemonError("\(flag) \(path) is not \(kind)", exit: .configuration)
        }
        return found
    }
}

/// Operations of the configuration as kinds of events.
enum FileOperations {
    static func kind(_ operation: AgentConfiguration.WatchedPath.Operation) -> String {
        "file_\(operation.rawValue)"
    }
}
