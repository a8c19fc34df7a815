import EventModel
import Glibc

/// Paths of v2 cgroups by id, and the containers they belong to. Filled from the file system at start and by
/// records afterwards, so that a cgroup that is gone by now still has its name.
package struct CgroupTable {
    /// Cgroups that are remembered at most; removed ones are forgotten first.
    private static let limit = 65_536

    /// A cgroup as images show it. The container is found once, not for every process.
    package struct Name {
        package var path: [UInt8] = []
        package var containerID: [UInt8] = []
    }

    package init() {}

    private var names: [UInt64: Name] = [:]
    /// Removed ones in the order of their removal: processes that just ended still refer to them.
    private var removed: [UInt64] = []
    private static let removedKept = 4096

    package var count: Int { names.count }

    /// The cgroup's name, or an empty one.
    @inline(__always)
    package func name(_ id: UInt64) -> Name {
        names[id] ?? Name()
    }

    package mutating func add(_ id: UInt64, _ path: [UInt8]) {
        guard names.count < Self.limit else { return }
        names[id] = Name(path: path, containerID: ContainerID.prefix(inCgroup: path))
    }

    package mutating func remove(_ id: UInt64) {
        removed.append(id)
        if removed.count > Self.removedKept {
            for old in removed.prefix(Self.removedKept / 2) { names[old] = nil }
            removed.removeFirst(Self.removedKept / 2)
        }
    }

    /// Reads the whole hierarchy below `root`: the inode number of a directory is its cgroup's id.
    package mutating func scan(root: String) {
        var pending = [""]
        while let relative = pending.popLast() {
            guard let directory = unsafe opendir(root + relative) else { continue }
            defer { unsafe closedir(directory) }
            while let entry = unsafe readdir(directory) {
                // `d_ino` of kernfs is the low half of the id on 64-bit kernels: the whole id.
                guard unsafe entry.pointee.d_type == UInt8(DT_DIR) else { continue }
                let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name == "." {
                    unsafe add(UInt64(entry.pointee.d_ino), Array((relative.isEmpty ? "/" : relative).utf8))
                } else if name != ".." {
                    pending.append(relative + "/" + name)
                }
            }
        }
    }
}
