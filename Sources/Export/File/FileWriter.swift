import EventModel
import LinuxSystem
import Logging
import SystemPackage
import TextEncoding

/// The body of the file sink's thread: takes batches, writes lines, rotates, and outlasts a disk that
/// is full. Belongs to that thread alone.
final class FileWriter {
    private let configuration: FileSink.Configuration
    private let queue: BatchQueue
    private let report: FileReport
    private let keeper: BackupKeeper
    private let logger: Logger
    private let gapLine: GapEncoder

    private var log: LogFile
    private var backOff = BackOff()
    private var reopensDone: UInt64 = 0
    /// The path could not be opened; the old file is still being written.
    private var mustReopen = false
    /// CLOCK_MONOTONIC, nanoseconds: when to try again what failed, and to look after the file's name.
    private var nextRotationAttempt: UInt64 = 0
    private var nextCheck: UInt64 = 0
    /// The time in the name of the latest backup (CLOCK_REALTIME, nanoseconds).
    private var newestBackup: UInt64 = 0

    private static let second: UInt64 = 1_000_000_000

    init(
        _ log: consuming LogFile, _ configuration: FileSink.Configuration, queue: BatchQueue,
        report: FileReport,
        keeper: BackupKeeper, logger: Logger, gapLine: @escaping GapEncoder
    ) {
        self.log = log
        self.configuration = configuration
        self.queue = queue
        self.report = report
        self.keeper = keeper
        self.logger = logger
        self.gapLine = gapLine
    }

    func run() {
        // Backups are kept in order by a thread of their own; without it they are only not compressed.
        let keeper = keeper
        do throws(Errno) {
            let keeping = try SinkThread(name: "sink/backups") { keeper.run() }
            consume()
            keeper.stop()
            keeping.join(interruptAfter: .max)
        } catch {
            logger.warning(
                "cannot start the thread for rotated files; they pile up", metadata: ["error": "\(error)"])
            consume()
        }
    }

    private func consume() {
        while true {
            switch queue.next(until: rotationMoment) {
            case .batch(let batch):
                write(batch)
                queue.recycle(batch)
            case .gap(let gap): write(gap)
            case .woken: reopenIfAsked()
            case .timedOut: rotateIfOld()
            case .closed:
                log.synchronize()
                return
            }
        }
    }

    // MARK: Writing

    private func write(_ gap: SinkGap) {
        var batch = EventBatch()
        batch.bytes = gapLine(gap)
        batch.entries = [EventBatch.Entry(end: batch.bytes.count, kind: .streamGap, priority: 4)]
        write(batch)
        report.update { $0.gaps += 1 }
        logger.warning("events were lost before the file", metadata: ["count": "\(gap.lostEvents)"])
    }

    /// Writes a batch, however long it takes; gives up only when the daemon's time to drain is over.
    private func write(_ batch: EventBatch) {
        var next = 0
        while next < batch.entries.count {
            if let failure = prepare() {
                guard standBy(failure) else { return abandon(batch, from: next) }
                continue
            }
            let start = batch.range(of: next).lowerBound
            let fitting = endOfFittingLines(batch, from: next)
            let progress = log.append(
                unsafe batch.bytes.span.bytes.extracting(start..<batch.entries[fitting - 1].end))
            var written = next
            while written < fitting, batch.entries[written].end <= start + progress.written { written += 1 }
            report.update {
                $0.events += UInt64(written - next)
                $0.bytes += UInt64(progress.written)
                if progress.failure != nil, progress.written > 0 { $0.shortWrites += 1 }
            }
            next = written
            if let failure = progress.failure {
                guard standBy(failure) else { return abandon(batch, from: next) }
            } else {
                recover()
            }
        }
    }

    private func abandon(_ batch: EventBatch, from index: Int) {
        let rest = batch.entries[index...].count { $0.kind != .streamGap }
        queue.countLost(UInt64(rest))
        logger.error("the time to drain is over; events were not written", metadata: ["count": "\(rest)"])
    }

