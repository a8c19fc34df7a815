import AgentModel
import EventModel
import Export
import Glibc
import LinuxSystem
import Testing
import TextEncoding

@Suite(.serialized, .enabled(if: PrivateJournal.isPossible, "needs root and systemd-journald"))
struct JournalSinkTests {
    private static let gapEntry: GapEncoder = { gap in
        var writer = JournalFieldWriter()
        writer.field("MESSAGE", text: "\(gap.lostEvents) events are missing")
        writer.field("SECD_COUNT", gap.lostEvents)
        writer.field("SECD_CAUSE", text: "\(gap.cause)")
        return writer.finish(kind: .streamGap, priority: 4)
    }

    private static func entries(_ numbers: Range<Int>, padding: Int = 0) -> EventBatch {
        var writer = JournalFieldWriter()
        var batch = EventBatch()
        let filler = [UInt8](repeating: UInt8(ascii: "x"), count: padding)
        for number in numbers {
            writer.begin("MESSAGE")
            writer.output.append("exec ")
            writer.output.append(decimal: UInt64(number))
            writer.end()
            writer.field("SECD_TEST_NUMBER", UInt64(number))
            if padding > 0 { unsafe writer.field("SECD_TEST_FILLER", filler.span.bytes) }
            writer.finish(into: &batch, kind: .processExec, priority: 6)
        }
        return batch
    }

    private static func sink(queueBytes: Int = 16 << 20) throws -> JournalSink {
        try JournalSink(queueBytes: queueBytes, logger: quiet, gapEntry: gapEntry)
    }

    /// The numbers in the journal, in its order; gaps as the negated count.
    private static func numbers(_ journal: PrivateJournal) -> [Int] {
        journal.query("-o cat --output-fields=SECD_TEST_NUMBER SECD_EVENT=process_exec").compactMap {
            Int($0)
        }
    }

    private static func gaps(_ journal: PrivateJournal) -> [String] {
        journal.query("-o cat --output-fields=SECD_CAUSE,SECD_COUNT SECD_EVENT=stream_gap").sorted()
    }

