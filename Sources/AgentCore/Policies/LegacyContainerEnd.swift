import CLinuxShims
import Glibc
import LinuxSystem
import SystemPackage

/// Ends everything in a cgroup of v1, which has no `cgroup.kill`: each process gets its signal, and then those that
/// were forked meanwhile, until nobody is left without. Who has the signal forks no more, so that there is an end.
enum LegacyContainerEnd {
    /// Looks at the cgroup: a process that is forked while it is read is found at the next. Nobody gets past
    /// this but by forking faster than files are read.
    private static let mostLooks = 256

    /// - Parameter path: of the cgroup below the root.
    /// - Throws: `.noSuchFileOrDirectory` where it is gone, `.resourceTemporarilyUnavailable` where it does not become empty.
    static func end(_ path: String, in hierarchy: CgroupHierarchy) throws(Errno) {
        var signalled: Set<UInt32> = []
        for _ in 0..<mostLooks {
            let left = try members(of: hierarchy.root + path).subtracting(signalled)
            if left.isEmpty { return }
            for process in left {
                signalled.insert(process)
                guard let descriptor = try? OwnedFD({ secd_pidfd_open(Int32(bitPattern: process)) }),
                    // The descriptor holds it: from here on the number is nobody else's.
                    hierarchy.holds(process, in: path)
                else { continue }
                _ = secd_pidfd_send_signal(descriptor.raw, SIGKILL)
            }
        }
        throw .resourceTemporarilyUnavailable
    }

    /// Processes in a cgroup and below it.
    private static func members(of directory: String) throws(Errno) -> Set<UInt32> {
        var found: Set<UInt32> = []
        var pending = [directory]
        while let next = pending.popLast() {
            let names: [String]
            do throws(Errno) {
                names = try FileTree.names(in: next)
            } catch {
                // One below that is gone has nobody in it.
                if next == directory { throw error }
                continue
            }
            for name in names {
                let path = next + "/" + name
                guard (try? FileStatus(path: path))?.kind == .directory else { continue }
                pending.append(path)
            }
            let text = String(
                decoding: ProcfsImage.read(next + "/cgroup.procs", limit: 1 << 24), as: UTF8.self)
            found.formUnion(text.split(separator: "\n").compactMap { UInt32($0) })
        }
        return found
    }
}

extension CgroupHierarchy {
    /// Whether a process is in a cgroup or below it.
    func holds(_ process: UInt32, in path: String) -> Bool {
        guard let own = self.path(ofProcess: process) else { return false }
        return own == path || own.hasPrefix(path + "/")
    }
}
