import Glibc
import LinuxSystem
import SystemPackage

/// A directory that one daemon holds. The lock ends with the process, however it ends, so nothing
/// has to be cleaned up after a kill.
package struct DirectoryLock: ~Copyable {
    private let descriptor: OwnedFD
    package let path: String

    /// Makes the directory where it is missing, and locks it.
    ///
    /// - Parameter purpose: how messages call it ("state directory").
    /// - Throws: `DaemonError` with what to do.
    package init(_ path: String, purpose: String, flag: String) throws(DaemonError) {
        let patience = LockPatience()
        var opened = try Self.open(path, purpose, flag)
        // flock(2) works on directories, and on bpf file systems too.
        while true {
            if flock(opened.raw, LOCK_EX | LOCK_NB) == 0 {
                if Self.isStillThere(path, opened) { break }
            } else {
                let holder = FileLockTable.holder(of: opened)
                guard patience.lasts(for: holder) else {
                    let who = holder.map { " (process \($0))" } ?? ""
                    throw DaemonError(
                        "another secd\(who) uses the \(purpose) \(path); stop it, or choose another with \(flag)",
                        exit: .unavailable)
                }
                // There is no event for the locks of a process that is exiting.
                usleep(10_000)
            }
            opened = try Self.open(path, purpose, flag)
        }
        descriptor = opened
        self.path = path
    }

    /// Removes the directory where it is empty. It stays locked for whoever has it open.
    package func removeIfEmpty() {
        _ = unsafe rmdir(path)
    }

    /// False where an ending daemon has removed the directory after we opened it.
    private static func isStillThere(_ path: String, _ opened: borrowing OwnedFD) -> Bool {
        guard let named = try? FileStatus(path: path), let ours = try? FileStatus(opened) else {
            return false
        }
        return named.isSameFile(as: ours)
    }

    private static func open(_ path: String, _ purpose: String, _ flag: String) throws(DaemonError) -> OwnedFD
    {
        do {
            try makeDirectories(path)
            return try OwnedFD.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        } catch {
            throw DaemonError(
                "cannot use the \(purpose) \(path): \(error); create it, or choose another with \(flag)",
                exit: .cannotCreate)
        }
    }

    private static func makeDirectories(_ path: String) throws(Errno) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/" + part
            if unsafe access(made, F_OK) == 0 { continue }
            do throws(Errno) {
                try FileTree.makeDirectory(made, permissions: 0o700)
            } catch  where error == .fileExists {}
        }
    }
}

/// Who holds a lock of flock(2).
package enum FileLockTable {
    /// The process that locked an open file, as /proc/locks names it; nil = nobody, or nobody we can see.
    static func holder(of file: borrowing OwnedFD) -> Int32? {
        guard let status = try? FileStatus(file) else { return nil }
        let text = String(decoding: ProcfsImage.read("/proc/locks", limit: 1 << 20), as: UTF8.self)
        return holder(of: status.inode, in: text)
    }

    /// `3: FLOCK  ADVISORY  WRITE 812 00:1f:4711 0 EOF`; the device is not compared, because file systems with
    /// several devices show another one here than in stat(2).
    package static func holder(of inode: UInt64, in text: String) -> Int32? {
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 5, fields[1] == "FLOCK", let place = fields[5].split(separator: ":").last,
                UInt64(place) == inode, let pid = Int32(fields[4]), pid > 0
            else { continue }
            return pid
        }
        return nil
    }
}
