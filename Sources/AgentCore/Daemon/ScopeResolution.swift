import Configuration
import Glibc
import LinuxSystem
import SystemPackage

/// The scope's names as the numbers that programs compare.
struct ScopeResolution {
    /// Inode of the network namespace; 0 = all.
    var networkNamespace: UInt64 = 0
    /// Id of the v2 cgroup; 0 = all.
    var cgroup: UInt64 = 0
    /// Its depth below the root.
    var cgroupLevel: UInt32 = 0

    /// - Throws: `DaemonError` where a name leads nowhere.
    init(_ scope: AgentConfiguration.Scope) throws(DaemonError) {
        if !scope.networkNamespace.isEmpty {
            networkNamespace = try Self.inode(
                scope.networkNamespace, "--netns", "a network namespace (/run/netns/NAME)")
        }
        guard !scope.cgroupRoot.isEmpty else { return }
        guard let root = EngineIdentity.cgroup2Root,
            scope.cgroupRoot == root || scope.cgroupRoot.hasPrefix(root + "/")
        else {
            throw DaemonError(
                "--cgroup-root \(scope.cgroupRoot) is not below the cgroup2 mount (\(EngineIdentity.cgroup2Root ?? "none is mounted"))",
                exit: .configuration)
        }
        // The inode number of a cgroup directory is the cgroup's id (kernfs).
        cgroup = try Self.inode(scope.cgroupRoot, "--cgroup-root", "a cgroup directory")
        cgroupLevel = UInt32(scope.cgroupRoot.dropFirst(root.count).split(separator: "/").count)
    }

    private static func inode(_ path: String, _ flag: String, _ kind: String) throws(DaemonError) -> UInt64 {
        do {
            return try FileStatus(path: path).inode
        } catch {
            throw DaemonError("\(flag) \(path): \(error); it must name \(kind)", exit: .configuration)
        }
    }
}

/// Operations of the configuration as kinds of events.
enum FileOperations {
    static func kind(_ operation: AgentConfiguration.WatchedPath.Operation) -> String {
        "file_\(operation.rawValue)"
    }
}
