import Glibc
import LinuxSystem
import SystemPackage

/// A directory that one daemon holds. The lock ends with the process, however it ends, so nothing
/// has to be cleaned up after a kill.
struct DirectoryLock: ~Copyable {
    private let descriptor: OwnedFD

    /// Makes the directory where it is missing, and locks it.
    ///
    /// - Parameter purpose: how messages call it ("state directory").
    /// - Throws: `DaemonError` with what to do.
    init(_ path: String, purpose: String, flag: String) throws(DaemonError) {
        let opened = try Self.open(path, purpose, flag)
        // flock(2) works on directories, and on bpf file systems too.
        guard flock(opened.raw, LOCK_EX | LOCK_NB) == 0 else {
            throw DaemonError(
                "another secd uses the \(purpose) \(path); stop it, or choose another with \(flag)",
                exit: .unavailable)
        }
        descriptor = opened
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
            try FileTree.makeDirectory(made, permissions: 0o700)
        }
    }
}