    @Test func fieldsArriveAndCanBeAskedFor() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            var writer = JournalFieldWriter()
            var batch = EventBatch()
            writer.field("MESSAGE", "exec /usr/bin/curl")
            writer.field("SECD_BINARY", "/usr/bin/curl")
            writer.field("SECD_PID", 4711)
            let ugly: [UInt8] = Array("two\nlines \u{1}".utf8) + [0xff]
            unsafe writer.field("SECD_ARGUMENTS", ugly.span.bytes)
            writer.finish(into: &batch, kind: .processExec, priority: 5)
            _ = sink.deliver(batch)
            sink.stop()
            #expect(sink.status.events == 1 && sink.status.lost == 0 && sink.status.state == "ok")
            let found = journal.query("-o json SECD_BINARY=/usr/bin/curl").first ?? ""
            for part in [
                "\"MESSAGE\":\"exec /usr/bin/curl\"", "\"SECD_PID\":\"4711\"", "\"PRIORITY\":\"5\"",
                "\"SYSLOG_IDENTIFIER\":\"secd\"", "\"SECD_EVENT\":\"process_exec\"",
                "[116,119,111,10,108,105,110,101,115,32,1,255]",
            ] {
                #expect(
                    found.replacing(" : ", with: ":").replacing(", ", with: ",").contains(part), "\(found)")
            }
        }
    }

    @Test func aMegabyteInOneEntryArrives() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            _ = sink.deliver(Self.entries(0..<2, padding: 1 << 20))
            sink.stop()
            #expect(Self.numbers(journal) == [0, 1])
        }
    }

    @Test func eventsWaitForAJournaldThatIsNotThereYet() throws {
        try PrivateJournal.run { journal in
            let sink = try Self.sink()
            _ = sink.deliver(Self.entries(0..<100))
            #expect(eventually { sink.status.state.contains("out of reach (No such file or directory)") })
            _ = sink.deliver(Self.entries(100..<200))
            try journal.start()
            sink.stop(drainSeconds: 30)
            #expect(Self.numbers(journal) == Array(0..<200))
            #expect(sink.status.lost == 0 && sink.status.state == "ok")
            #expect(Self.gaps(journal).isEmpty)
        }
    }

    @Test func aStoppedJournaldCostsOnlyWhatOverflowsTheQueueAndSaysSo() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink(queueBytes: 128 << 10)
            _ = sink.deliver(Self.entries(0..<1))
            #expect(eventually { sink.status.events == 1 })
            journal.signal(SIGSTOP)
            var delivered = 1
            while sink.status.lost == 0 {
                _ = sink.deliver(Self.entries(delivered..<delivered + 20))
                delivered += 20
            }
            #expect(eventually { sink.status.state.contains("journald does not read") })
            #expect(sink.status.queueBytes > 0)
            journal.signal(SIGCONT)
            #expect(eventually { sink.status.details["gaps"] == 1 && sink.status.queueBytes == 0 })
            _ = sink.deliver(Self.entries(delivered..<delivered + 5))
            sink.stop(drainSeconds: 30)
            let lost = Int(sink.status.lost)
            #expect(Self.numbers(journal) == Array(0..<delivered - lost) + Array(delivered..<delivered + 5))
            #expect(Self.gaps(journal) == ["\(lost)", "queueFull"])
            #expect(sink.status.state == "ok")
        }
    }

    @Test func aRestartLosesNothingAndIsSaid() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            _ = sink.deliver(Self.entries(0..<50))
            #expect(eventually { sink.status.events == 50 })
            journal.terminate()
            _ = sink.deliver(Self.entries(50..<100))
            #expect(eventually { sink.status.state.contains("out of reach") })
            try journal.start()
            #expect(eventually { sink.status.events == 100 })
            sink.stop()
            #expect(Self.numbers(journal) == Array(0..<100))
            #expect(sink.status.lost == 0)
            #expect(sink.status.details["restarts"] == 1)
            // Nobody can know how many of the last ones the old journald had not read: the most it can be.
            #expect(Self.gaps(journal).contains("receiverRestarted"))
        }
    }

    @Test func aKilledJournaldIsNoticedWhileItsQueueIsFull() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            _ = sink.deliver(Self.entries(0..<10))
            #expect(eventually { sink.status.events == 10 })
            _ = Self.numbers(journal)
            journal.signal(SIGSTOP)
            _ = sink.deliver(Self.entries(10..<1000))
            #expect(eventually { sink.status.state.contains("journald does not read") })
            journal.kill()
            try journal.start()
            sink.stop(drainSeconds: 30)
            let found = Self.numbers(journal)
            let missing = Set(0..<1000).subtracting(found)
            let limit = Int(sink.status.details["unread_at_restart_max"] ?? 0)
            #expect(missing.count <= limit && limit > 0)
            #expect(Self.gaps(journal).contains("\(limit)"))
            #expect(found == found.sorted())
        }
    }

    @Test func stoppingWhileJournaldHangsEndsAtTheDeadline() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            _ = sink.deliver(Self.entries(0..<1))
            #expect(eventually { sink.status.events == 1 })
            journal.signal(SIGSTOP)
            // Large entries: the sender's own buffer is full before journald's queue is, and sendmsg blocks.
            _ = sink.deliver(Self.entries(1..<1001, padding: 4096))
            #expect(eventually { sink.status.state.contains("journald does not read since") })
            let before = MonotonicClock.now
            sink.stop(drainSeconds: 0.2)
            #expect(MonotonicClock.now - before < 5_000_000_000)
            #expect(sink.status.events + sink.status.lost == 1001)
        }
    }

    @Test func aMalformedEntryIsCountedAndReported() throws {
        try PrivateJournal.run { journal in
            try journal.start()
            let sink = try Self.sink()
            var batch = Self.entries(0..<1)
            batch.bytes += [9, 0, 0, 0, 1]
            batch.entries.append(EventBatch.Entry(end: batch.bytes.count, kind: .processExec, priority: 6))
            _ = sink.deliver(batch)
            _ = sink.deliver(Self.entries(1..<2))
            sink.stop()
            #expect(Self.numbers(journal) == [0, 1])
            #expect(sink.status.lost == 1)
            #expect(Self.gaps(journal) == ["1", "refused"])
        }
    }
}
