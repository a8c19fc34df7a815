/// The books of one ring and CPU of a stream: every number is a line, a record that gave no line
/// (`skipped`), or missing.
struct RingLedger {
    /// Numbers of which some are missing, between two lines.
    struct Hole: Sendable {
        let range: ClosedRange<UInt64>
        var missing: UInt64
        /// Lines of the stream on both sides: a sink may have lost what lies between them.
        let lines: ClosedRange<UInt64>
        let before: String
        let after: String
    }

    /// Records arrive slightly out of order (an interrupt writes between the number and the record
    /// of another): a surplus is taken to be the other half of a hole up to this many numbers away.
    private static let reorderWindow: UInt64 = 4096

    private(set) var highest: UInt64
    private(set) var holes: [Hole] = []
    /// Records that were counted before their place came, and where that was.
    private var surplus: UInt64 = 0
    private var surplusAt: UInt64 = 0
    /// Records more than there are numbers: lines doubled or altered.
    private(set) var excess: UInt64 = 0
    private(set) var reordered: UInt64 = 0
    private var lastLine: UInt64
    private var lastTime: String

    /// Numbers up to `base` lie before what is known.
    init(base: UInt64, line: UInt64, time: String) {
        highest = base
        lastLine = line
        lastTime = time
    }

    /// Books a line.
    mutating func book(sequence: UInt64, skipped: UInt64, line: UInt64, time: String) {
        defer {
            lastLine = max(lastLine, line)
            lastTime = time
        }
        let (records, overflow) = skipped.addingReportingOverflow(1)
        guard !overflow else {
            excess += 1
            return
        }
        if surplus > 0, sequence > surplusAt &+ Self.reorderWindow {
            excess += surplus
            surplus = 0
        }
        guard sequence > highest else {
            // Its place lies behind: it was noted as missing.
            reordered += 1
            settle(records, at: sequence)
            return
        }
        let span = sequence - highest
        if span > records {
            var missing = span - records
            let taken = min(missing, surplus)
            surplus -= taken
            missing -= taken
            if missing > 0 {
                holes.append(
                    Hole(
                        range: (highest + 1)...(sequence - 1), missing: missing,
                        lines: min(lastLine, line)...max(lastLine, line), before: lastTime, after: time))
            }
        } else if span < records {
            settle(records - span, at: sequence)
        }
        highest = sequence
    }

    /// Takes records that turned up late off the holes that were waiting for them.
    private mutating func settle(_ records: UInt64, at sequence: UInt64) {
        var rest = records
        var index = holes.count
        while rest > 0, index > 0 {
            index -= 1
            guard holes[index].range.upperBound &+ Self.reorderWindow >= sequence else { break }
            let taken = min(rest, holes[index].missing)
            holes[index].missing -= taken
            rest -= taken
        }
        holes.removeAll { $0.missing == 0 }
        if rest > 0 {
            surplus += rest
            surplusAt = sequence
        }
    }

    /// Compares with the last number that the daemon noted when it stopped.
    mutating func close(at last: UInt64, skipped: UInt64?, line: UInt64, time: String) {
        excess += surplus
        surplus = 0
        guard last >= highest else {
            excess += highest - last
            return
        }
        // Without a count the daemon vouches for the records that came after the last line.
        guard let skipped, last - highest > skipped else { return }
        holes.append(
            Hole(
                range: (highest + 1)...last, missing: last - highest - skipped,
                lines: min(lastLine, line)...max(lastLine, line), before: lastTime, after: time))
    }

    /// For a stream without an end.
    mutating func closeOpen() {
        excess += surplus
        surplus = 0
    }
}
