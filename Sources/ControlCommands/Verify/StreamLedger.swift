import JSONTree

/// The books of one run of the daemon: lines are numbered without a break, and so are the records
/// of every ring and CPU; what is missing must be recorded as a gap.
struct StreamLedger {
    let stream: String
    private(set) var events: UInt64 = 0
    private(set) var firstTime = ""
    private(set) var lastTime = ""
    private(set) var hasStart = false
    private(set) var hasStop = false
    private var firstLine: UInt64?
    private var lastLine: UInt64 = 0
    private var lineHoles: [ClosedRange<UInt64>] = []
    /// Lines whose number is not above that of the line before them.
    private var repeatedLines: UInt64 = 0
    private var rings: [RingCPU: RingLedger] = [:]
    private(set) var gaps: [RecordedGap] = []

    init(stream: String) {
        self.stream = stream
    }

    mutating func book(_ facts: LineFacts) {
        events += 1
        if firstTime.isEmpty { firstTime = facts.time }
        if !facts.time.isEmpty { lastTime = facts.time }
        if facts.kind == "stream_gap" { gaps.append(RecordedGap(facts.body)) }
        if facts.kind == "stream_start" { hasStart = true }
        let line = facts.line ?? 0
        if line > 0 { bookLine(line) }
        if let origin = facts.origin, facts.sequence > 0 {
            if rings[origin] == nil {
                rings[origin] = RingLedger(base: base(facts), line: firstLine ?? line, time: firstTime)
            }
            rings[origin]?.book(
                sequence: facts.sequence, skipped: facts.skipped, line: line, time: facts.time)
        }
        if facts.kind == "stream_stop" { stop(facts, line) }
    }

    /// Where the numbers of a ring and CPU begin: at 1 where the stream's beginning is here, else
    /// wherever its first line stands.
    private func base(_ facts: LineFacts) -> UInt64 {
        if firstLine == 1 { return 0 }
        let records = facts.skipped &+ 1
        return facts.sequence > records ? facts.sequence - records : 0
    }

    private mutating func bookLine(_ line: UInt64) {
        guard firstLine != nil else {
            firstLine = line
            lastLine = line
            return
        }
        if line > lastLine {
            if line - lastLine > 1 { lineHoles.append((lastLine + 1)...(line - 1)) }
            lastLine = line
        } else {
            repeatedLines += 1
        }
    }

    private mutating func stop(_ facts: LineFacts, _ line: UInt64) {
        hasStop = true
        for position in facts.body["positions"].elements {
            guard let ring = position["ring"].text, let last = position["seq"].unsigned else { continue }
            let origin = RingCPU(ring: ring, cpu: position["cpu"].unsigned ?? 0)
            var ledger =
                rings[origin] ?? RingLedger(base: firstLine == 1 ? 0 : last, line: line, time: firstTime)
            ledger.close(at: last, skipped: position["skipped"].unsigned, line: line, time: facts.time)
            rings[origin] = ledger
        }
    }

    /// Balances the books.
    func report() -> StreamReport {
        var findings: [Finding] = []
        if let first = firstLine, first > 1 {
            findings.append(.startMissing(firstLine: first))
        } else if !hasStart, firstLine == 1 {
            findings.append(.startMissing(firstLine: 1))
        }
        if repeatedLines > 0 { findings.append(.repeatedLines(count: repeatedLines)) }
        // What a sink lost is missing from the numbers of the lines.
        var sinkBudget = gaps.reduce(0) { $0 &+ ($1.origin == nil ? $1.count : 0) }
        for hole in lineHoles {
            let missing = hole.upperBound - hole.lowerBound + 1
            if missing <= sinkBudget {
                sinkBudget -= missing
            } else {
                findings.append(.missingLines(first: hole.lowerBound, last: hole.upperBound))
            }
        }
        for (origin, ledger) in rings.sorted(by: { $0.key < $1.key }) {
            var ledger = ledger
            if !hasStop { ledger.closeOpen() }
            findings += unexplained(ledger, origin)
            if ledger.excess > 0 { findings.append(.excess(origin: origin, count: ledger.excess)) }
        }
        findings += gaps.filter { !$0.isExplained }.map { .unexplainedGap($0) }
        return StreamReport(
            stream: stream, events: events, firstTime: firstTime, lastTime: lastTime, endedInOrder: hasStop,
            gaps: gaps.filter(\.isExplained), findings: findings)
    }

    private func unexplained(_ ledger: RingLedger, _ origin: RingCPU) -> [Finding] {
        guard !ledger.holes.isEmpty else { return [] }
        let here = gaps.filter { $0.origin == origin }
        let ranged = here.filter { $0.first > 0 }.sorted { $0.first < $1.first }
        // Gaps whose place was not known when they were written explain by their count.
        var loose = here.reduce(0) { $0 &+ ($1.first == 0 ? $1.count : 0) }
        var from = 0
        var findings: [Finding] = []
        for hole in ledger.holes {
            // The lines between are missing themselves, and judged as such.
            if lineHoles.contains(where: { hole.lines.overlaps($0) }) { continue }
            while from < ranged.count, ranged[from].last < hole.range.lowerBound { from += 1 }
            var covered: UInt64 = 0
            var index = from
            while index < ranged.count, ranged[index].first <= hole.range.upperBound {
                covered &+= ranged[index].overlap(hole.range)
                index += 1
            }
            guard hole.missing > covered else { continue }
            var missing = hole.missing - covered
            let taken = min(loose, missing)
            loose -= taken
            missing -= taken
            guard missing > 0 else { continue }
            findings.append(
                .hole(
                    origin: origin, missing: missing, first: hole.range.lowerBound,
                    last: hole.range.upperBound,
                    before: hole.before, after: hole.after))
        }
        return findings
    }
}
