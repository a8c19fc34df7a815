public import LinuxSystem
import SystemPackage

/// Where programs of cgroups are attached: at the root of v2, from where they see all sockets and devices, whichever
/// hierarchy tells workloads.
public enum CgroupPrograms {
    /// A directory to attach at: the mount of v2, or one of this process alone; nil = the kernel refuses that.
    /// - Parameter mounts: those of this process.
    public static func root(_ mounts: CgroupMounts) -> String? {
        mounts.unified?.root ?? (try? DetachedCgroup2.root())
    }

    /// What `root` would be, without a mount that is not there yet. For those who only ask.
    public static func expectedRoot(_ mounts: CgroupMounts) -> String? {
        mounts.unified?.root ?? (DetachedCgroup2.obstacle == nil ? "" : nil)
    }

    /// Why there is no such directory.
    static var obstacle: KernelFacts.Obstacle {
        let reason = DetachedCgroup2.obstacle.map { ", and secd may not mount one (\($0))" } ?? ""
        return KernelFacts.Obstacle("no cgroup2 hierarchy is mounted\(reason)")
    }
}
