/// The hierarchies of cgroups that a process sees mounted, and which of them tells workloads.
public struct CgroupMounts: Sendable {
    /// In the order of their mounts, those first that are mounted whole.
    public let all: [CgroupHierarchy]

    /// - Parameters:
    ///   - mounts: text of /proc/self/mountinfo.
    ///   - numbers: text of /proc/self/cgroup, which has the kernel's number of each hierarchy of v1.
    public init(mounts: String, numbers: String) {
        let entries = mounts.split(separator: "\n").compactMap(Mount.init)
        let lines = numbers.split(separator: "\n").compactMap(Line.init)
        let ordered = entries.filter(\.isWhole) + entries.filter { !$0.isWhole }
        all = ordered.compactMap { entry in
            if entry.type == "cgroup2" { return CgroupHierarchy(unified: entry.place) }
            let line = lines.first { entry.options.contains($0.controllers[0]) }
            return line.map {
                CgroupHierarchy(root: entry.place, number: $0.number, controllers: $0.controllers)
            }
        }
    }

    /// As this process sees them now.
    public static var ofThisProcess: CgroupMounts {
        func text(_ path: String, _ limit: Int) -> String {
            String(decoding: BoundedFile.read(path, limit: limit) ?? [], as: UTF8.self)
        }
        // Machines with thousands of containers have a mount or more for each.
        return CgroupMounts(
            mounts: text("/proc/self/mountinfo", 64 << 20), numbers: text("/proc/self/cgroup", 65_536))
    }

    /// v2, at the place where runtimes look for it if it is mounted at several; nil = it is mounted nowhere.
    public var unified: CgroupHierarchy? {
        let found = all.filter(\.isUnified)
        return found.first { Self.usualPlaces.contains($0.root) } ?? found.first
    }

    /// The hierarchy of v1 into which most runtimes put all that they start; nil = none is mounted.
    public var legacy: CgroupHierarchy? {
        for controller in Self.preference {
            if let found = all.first(where: { $0.controllers.contains(controller) }) { return found }
        }
        return nil
    }

    /// The hierarchy that tells workloads; nil = none is mounted.
    ///
    /// v2, unless nobody uses it: where it is mounted elsewhere than runtimes look for it (`/run/…`, for programs of
    /// networks), and where init has put itself into a cgroup of v1 and none of v2.
    /// - Parameter first: text of /proc/1/cgroup; empty = it cannot be read.
    public func workloads(first: String) -> CgroupHierarchy? {
        guard let legacy else { return unified }
        guard let unified, Self.usualPlaces.contains(unified.root) else { return legacy }
        let isUnused = unified.path(in: first) == "/" && legacy.path(in: first).map { $0 != "/" } == true
        return isUnused ? legacy : unified
    }

    /// The same with what /proc says of the first process.
    public var workloads: CgroupHierarchy? {
        workloads(
            first: BoundedFile.read("/proc/1/cgroup", limit: 65_536).map {
                String(decoding: $0, as: UTF8.self)
            } ?? "")
    }

    /// The hierarchy that a directory is in.
    /// - Parameter directory: without links and dots.
    public func hierarchy(of directory: String) -> CgroupHierarchy? {
        all.filter { directory == $0.root || directory.hasPrefix($0.root + "/") }.max {
            $0.root.utf8.count < $1.root.utf8.count
        }
    }

    /// Where systemd mounts v2, alone and beside v1; runc looks nowhere else.
    private static let usualPlaces = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]

    /// systemd puts every unit into pids and memory (TasksAccounting and MemoryAccounting are on), into others when
    /// something asks for it; runtimes put containers into all. pids cannot be switched off at boot, as memory can.
    private static let preference = [
        "pids", "memory", "cpu", "cpuacct", "blkio", "devices", "freezer", "perf_event", "net_cls",
        "net_prio",
        "hugetlb", "cpuset", "rdma", "misc",
    ]
}

/// A line of /proc/PID/cgroup for a hierarchy of v1.
private struct Line {
    let number: UInt32
    let controllers: [String]

    init?(_ line: Substring) {
        let columns = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard columns.count == 3, let number = UInt32(columns[0]), number > 0 else { return nil }
        self.number = number
        controllers = columns[1].split(separator: ",").map(String.init)
        if controllers.isEmpty { return nil }
    }
}

/// A mount of cgroups in mountinfo: `41 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:9 - cgroup cgroup rw,pids`.
private struct Mount {
    let place: String
    let type: String
    let options: [String]
    /// Not only a part of it, as containers have.
    let isWhole: Bool

    init?(_ line: Substring) {
        let fields = line.split(separator: " ")
        guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else { return nil }
        type = String(fields[dash + 1])
        guard type == "cgroup" || type == "cgroup2" else { return nil }
        isWhole = fields[3] == "/"
        place = Self.unescaped(fields[4])
        options = fields[dash + 3].split(separator: ",").map(String.init)
    }

    /// Blanks and the like are written as three octal digits (`\040`).
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let code = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
