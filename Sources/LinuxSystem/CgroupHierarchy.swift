/// A hierarchy of cgroups: that of v2, or one of v1.
public struct CgroupHierarchy: Sendable, Hashable, CustomStringConvertible {
    /// Mount point.
    public let root: String
    /// The kernel's number of it; 0 = v2.
    public let number: UInt32
    /// Controllers of one of v1, by the names that it is mounted with; `name=systemd` is none.
    public let controllers: [String]

    /// v2.
    /// - Parameter root: mount point.
    public init(unified root: String) {
        self.init(root: root, number: 0, controllers: [])
    }

    /// One of v1.
    /// - Parameters:
    ///   - root: mount point.
    ///   - number: first column of /proc/PID/cgroup.
    ///   - controllers: second column.
    public init(root: String, number: UInt32, controllers: [String]) {
        self.root = root
        self.number = number
        self.controllers = controllers
    }

    /// Whether it is that of v2.
    public var isUnified: Bool { number == 0 }

    /// `cgroup v1 (cpu,cpuacct) at /sys/fs/cgroup/cpu,cpuacct`
    public var description: String {
        let kind = isUnified ? "cgroup v2" : "cgroup v1 (\(controllers.joined(separator: ",")))"
        return "\(kind) at \(root)"
    }

    /// The cgroup of a process below the root; nil where it has none here.
    /// - Parameter text: of its /proc/PID/cgroup: a line `8:pids:/system.slice/cron.service` for each hierarchy.
    public func path(in text: String) -> String? {
        for line in text.split(separator: "\n") {
            // Paths may have colons.
            let columns = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard columns.count == 3, UInt32(columns[0]) == number, columns[2].hasPrefix("/") else {
                continue
            }
            return String(columns[2])
        }
        return nil
    }

    /// The same, asked of /proc now.
    public func path(ofProcess pid: UInt32) -> String? {
        guard pid > 0 else { return nil }
        return BoundedFile.read("/proc/\(pid)/cgroup", limit: 65_536).flatMap {
            path(in: String(decoding: $0, as: UTF8.self))
        }
    }
}
