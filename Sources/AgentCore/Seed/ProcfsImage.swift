import CEventABI
import CLinuxShims
import EventModel
import Glibc
import Sensors
import WorkloadModel

/// The image of a process older than the daemon. The kernel's iterator gives identity, rights, program and
/// working directory; it cannot read another process's memory, so argv comes from procfs.
enum ProcfsImage {
    /// cmdline is as long as argv may be (a quarter of the stack limit, 2 MiB by default).
    private static let argumentsLimit = 2 << 20

    /// Puts an image together. What neither the kernel nor procfs tells (kernel threads have no executable,
    /// a process may end meanwhile) is left empty and marked in the flags; the binary is then `[comm]`.
    static func make(_ seed: ProcessSeed, cgroup: CgroupTable.Name) -> ProcessImage {
        let head = seed.head
        var image = ProcessImage()
        image.head.image = head.image
        image.head.parent = head.parent
        image.head.credentials = head.credentials
        image.head.namespaces = head.namespaces
        image.head.cgroup_id = head.cgroup_id
        image.head.process_start_ns = head.process_start_ns
        image.head.flags = head.flags | SECD_IMAGE_SEEDED
        image.head.tid = head.image.pid
        image.head.loginuid = head.loginuid
        image.head.sessionid = head.sessionid
        image.head.pid_in_ns = head.pid_in_ns
        image.head.comm = head.comm
        image.head.tty = head.tty
        image.head.binary = head.binary
        image.head.cwd = head.cwd
        image.head.binary_inode = head.binary_inode
        image.cgroupPath = cgroup.path
        // A runtime's helper in the cgroup of a container is not of the container.
        if cgroup.workload?.workload.isContainer != true || image.has(SECD_IMAGE_OWN_MOUNTS) {
            image.containerID = cgroup.containerID
            image.workload = cgroup.workload
        }
        image.tail = seed.tail
        if head.flags & SECD_IMAGE_KERNEL_THREAD == 0 {
            let folder = "/proc/\(head.image.pid)/"
            if head.binary.length == 0 { readPaths(folder, &image) }
            readArguments(folder, &image)
        }
        image.nameByTask()
        return image
    }

    private static func readArguments(_ folder: String, _ image: inout ProcessImage) {
        let arguments = read(folder + "cmdline", limit: argumentsLimit)
        image.head.arguments_total = UInt32(arguments.count)
        if arguments.count <= Int(SECD_ARGUMENTS_INLINE) {
            image.tail += arguments
            image.head.arguments_length = UInt16(arguments.count)
        } else {
            image.longArguments = arguments
        }
    }

    /// For a process that the iterator left out.
    private static func readPaths(_ folder: String, _ image: inout ProcessImage) {
        let root = link(folder + "root") ?? [UInt8(ascii: "/")]
        image.tail = []
        append(link(folder + "exe"), root, to: &image, \.binary)
        append(link(folder + "cwd"), root, to: &image, \.cwd)
        readInode(folder + "exe", &image.head)
    }

    private static func append(
        _ path: [UInt8]?, _ root: [UInt8], to image: inout ProcessImage,
        _ field: WritableKeyPath<secd_exec, secd_path>
    ) {
        guard var path else {
            image.head[keyPath: field] = secd_path(length: 0, root: 0, flags: UInt32(SECD_PATH_UNREADABLE))
            return
        }
        // The kernel says so in the link's text (d_path, fs/d_path.c).
        let mark = Array(" (deleted)".utf8)
        if path.count > mark.count, Array(path.suffix(mark.count)) == mark {
            path.removeLast(mark.count)
            image.head[keyPath: field].flags |= SECD_PATH_DELETED
        }
        image.tail += path
        image.head[keyPath: field].length = UInt16(min(path.count, Int(UInt16.max)))
        if root.count > 1 {
            let inside =
                path.starts(with: root) && (path.count == root.count || path[root.count] == UInt8(ascii: "/"))
            image.head[keyPath: field].root = inside ? UInt16(root.count) : UInt16(SECD_PATH_OUTSIDE)
        }
    }

    private static func readInode(_ path: String, _ head: inout secd_exec) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return }
        head.binary_inode.number = UInt64(status.st_ino)
        head.binary_inode.links = UInt32(truncatingIfNeeded: status.st_nlink)
        head.binary_inode.mode = status.st_mode
        head.binary_inode.uid = status.st_uid
        head.binary_inode.gid = status.st_gid
        head.binary_inode.size = UInt64(status.st_size)
        head.binary_inode.ctime_ns =
            UInt64(status.st_ctim.tv_sec) * 1_000_000_000 + UInt64(status.st_ctim.tv_nsec)
        head.binary_inode.device = kernelDevice(UInt64(status.st_dev))
    }

    /// glibc's dev_t (sys/sysmacros.h) as the kernel's own: major << 20 | minor.
    static func kernelDevice(_ device: UInt64) -> UInt32 {
        let major = device >> 8 & 0xfff | device >> 32 & ~0xfff
        let minor = device & 0xff | device >> 12 & 0xfff00
        return UInt32(truncatingIfNeeded: major << 20 | minor)
    }

    private static func link(_ path: String) -> [UInt8]? {
        var text = [CChar](repeating: 0, count: Int(SECD_PATH_MAX) + 16)
        let count = unsafe readlink(path, &text, text.count)
        return count > 0 ? text[..<count].map { UInt8(bitPattern: $0) } : nil
    }

    static func read(_ path: String, limit: Int) -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { return [] }
        defer { unsafe fclose(file) }
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while result.count < limit {
            let count = unsafe fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            result += chunk[..<count]
        }
        return result
    }
}
