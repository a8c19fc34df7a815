import ControlCommands
import EventModel
import Foundation
import Testing

/// A log under construction: lines are numbered, records counted, as the daemon does it.
private struct SyntheticLog {
    var stream = "s1"
    var lines: [String] = []
    var number: UInt64 = 0

    mutating func add(_ kind: String, _ body: String = "", origin: String = "") {
        number += 1
        let secd = #""stream":"\#(stream)",\#(origin)"line":"\#(number)""#
        lines.append(
            #"{"\#(kind)":{\#(body)},"time":"2026-11-21T08:00:0\#(number % 10).000000000Z","secd":{\#(secd)}}"#
        )
    }

    mutating func record(_ sequence: UInt64, cpu: Int = 0, skipped: UInt64 = 0, ring: String = "observation")
    {
        let skip = skipped > 0 ? #""skipped":"\#(skipped)","# : ""
        add("file_open", origin: #""ring":"\#(ring)","cpu":\#(cpu),"seq":"\#(sequence)",\#(skip)"#)
    }

    mutating func gap(_ first: UInt64, _ last: UInt64, cpu: Int = 0, cause: String = "ring_full") {
        add(
            "stream_gap",
            #""cause":"\#(cause)","ring":"observation","cpu":\#(cpu),"first":"\#(first)","last":"\#(last)","count":"\#(last - first + 1)""#
        )
    }

    mutating func stop(_ positions: [(cpu: Int, sequence: UInt64)]) {
        let list = positions.map { #"{"ring":"observation","cpu":\#($0.cpu),"seq":"\#($0.sequence)"}"# }
        add("stream_stop", #""reason":"SIGTERM","positions":[\#(list.joined(separator: ","))]"#)
    }

    var report: VerifyReport { verify(lines) }
}

private func verify(_ lines: [String], unfinished: Bool = false) -> VerifyReport {
    var verifier = LogVerifier()
    verifier.begin(file: "events.json")
    for (index, line) in lines.enumerated() {
        let bytes = Array(line.utf8)
        verifier.take(
            bytes.span, number: UInt64(index + 1), file: "events.json",
            unfinished: unfinished && index == lines.count - 1)
    }
    return verifier.report()
}

private func text(_ report: VerifyReport) -> [String] {
    VerifyText(palette: Palette(isOn: false)).lines(report)
}

@Suite struct LogVerifierTests {
    private static let observations = RingCPU(ring: "observation", cpu: 0)

    @Test func complete() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.record(4, skipped: 2)
        log.record(1, cpu: 1)
        log.record(5)
        log.record(2, cpu: 1)
        log.stop([(0, 5), (1, 2)])
        #expect(log.report.isExplained)
        #expect(
            text(log.report) == [
                "1 file, 7 events, 2026-11-21T08:00:01Z … 2026-11-21T08:00:07Z, stream s1", "complete",
            ])
    }

    @Test func holeWithoutGap() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.record(8, skipped: 2)
        log.stop([(0, 8)])
        #expect(!log.report.isExplained)
        #expect(
            log.report.streams[0].findings == [
                .hole(
                    origin: Self.observations, missing: 4, first: 2, last: 7,
                    before: "2026-11-21T08:00:02.000000000Z",
                    after: "2026-11-21T08:00:03.000000000Z")
            ])
        #expect(text(log.report)[1] == "NOT complete: 1 unexplained finding")
    }

    @Test(arguments: [true, false]) func holeExplainedByGap(gapFirst: Bool) {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        if gapFirst { log.gap(2, 413) }
        log.record(414)
        if !gapFirst { log.gap(2, 413) }
        log.stop([(0, 414)])
        #expect(log.report.isExplained)
        #expect(
            text(log.report)[1]
                == "complete but for 1 gap: cpu 0, 412 observations, cause ring full (lifecycle and verdict: no loss)"
        )
    }

    @Test func aGapOfAnotherCPUOrTooSmallExplainsNothing() {
        for gap in [(2, 5, 1), (2, 3, 0)] {
            var log = SyntheticLog()
            log.add("stream_start")
            log.record(1)
            log.gap(UInt64(gap.0), UInt64(gap.1), cpu: gap.2)
            log.record(6)
            log.stop([(0, 6)])
            #expect(!log.report.isExplained)
        }
    }

    @Test func aGapThatNobodyExplainedIsAFinding() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.gap(2, 3, cause: "unexplained")
        log.record(4)
        log.stop([(0, 4)])
        #expect(!log.report.isExplained)
        #expect(text(log.report)[2].contains("found no reason"))
    }

    @Test func lostBeforeTheFirstRecord() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(3)
        #expect(!log.report.isExplained)
    }

    @Test func truncatedLastLine() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.record(2)
        let cut = log.lines.dropLast() + [String(log.lines[2].dropLast(9))]
        let report = verify(Array(cut), unfinished: true)
        #expect(report.damaged.map(\.line) == [3])
        #expect(!report.isExplained)
        #expect(text(report).last?.hasPrefix("damaged: events.json:3: the line has no end") == true)
    }

    @Test func missingStopIsSaidButNoHole() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        #expect(log.report.isExplained)
        #expect(text(log.report)[1] == "complete; no end yet (running, or killed)")
    }

    @Test func twoStreams() {
        var first = SyntheticLog()
        first.add("stream_start")
        first.record(1)
        var second = SyntheticLog(stream: "s2")
        second.add("stream_start")
        second.record(1)
        second.stop([(0, 1)])
        let report = verify(first.lines + second.lines)
        #expect(report.isExplained)
        #expect(
            text(report).dropFirst() == [
                "stream s1, 2 events: complete; ended without stop (killed, or power lost)",
                "stream s2, 3 events: complete",
            ])
    }

    @Test func recordsSlightlyOutOfOrder() {
        var log = SyntheticLog()
        log.add("stream_start")
        for sequence in [1, 2, 4, 3, 5, 8, 6, 7, 9] as [UInt64] { log.record(sequence) }
        log.stop([(0, 9)])
        #expect(log.report.isExplained)
        // With a record between that gave no event: 4 came before 3, which is counted at 4 already.
        var skipping = SyntheticLog()
        skipping.add("stream_start")
        skipping.record(1)
        skipping.record(4)
        skipping.record(2, skipped: 1)
        skipping.record(5)
        skipping.stop([(0, 5)])
        #expect(skipping.report.isExplained)
    }

    @Test func missingLines() {
        var log = SyntheticLog()
        log.add("stream_start")
        for sequence in 1...6 as ClosedRange<UInt64> { log.record(sequence) }
        log.stop([(0, 6)])
        var lines = log.lines
        lines.removeSubrange(3...4)
        let report = verify(lines)
        // The records of the missing lines are not counted a second time.
        #expect(report.streams[0].findings == [.missingLines(first: 4, last: 5)])
        #expect(text(report)[2] == "  hole: lines 4–5 of the stream missing, no gap recorded")
    }

    @Test func linesThatTheSinkLost() {
        var log = SyntheticLog()
        log.add("stream_start")
        for sequence in 1...6 as ClosedRange<UInt64> { log.record(sequence) }
        var lines = log.lines
        lines.removeSubrange(3...4)
        lines.insert(
            #"{"stream_gap":{"cause":"sink_full","count":"2","sink":"file"},"time":"2026-11-21T08:00:05Z","secd":{"stream":"s1"}}"#,
            at: 3)
        #expect(verify(lines).isExplained)
    }

    @Test func repeatedAndForeignLines() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.record(2)
        #expect(!verify(log.lines + [log.lines[1]]).isExplained)
        #expect(verify(log.lines + [#"{"process_exec":{},"time":"x"}"#]).foreign == 1)
        #expect(!verify(log.lines + [#"{"process_exec":{},"time":"x"}"#]).isExplained)
    }

    @Test func aLaterFileAloneSaysSo() {
        var log = SyntheticLog()
        log.add("stream_start")
        for sequence in 1...5 as ClosedRange<UInt64> { log.record(sequence) }
        let report = verify(Array(log.lines.dropFirst(3)))
        #expect(report.isExplained)
        #expect(text(report)[2] == "  begins at line 4 of the stream: what came before is in an older file")
    }

    @Test func cutTailIsFoundByTheStop() {
        var log = SyntheticLog()
        log.add("stream_start")
        log.record(1)
        log.record(2)
        log.stop([(0, 1)])
        #expect(!log.report.isExplained)
    }

    @Test func nothing() {
        #expect(text(verify([])).last == "empty: not even the start of a stream, so nothing is proven")
        #expect(!verify([]).isExplained)
    }

    /// The lines that readers are tried on are a log, too.
    @Test func theGoldenLinesAreComplete() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../export/golden/events.ndjson")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map(String.init)
        let report = verify(lines)
        #expect(lines.count == EventKind.allCases.count)
        #expect(report.streams.flatMap(\.findings).isEmpty, "\(text(report))")
        #expect(text(report)[1].hasPrefix("complete but for 1 gap: cpu 1, 3 observations at "))
        #expect(report.streams.map(\.endedInOrder) == [true])
    }
}
