import CLinuxShims
public import SystemPackage

/// v2 where nobody has mounted it: the kernel has that hierarchy all the same, and a mount of it that stands in no
/// folder is enough to attach programs at its root. Nobody else sees the mount, and it goes with the process.
///
/// From the first mount on the kernel shows the line `0::/` in /proc/PID/cgroup, as on all hosts with v2.
public enum DetachedCgroup2 {
    /// A path to its root, good for this process as long as it lives.
    /// - Throws: `.operationNotPermitted` without CAP_SYS_ADMIN, `.noSuchDevice` where the kernel has no v2.
    public static func root() throws(Errno) -> String {
        try mounted.get()
    }

    /// Why this process cannot have it, as far as that shows without a mount; nil = nothing is in the way.
    public static var obstacle: Errno? {
        do throws(Errno) {
            _ = try OwnedFD { unsafe secd_open_file_system("cgroup2") }
            return nil
        } catch {
            return error
        }
    }

    /// Made once, never closed.
    private static let mounted: Result<String, Errno> = {
        do throws(Errno) {
            let context = try OwnedFD { unsafe secd_open_file_system("cgroup2") }
            let number = context.raw
            let mount = try OwnedFD { secd_mount_detached(number) }
            return .success("/proc/self/fd/\(mount.release())")
        } catch {
            return .failure(error)
        }
    }()
}
