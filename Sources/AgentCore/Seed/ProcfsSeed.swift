import CEventABI
import CLinuxShims
import EventModel
import Glibc
import LinuxSystem
import Sensors

/// Processes that the kernel's task iterator leaves out though others descend from them: hardened
/// kernels hide PID 1 from it. Procfs says less, but enough for ancestry up to PID 1.
enum ProcfsSeed {
    /// Seeds for every parent that is not among `seeds`. Its children's records carry its exact
    /// identity, which procfs alone (start time in clock ticks) could not give.
    static func missingParents(of seeds: [ProcessSeed], hierarchy: CgroupHierarchy?) -> [ProcessSeed] {
        var known = Set(seeds.map(\.head.image.pid))
        var result: [ProcessSeed] = []
        for parent in seeds.map(\.head.parent) where parent.pid != 0 && known.insert(parent.pid).inserted {
            if let seed = make(parent, hierarchy) {
                result.append(ProcessSeed(head: seed))
            }
        }
        return result
    }

    private static func make(_ image: secd_image, _ hierarchy: CgroupHierarchy?) -> secd_seed? {
        let folder = "/proc/\(image.pid)/"
        let status = fields(folder + "status")
        guard !status.isEmpty else { return nil }
        var seed = secd_seed()
        seed.image = image
        seed.process_start_ns = image.start_ns
        seed.credentials = credentials(status)
        seed.pid_in_ns = status["NStgid"]?.last.flatMap { UInt32($0) } ?? image.pid
        seed.flags = SECD_IMAGE_SEEDED | (seed.pid_in_ns == 1 ? SECD_IMAGE_INIT_TREE : 0)
        seed.loginuid = number(folder + "loginuid")
        seed.sessionid = number(folder + "sessionid")
        seed.cgroup_id = cgroup(folder + "cgroup", hierarchy)
        seed.namespaces = namespaces(folder + "ns/")
        if seed.namespaces.mnt != HostNamespaces.mount { seed.flags |= SECD_IMAGE_OWN_MOUNTS }
        unsafe withUnsafeMutableBytes(of: &seed.comm) {
            unsafe $0.copyBytes(from: line(folder + "comm").utf8.prefix(15))
        }
        return seed
    }

    /// `Name:\tvalue value …` lines.
    private static func fields(_ path: String) -> [Substring: [Substring]] {
        var result: [Substring: [Substring]] = [:]
        for line in text(path).split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            result[line[..<colon]] = line[line.index(after: colon)...].split { $0 == "\t" || $0 == " " }
        }
        return result
    }

    private static func credentials(_ status: [Substring: [Substring]]) -> secd_credentials {
        func ids(_ key: Substring) -> [UInt32] {
            let values = status[key, default: []].map { UInt32($0) ?? 0 }
            return values.count == 4 ? values : [0, 0, 0, 0]
        }
        func set(_ key: Substring) -> UInt64 { status[key]?.first.flatMap { UInt64($0, radix: 16) } ?? 0 }
        var result = secd_credentials()
        let (users, groups) = (ids("Uid"), ids("Gid"))
        (result.uid, result.euid, result.suid, result.fsuid) = (users[0], users[1], users[2], users[3])
        (result.gid, result.egid, result.sgid, result.fsgid) = (groups[0], groups[1], groups[2], groups[3])
        result.permitted = set("CapPrm")
        result.effective = set("CapEff")
        result.inheritable = set("CapInh")
        result.bounding = set("CapBnd")
        result.ambient = set("CapAmb")
        return result
    }

    /// Inode numbers; 0 where the kernel refuses to tell.
    private static func namespaces(_ folder: String) -> secd_namespaces {
        func inode(_ name: String) -> UInt32 {
            var status = stat()
            return unsafe stat(folder + name, &status) == 0 ? UInt32(truncatingIfNeeded: status.st_ino) : 0
        }
        return secd_namespaces(
            uts: inode("uts"), ipc: inode("ipc"), mnt: inode("mnt"), pid: inode("pid"),
            pid_for_children: inode("pid_for_children"), net: inode("net"), time: inode("time"),
            time_for_children: inode("time_for_children"), cgroup: inode("cgroup"), user: inode("user"))
    }

    /// The cgroup's id: the inode of its directory.
    private static func cgroup(_ path: String, _ hierarchy: CgroupHierarchy?) -> UInt64 {
        guard let hierarchy, let own = hierarchy.path(in: text(path)),
            let status = try? FileStatus(path: hierarchy.root + own)
        else { return 0 }
        return status.inode
    }

    private static func number(_ path: String) -> UInt32 { UInt32(line(path)) ?? UInt32.max }

    private static func line(_ path: String) -> String {
        text(path).split(separator: "\n").first.map(String.init) ?? ""
    }

    private static func text(_ path: String) -> String {
        String(decoding: ProcfsImage.read(path, limit: 16_384), as: UTF8.self)
    }
}

/// The namespaces of the machine itself, which `is_host` compares with.
enum HostNamespaces {
    /// Those of PID 1. Where they are hidden, those of kthreadd: kernel threads never leave the first.
    static func find(_ seeds: [ProcessSeed]) -> secd_namespaces {
        for pid: UInt32 in [1, 2] {
            let seed = seeds.first { $0.head.image.pid == pid }?.head
            if let seed, seed.namespaces.mnt != 0 { return seed.namespaces }
        }
        return secd_namespaces()
    }

    /// The mount namespace before any seed is read; 0 where /proc tells of neither.
    static var mount: UInt32 {
        for pid in [1, 2] {
            // `mnt:[4026531841]`: hardened kernels show the link and do not let it be followed.
            var text = [CChar](repeating: 0, count: 64)
            let length = unsafe readlink("/proc/\(pid)/ns/mnt", &text, text.count)
            guard length > 0 else { continue }
            let digits = text[..<length].map { UInt8(bitPattern: $0) }.filter { (48...57).contains($0) }
            if let number = UInt32(String(decoding: digits, as: UTF8.self)) { return number }
        }
        return 0
    }
}