    /// The end (as an index) of the lines from `index` that fit into the file: at least one.
    private func endOfFittingLines(_ batch: EventBatch, from index: Int) -> Int {
        let start = batch.range(of: index).lowerBound
        let all = batch.entries.count
        guard configuration.maxBytes > 0, MonotonicClock.now >= nextRotationAttempt else { return all }
        func fits(_ end: Int) -> Bool {
            log.size + UInt64(batch.entries[end - 1].end - start) <= configuration.maxBytes
        }
        if fits(all) { return all }
        if !fits(index + 1), log.size > 0 { rotate() }
        var low = index + 1
        var high = all
        while low < high {
            let middle = (low + high + 1) / 2
            if fits(middle) { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// What is due before a write. Returns what makes writing pointless.
    private func prepare() -> Errno? {
        rotateIfOld()
        let now = MonotonicClock.now
        if now >= nextCheck {
            nextCheck = now + Self.second
            // Somebody has removed the file: what is written to it would be gone with the descriptor.
            if log.isDeleted || mustReopen { mustReopen = !reopen() }
        }
        return mustReopen && log.isDeleted ? .noSuchFileOrDirectory : nil
    }

    // MARK: Faults

    /// Notes that writing fails, and waits. Returns false when the daemon's time to drain is over.
    private func standBy(_ failure: Errno) -> Bool {
        if backOff.isIdle {
            let problem =
                "not written since \(TimeText.seconds(RealtimeClock.now)): \(failure); events wait in memory"
            report.update { $0.problem = problem }
            logger.error(
                "cannot write events; they wait in memory",
                metadata: ["path": "\(log.path)", "error": "\(failure)"])
        }
        report.update {
            $0.writeFailures += 1
            if failure == .noSpace || failure == .diskQuotaExceeded { $0.diskFull += 1 }
        }
        switch queue.pause(until: MonotonicClock.now + backOff.next()) {
        case .timedOut: break
        case .woken: reopenIfAsked()
        case .expired: return false
        }
        return true
    }

    private func recover() {
        guard !backOff.isIdle else { return }
        backOff.reset()
        if !mustReopen { report.update { $0.problem = nil } }
        logger.notice("events are written again", metadata: ["path": "\(log.path)"])
    }

    // MARK: Rotation

    /// When the file is due by age (CLOCK_MONOTONIC, nanoseconds); nil = never, or not while empty.
    private var rotationMoment: UInt64? {
        guard configuration.maxSeconds > 0, let begun = log.begun else { return nil }
        let now = RealtimeClock.now
        let age = now > begun ? now - begun : 0
        let limit = configuration.maxSeconds * Self.second
        return max(MonotonicClock.now + (limit > age ? limit - age : 0), nextRotationAttempt)
    }

    private func rotateIfOld() {
        guard let moment = rotationMoment, MonotonicClock.now >= moment else { return }
        rotate()
    }

    /// Gives the file its backup's name and begins a new one. Where either fails, the old file goes on
    /// being written and the attempt is repeated later: rotation must never cost events.
    private func rotate() {
        do {
            // Somebody may have moved the file already, and the signal is still to come.
            guard log.isAtItsPath else {
                log = try LogFile(path: configuration.path, permissions: configuration.permissions)
                return
            }
            let backup = try moveAside()
            do {
                log = try LogFile(path: configuration.path, permissions: configuration.permissions)
            } catch {
                try FileTree.rename(backup, to: configuration.path, replacing: false)
                throw error
            }
            report.update { $0.rotations += 1 }
            keeper.lookAgain()
        } catch {
            nextRotationAttempt = MonotonicClock.now + 10 * Self.second
            report.update { $0.rotationFailures += 1 }
            logger.warning(
                "cannot rotate the file; it grows on", metadata: ["path": "\(log.path)", "error": "\(error)"])
        }
    }

    private func moveAside() throws(Errno) -> String {
        // A name that the keeper has freed must not be taken again by a later file: names tell the order.
        var time = max(RealtimeClock.now, newestBackup + 1_000_000)
        let files = BackupFiles(path: configuration.path)
        while true {
            let backup = files.path(for: UnixTime(nanoseconds: time))
            do throws(Errno) {
                // The name may be taken compressed already.
                if (try? FileStatus(path: backup + BackupFiles.compressedSuffix)) == nil {
                    try FileTree.rename(configuration.path, to: backup, replacing: false)
                    newestBackup = time
                    return backup
                }
            } catch  where error == .fileExists {}
            time += 1_000_000
        }
    }

    // MARK: Reopening

    private func reopenIfAsked() {
        let requests = report.current.reopenRequests
        guard requests != reopensDone else { return }
        reopensDone = requests
        mustReopen = !reopen()
    }

    /// Opens the path anew, unless it still leads to the file that is open. Returns whether it worked.
    private func reopen() -> Bool {
        // A second descriptor of the same file could not take the lock.
        if log.isAtItsPath { return true }
        do throws(SinkError) {
            log = try LogFile(path: configuration.path, permissions: configuration.permissions)
            report.update {
                $0.reopened += 1
                if backOff.isIdle { $0.problem = nil }
            }
            return true
        } catch {
            report.update { $0.problem = "the old file is still written: \(error)" }
            // Said once: the attempt is repeated every second.
            if !mustReopen {
                logger.error(
                    "cannot reopen the file; the old one is still written", metadata: ["error": "\(error)"])
            }
            return false
        }
    }
}
