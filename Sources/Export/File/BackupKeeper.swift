import Glibc
import LinuxSystem
import Logging
import Synchronization
import SystemPackage

/// Compresses rotated files and removes the oldest, on a thread of its own with the least priority:
/// neither may hold up the writer.
///
/// It works from what is in the directory, so a run that was cut short is made up for by the next:
/// a compressed file gets its name when it is complete and on the disk, and only then the original
/// goes.
final class BackupKeeper: Sendable {
    struct Counters: Sendable {
        var compressed: UInt64 = 0
        var removed: UInt64 = 0
        var failures: UInt64 = 0
    }

    private let files: BackupFiles
    private let limit: Int
    private let compress: Bool
    private let permissions: UInt32
    private let logger: Logger
    private let bell: EventFD
    private let stopping = Atomic(false)
    private let counters = Mutex(Counters())

    init(_ files: BackupFiles, limit: Int, compress: Bool, permissions: UInt32, logger: Logger) throws(Errno)
    {
        self.files = files
        self.limit = limit
        self.compress = compress
        self.permissions = permissions
        self.logger = logger
        bell = try EventFD()
    }

    var account: Counters { counters.withLock { $0 } }

    /// Asks for a look at the directory.
    func lookAgain() { bell.signal() }

    /// Ends `run` at the next piece of a file.
    func stop() {
        stopping.store(true, ordering: .releasing)
        bell.signal()
    }

    private var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// The thread's body.
    func run() {
        Thread.lowerPriority()
        while !isStopping {
            do throws(Errno) {
                try keep()
            } catch {
                fail("cannot keep the rotated files in order", files.path, error)
            }
            _ = try? bell.wait(until: nil)
            bell.drain()
        }
    }

    private func keep() throws(Errno) {
        for path in try files.unfinished() { try FileTree.remove(path) }
        // Removing comes first: a full disk may need the room.
        var backups = try files.list()
        if limit > 0, backups.count > limit {
            for backup in backups.prefix(backups.count - limit) {
                if backup.isPlain { try FileTree.remove(backup.path) }
                if backup.isCompressed { try FileTree.remove(backup.path + BackupFiles.compressedSuffix) }
                counters.withLock { $0.removed += 1 }
            }
            backups.removeFirst(backups.count - limit)
        }
        for backup in backups where backup.isPlain {
            if isStopping { return }
            if backup.isCompressed {
                // Complete by its name: only the removal of the original was missing.
                try FileTree.remove(backup.path)
            } else if compress {
                compressOne(backup.path)
            } else {
                try OwnedFD.open(backup.path, O_RDONLY).synchronize()
            }
        }
    }

    private func compressOne(_ path: String) {
        let unfinished = path + BackupFiles.unfinishedSuffix
        do throws(Errno) {
            let input = try OwnedFD.open(path, O_RDONLY)
            let output = try OwnedFD.open(unfinished, O_WRONLY | O_CREAT | O_EXCL, permissions: permissions)
            try output.setPermissions(permissions)
            guard try GzipStream.compress(input, to: output, isCancelled: { isStopping }) == .finished else {
                try FileTree.remove(unfinished)
                return
            }
            try output.synchronize()
            try FileTree.rename(unfinished, to: path + BackupFiles.compressedSuffix)
            try FileTree.remove(path)
            counters.withLock { $0.compressed += 1 }
        } catch {
            try? FileTree.remove(unfinished)
            fail("cannot compress a rotated file; it stays as it is until the next rotation", path, error)
        }
    }

    private func fail(_ message: Logger.Message, _ path: String, _ error: Errno) {
        counters.withLock { $0.failures += 1 }
        logger.warning(message, metadata: ["path": "\(path)", "error": "\(error)"])
    }
}
