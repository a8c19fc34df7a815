import Foundation
import Glibc

/// What an engine of a test may leave behind: found by the test's own folder and cgroup, never by a name that others
/// may have.
struct Leftovers {
    /// In the command line of every helper of the engine.
    let folder: Folder
    /// Name of a cgroup at the top of the hierarchies, above those of all containers.
    let cgroup: String

    /// Ends processes, unmounts and removes cgroups.
    func clear() {
        _ = eventually(10) {
            for process in processes { kill(process, SIGKILL) }
            return processes.isEmpty
        }
        for point in mounts.reversed() { _ = unsafe umount2(point, Int32(MNT_DETACH)) }
        _ = eventually(10) {
            _ = find("-depth -type d -exec rmdir {} + 2>/dev/null")
            return cgroups.isEmpty
        }
    }

    /// What find(1) says of the cgroup and those below, in every hierarchy.
    private func find(_ expression: String) -> [String] {
        let script =
            "for d in /sys/fs/cgroup/\(cgroup) /sys/fs/cgroup/*/\(cgroup); do [ ! -d $d ] || find $d \(expression); done"
        return (try? Run.program(["/bin/sh", "-c", script]))?.lines ?? []
    }

    private var cgroups: [String] { find("-type d") }

    /// Helpers of the engine that name its folder, and whoever runs in its cgroups; ended ones do not count.
    private var processes: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let helpers = names.compactMap { Int32($0) }.filter {
            $0 != getpid() && readText("/proc/\($0)/cmdline").contains(folder.path)
        }
        let members = cgroups.flatMap { readText($0 + "/cgroup.procs").split(separator: "\n") }
        return Array(Set(helpers + members.compactMap { Int32($0) })).filter(UnitPolicy.isAlive)
    }

    /// In the order in which they were mounted.
    private var mounts: [String] {
        let points = readText("/proc/self/mounts").split(separator: "\n").compactMap { line in
            line.split(separator: " ").dropFirst().first.map(String.init)
        }
        let own = folder.path + "/"
        return points.filter { $0.hasPrefix(own) }
    }
}
