public import AgentModel
public import EventModel
import LinuxSystem
public import Logging
import Synchronization
import SystemPackage

/// Writes events as JSON lines into a file, with rotation.
///
/// `deliver` only queues; a thread of the sink's own writes. Batches hold lines that end in a newline.
/// What the file promises: only whole lines (`LogFile`), and no silent loss: where the disk was full
/// for longer than the queue lasts, one gap line stands in the place of the lost ones.
public final class FileSink: EventConsumer {
    /// Where the file is and how it is rotated, kept and protected.
    public struct Configuration: Sendable {
        /// Also the beginning of the backups' names.
        public var path: String
        /// Bytes at which the file is rotated; no file is larger unless one line is. 0 = never.
        public var maxBytes: UInt64
        /// Seconds after its first line at which the file is rotated; 0 = never.
        public var maxSeconds: UInt64
        /// Rotated files that are kept; 0 = all.
        public var maxBackups: Int
        /// Whether rotated files are compressed (gzip).
        public var compress: Bool
        /// Permission bits of the file and its backups.
        public var permissions: UInt32
        /// Bytes of events that may wait.
        public var queueBytes: Int

        public init(
            path: String, maxBytes: UInt64 = 100 << 20, maxSeconds: UInt64 = 0, maxBackups: Int = 5,
            compress: Bool = true, permissions: UInt32 = 0o600, queueBytes: Int = 16 << 20
        ) {
            self.path = path
            self.maxBytes = maxBytes
            self.maxSeconds = maxSeconds
            self.maxBackups = maxBackups
            self.compress = compress
            self.permissions = permissions
            self.queueBytes = queueBytes
        }
    }

    private let configuration: Configuration
    private let queue: BatchQueue
    private let report: FileReport
    private let keeper: BackupKeeper
    private let writing: SinkThread

    /// Opens the file and starts the thread.
    /// - Parameter gapLine: makes the JSON line, with its newline, that reports a gap.
    /// - Throws: what keeps the file from being written, with what to do about it.
    public init(
        _ configuration: Configuration, logger: Logger, gapLine: @escaping GapEncoder
    ) throws(SinkError) {
        self.configuration = configuration
        let log = try LogFile(path: configuration.path, permissions: configuration.permissions)
        do throws(Errno) {
            let queue = try BatchQueue(limitBytes: configuration.queueBytes)
            let report = FileReport()
            let keeper = try BackupKeeper(
                BackupFiles(path: configuration.path), limit: configuration.maxBackups,
                compress: configuration.compress, permissions: configuration.permissions, logger: logger)
            if log.tornBytes > 0 {
                report.update { $0.tornLines += 1 }
                logger.warning(
                    "the file ended in a partial line, left by a daemon that was killed; it was removed",
                    metadata: ["path": "\(configuration.path)", "bytes": "\(log.tornBytes)"])
            }
            let writer = FileWriter(
                log, configuration, queue: queue, report: report, keeper: keeper, logger: logger,
                gapLine: gapLine)
            writing = try SinkThread(name: "sink/file") {
                // What it writes has waited for the reader, and should not wait for somebody else's slice as well.
                Thread.requestShortSlices()
                writer.run()
            }
            self.queue = queue
            self.report = report
            self.keeper = keeper
        } catch {
            throw SinkError(
                operation: "start the writer of", path: configuration.path, errno: error,
                advice: "the limits of threads or descriptors are too low for secd")
        }
    }

    public func deliver(_ batch: consuming EventBatch) -> EventBatch {
        queue.push(batch)
    }

    /// Closes the file and opens its path anew: after somebody has moved it away (SIGHUP, logrotate).
    public func reopen() {
        report.update { $0.reopenRequests += 1 }
        queue.wake()
    }

    /// Writes what waits, for at most `seconds`, and ends the thread. To be called once, after the
    /// last `deliver`; what comes later is counted as lost.
    public func stop(drainSeconds seconds: Double = 5) {
        let deadline = MonotonicClock.now + UInt64(max(0, seconds) * 1e9)
        queue.close(drainUntil: deadline)
        writing.join(interruptAfter: deadline)
    }

    /// Counts and state of this moment; may be asked from any thread.
    public var status: SinkStatus {
        let account = queue.account
        let report = report.current
        let kept = keeper.account
        return SinkStatus(
            name: "file", target: configuration.path, state: report.problem ?? "ok", events: report.events,
            bytes: report.bytes, lost: account.lost, queueBytes: account.bytes,
            queueLimitBytes: UInt64(queue.limitBytes),
            details: [
                "rotations": report.rotations, "rotation_failures": report.rotationFailures,
                "short_writes": report.shortWrites, "write_failures": report.writeFailures,
                "enospc": report.diskFull,
                "reopened": report.reopened, "torn_lines": report.tornLines, "gaps": report.gaps,
                "compressed": kept.compressed, "backups_removed": kept.removed,
                "backup_failures": kept.failures,
            ])
    }
}

/// What the writer's thread tells everybody else, written once per batch.
final class FileReport: Sendable {
    struct Figures: Sendable {
        var events: UInt64 = 0
        var bytes: UInt64 = 0
        var rotations: UInt64 = 0
        var rotationFailures: UInt64 = 0
        /// Writes that the kernel took only part of.
        var shortWrites: UInt64 = 0
        /// Writes that it took nothing of, disk full or otherwise.
        var writeFailures: UInt64 = 0
        var diskFull: UInt64 = 0
        var reopened: UInt64 = 0
        var reopenRequests: UInt64 = 0
        var tornLines: UInt64 = 0
        var gaps: UInt64 = 0
        /// What is wrong since when; nil = nothing.
        var problem: String?
    }

    private let figures = Mutex(Figures())

    var current: Figures { figures.withLock { $0 } }

    func update(_ change: (inout Figures) -> Void) {
        figures.withLock { change(&$0) }
    }
}
