import LinuxSystem
import Logging
import Sensors
import SystemPackage

/// The directory on a bpf file system that belongs to this daemon alone: where programs hang for the moment in
/// which an orderly end detaches them.
struct PinDirectory: ~Copyable {
    private let lock: DirectoryLock
    var path: String { lock.path }

    /// Locks it, and takes down what a daemon that was killed at that moment has left: its programs would run on.
    /// - Throws: `DaemonError` with what to do.
    init(_ path: String, _ logger: Logger) throws(DaemonError) {
        let lock = try DirectoryLock(path, purpose: "pin directory", flag: "--pin-dir")
        for name in (try? FileTree.names(in: path)) ?? [] where name.hasPrefix(KernelSensors.stoppingPrefix) {
            do throws(Errno) {
                try FileTree.remove("\(path)/\(name)")
                logger.notice(
                    "removed a program that a killed daemon left behind", metadata: ["pin": "\(name)"])
            } catch {
                logger.warning(
                    "cannot remove what a killed daemon left behind",
                    metadata: ["pin": "\(name)", "error": "\(error)"])
            }
        }
        self.lock = lock
    }

    /// At an orderly end: nothing stays.
    func remove() { lock.removeIfEmpty() }
}
