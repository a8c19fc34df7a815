/// Where this machine keeps its cgroups.
public enum CgroupHierarchy {
    /// Mount point of the v2 hierarchy: the first cgroup2 of /proc/self/mounts; nil = none is mounted.
    public static var root: String? {
        guard let mounts = SmallFile.read("/proc/self/mounts", limit: 1 << 20) else { return nil }
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2" { return String(fields[1]) }
        }
        return nil
    }
}
