import EventModel
import LinuxSystem
import Logging
import SystemPackage

/// The body of the journal sink's thread: takes batches, sends entries, and outlasts a journald that
/// is absent, slow or restarts. Belongs to that thread alone.
final class JournalSender {
    private let queue: BatchQueue
    private let report: JournalReport
    private let logger: Logger
    private let gapEntry: GapEncoder

    private var link: JournalLink?
    /// The last socket that there was, and how many entries went to it.
    private var previous: (identity: FileStatus, sent: UInt64)?
    private var backOff = BackOff()
    private var hasProblem = false
    /// Gaps that are to be reported before the next entry.
    private var pending: [SinkGap] = []

    init(queue: BatchQueue, report: JournalReport, logger: Logger, gapEntry: @escaping GapEncoder) {
        self.queue = queue
        self.report = report
        self.logger = logger
        self.gapEntry = gapEntry
    }

    func run() {
        while true {
            switch queue.next(until: nil) {
            case .batch(let batch):
                send(batch)
                queue.recycle(batch)
            case .gap(let gap):
                pending.append(gap)
                _ = reportPending()
            case .woken, .timedOut: break
            case .closed: return
            }
        }
    }

    // MARK: Sending

    private func send(_ batch: EventBatch) {
        var sentEvents: UInt64 = 0
        var sentBytes: UInt64 = 0
        for index in batch.entries.indices {
            // A gap's place is before the entry that follows it.
            guard reportPending(), deliver(batch, index, &sentEvents, &sentBytes) else {
                let rest = batch.entries.count - index
                queue.countLost(UInt64(rest))
                logger.error(
                    "the time to drain is over; events were not sent to journald",
                    metadata: ["count": "\(rest)"])
                break
            }
        }
        _ = reportPending()
        report.update {
            $0.events += sentEvents
            $0.bytes += sentBytes
        }
    }

    private func deliver(_ batch: EventBatch, _ index: Int, _ events: inout UInt64, _ bytes: inout UInt64)
        -> Bool
    {
        let range = batch.range(of: index)
        switch transmit(unsafe batch.bytes.span.bytes.extracting(range)) {
        case .delivered:
            events += 1
            bytes += UInt64(range.count)
        case .refused:
            queue.countLost(1)
            note(.refused)
        case .expired:
            return false
        }
        return true
    }

    private enum Transmission { case delivered, refused, expired }

    /// Sends one entry, however long it takes; gives up only when the daemon's time to drain is over.
    private func transmit(_ entry: RawSpan) -> Transmission {
        var tried = false
        while true {
            guard connected() else { return .expired }
            guard waitForRoom() else { return .expired }
            // connected() has returned true: the link is there.
            report.sendBegins()
            let outcome: JournalLink.Outcome = link?.send(entry) ?? .interrupted
            report.sendEnds()
            switch outcome {
            case .sent:
                recover()
                return .delivered
            case .refused(let failure):
                report.update { $0.refused += 1 }
                logger.warning("journald cannot take an event", metadata: ["error": "\(failure)"])
                return .refused
            case .unavailable(let failure):
                if tried || failure == .connectionReset { report.update { $0.resent += 1 } }
                tried = true
                disconnect()
                guard standBy(failure) else { return .expired }
            case .interrupted:
                if queue.isExpired { return .expired }
            }
        }
    }

    /// Sends the entries for gaps. Returns false when the daemon's time to drain is over.
    private func reportPending() -> Bool {
        while let gap = pending.first {
            let entry = gapEntry(gap)
            if case .expired = transmit(unsafe entry.span.bytes) { return false }
            pending.removeFirst()
            report.update { $0.gaps += 1 }
            logger.warning(
                "events were lost before journald",
                metadata: ["count": "\(gap.lostEvents)", "cause": "\(gap.cause)"])
        }
        return true
    }

    /// Adds to the gap that will be reported before the next entry.
    private func note(_ cause: SinkGap.Cause, _ events: UInt64 = 1) {
        if pending.last?.cause != cause { pending.append(.none(cause)) }
        pending[pending.count - 1].extend(by: events, at: RealtimeClock.now)
    }

    // MARK: journald's state

    /// Has a link, waiting for journald if need be. Returns false when the time to drain is over.
    private func connected() -> Bool {
        while link == nil {
            do throws(Errno) {
                let fresh = try JournalLink()
                noteRestart(fresh.identity)
                link = consume fresh
                report.update { $0.connects += 1 }
            } catch {
                guard standBy(error) else { return false }
            }
        }
        return true
    }

    private func disconnect() {
        if let identity = link?.identity { previous = (identity, link?.sent ?? 0) }
        link = nil
    }

    /// A new socket where there was one before: what journald had not read went with the old one.
    /// (Under systemd the socket outlives journald, and nothing is lost.)
    private func noteRestart(_ identity: FileStatus) {
        guard let previous, !JournalLink.isSame(previous.identity, identity) else { return }
        self.previous = nil
        let unread = min(previous.sent, JournalLink.queueLength)
        report.update {
            $0.restarts += 1
            $0.unreadAtRestart += unread
        }
        if unread > 0 { note(.receiverRestarted, unread) }
    }

    /// Waits until journald's queue has room. Returns false when the time to drain is over.
    private func waitForRoom() -> Bool {
        var isNoted = false
        while let number = link?.descriptor {
            if link?.hasRoom ?? true { return true }
            if !isNoted {
                isNoted = true
                report.update { $0.waits += 1 }
            }
            let (pause, drainDeadline) = queue.beginWait()
            if case .expired = pause { return false }
            var requests: InlineArray<2, PollRequest> = [
                PollRequest(descriptor: number, wanted: .writable),
                PollRequest(descriptor: queue.bellDescriptor, wanted: .readable),
            ]
            let ready =
                (try? Polling.wait(
                    &requests, until: min(MonotonicClock.now + 1_000_000_000, drainDeadline ?? .max))) ?? true
            queue.endWait()
            if !ready, !hasProblem {
                setProblem("journald does not read")
            }
        }
        return true
    }

    /// Notes that journald is out of reach, and waits. Returns false when the time to drain is over.
    private func standBy(_ failure: Errno) -> Bool {
        if backOff.isIdle {
            setProblem("journald is out of reach (\(failure))")
            report.update { $0.waits += 1 }
        }
        if case .expired = queue.pause(until: MonotonicClock.now + backOff.next()) { return false }
        return true
    }

    private func setProblem(_ text: String) {
        let problem = "\(text) since \(TimeText.seconds(RealtimeClock.now)); events wait in memory"
        hasProblem = true
        report.update { $0.problem = problem }
        logger.warning("journald does not take events; they wait in memory", metadata: ["reason": "\(text)"])
    }

    private func recover() {
        backOff.reset()
        guard hasProblem else { return }
        hasProblem = false
        report.update { $0.problem = nil }
        logger.notice("journald takes events again")
    }
}
