import CLinuxShims
import Glibc
public import SystemPackage

/// Names in the file system.
public enum FileTree {
    /// Renames; a file that has the new name is replaced, unless `replacing` is false (then `.fileExists`).
    public static func rename(_ from: String, to: String, replacing: Bool = true) throws(Errno) {
        try SystemCall.result {
            unsafe replacing ? Glibc.rename(from, to) : secd_rename_noreplace(from, to)
        }
    }

    /// Removes a name.
    public static func remove(_ path: String) throws(Errno) {
        try SystemCall.result { unsafe unlink(path) }
    }

    /// Makes a directory.
    public static func makeDirectory(_ path: String, permissions: UInt32) throws(Errno) {
        try SystemCall.result { unsafe mkdir(path, permissions) }
    }

    /// The names in a directory, without `.` and `..`, in no order. Bytes that are not UTF-8 are repaired.
    public static func names(in directory: String) throws(Errno) -> [String] {
        guard let stream = unsafe opendir(directory) else { throw SystemCall.lastErrno }
        defer { _ = unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Space that an unprivileged process may still use at a path, bytes.
    public static func freeBytes(at path: String) throws(Errno) -> UInt64 {
        var raw = statfs()
        try SystemCall.result { unsafe statfs(path, &raw) }
        return UInt64(raw.f_bavail) &* UInt64(raw.f_bsize)
    }
}
