/// A verification in words.
///
///     2 files, 88,210 events, 2026-11-21T08:30:00Z … 2026-11-21T14:02:55Z, stream 315661f0
///     complete but for 1 gap: cpu 3, 37 observations at 09:15:41.2–09:15:41.3, cause ring full (lifecycle: no loss)
package struct VerifyText {
    /// Gaps and findings that are listed for each stream; all are counted.
    private static let listed = 20

    private let palette: Palette

    package init(palette: Palette) {
        self.palette = palette
    }

    package func lines(_ report: VerifyReport) -> [String] {
        var lines = [head(report)]
        for stream in report.streams {
            lines += self.lines(
                stream, alone: report.streams.count == 1, isLast: stream.stream == report.streams.last?.stream
            )
        }
        for file in report.unread {
            let read = file.lines == 0 ? "" : " (after \(Quantity.counted(file.lines, "line")))"
            lines.append(palette.paint("not read\(read): \(safe(file.reason))", .alarm))
        }
        for damage in report.damaged {
            lines.append(
                palette.paint("damaged: \(safe(damage.file)):\(damage.line): \(damage.reason)", .alarm))
        }
        if report.damagedCount > report.damaged.count {
            lines.append("… \(Quantity.counted(report.damagedCount, "damaged line")) in all")
        }
        if report.foreign > 0 {
            lines.append(
                palette.paint(
                    "\(Quantity.counted(report.foreign, "event")) without a number in the stream: not written by secd, "
                        + "nothing is proven about them", .alarm))
        }
        if report.isEmpty {
            lines.append(
                palette.paint("empty: not even the start of a stream, so nothing is proven", .alarm))
        }
        return lines
    }

    /// Names in a report come from the log: they must not drive the terminal.
    private func safe(_ text: String) -> String { TerminalText.escaped(text) }

    private func head(_ report: VerifyReport) -> String {
        var parts = [
            Quantity.counted(UInt64(report.files.count), "file"), Quantity.counted(report.events, "event"),
        ]
        let first = report.streams.map(\.firstTime).filter { !$0.isEmpty }.min() ?? ""
        let last = report.streams.map(\.lastTime).filter { !$0.isEmpty }.max() ?? ""
        if !first.isEmpty { parts.append("\(Self.toSeconds(first)) … \(Self.toSeconds(last))") }
        if report.streams.count == 1, let only = report.streams.first {
            parts.append("stream \(safe(only.stream))")
        }
        if report.streams.count > 1 { parts.append("\(report.streams.count) streams") }
        return parts.joined(separator: ", ")
    }

    private func lines(_ stream: StreamReport, alone: Bool, isLast: Bool) -> [String] {
        let unexplained = stream.findings.filter { !$0.isNote }
        var verdict: String
        if !unexplained.isEmpty {
            verdict = palette.paint(
                "NOT complete: \(Quantity.counted(UInt64(unexplained.count), "unexplained finding"))", .alarm)
        } else if stream.gaps.isEmpty {
            verdict = palette.paint("complete", .good)
        } else {
            verdict = palette.paint(
                "complete but for \(Quantity.counted(UInt64(stream.gaps.count), "gap"))", .warning)
        }
        let ending =
            stream.endedInOrder
            ? ""
            : isLast ? "; no end yet (running, or killed)" : "; ended without stop (killed, or power lost)"
        let title =
            alone ? "" : "stream \(safe(stream.stream)), \(Quantity.counted(stream.events, "event")): "
        let single = unexplained.isEmpty && stream.gaps.count == 1 ? stream.gaps.first : nil
        if let single { verdict += ": " + safe(Self.text(single)) + freedom(stream) }
        var lines = [title + verdict + ending]
        let items = stream.findings.map {
            palette.paint(safe(Self.sentence($0)), $0.isNote ? .faint : .alarm)
        }
        let gaps = single == nil ? stream.gaps.map { "gap: " + safe(Self.text($0)) } : []
        for list in [items, gaps] {
            lines += list.prefix(Self.listed).map { "  " + $0 }
            if list.count > Self.listed {
                lines.append("  … \(list.count - Self.listed) more (-o json lists all)")
            }
        }
        return lines
    }

    /// Which rings lost nothing.
    private func freedom(_ stream: StreamReport) -> String {
        let lost = Set(stream.gaps.compactMap { $0.origin?.ring })
        guard !lost.isEmpty else { return "" }
        let whole = ["lifecycle", "verdict"].filter { !lost.contains($0) }
        return whole.isEmpty ? "" : " (\(whole.joined(separator: " and ")): no loss)"
    }

    private static func text(_ gap: RecordedGap) -> String {
        var text = ""
        if let origin = gap.origin {
            text += "cpu \(origin.cpu), " + GapText.records(gap.count, ring: origin.ring)
        } else {
            text += Quantity.counted(gap.count, "event") + (gap.sink.map { " of sink \($0)" } ?? "")
        }
        if let from = gap.from { text += " at \(clock(from))" + (gap.to.map { "–\(clock($0))" } ?? "") }
        return text + ", cause " + GapText.readable(gap.cause)
    }

    /// A finding in one sentence.
    static func sentence(_ finding: Finding) -> String {
        switch finding {
        case .hole(let origin, let missing, let first, let last, let before, let after):
            "hole: cpu \(origin.cpu), \(GapText.records(missing, ring: origin.ring)) missing among \(first)–\(last), "
                + "between \(clock(before)) and \(clock(after)), no gap recorded"
        case .missingLines(let first, let last):
            "hole: \(first == last ? "line \(first)" : "lines \(first)–\(last)") of the stream missing, no gap recorded"
        case .startMissing(let line):
            line > 1
                ? "begins at line \(line) of the stream: what came before is in an older file"
                : "line 1 of the stream is not its start"
        case .repeatedLines(let count):
            "\(Quantity.counted(count, "line")) twice or out of place"
        case .excess(let origin, let count):
            "cpu \(origin.cpu), ring \(origin.ring): \(Quantity.counted(count, "record")) more than there are numbers: "
                + "lines were added or altered"
        case .unexplainedGap(let gap):
            "gap: " + text(gap) + ": secd noticed the loss and found no reason"
        }
    }

    /// `2026-11-20T00:00:03Z`.
    private static func toSeconds(_ time: String) -> String {
        guard let moment = Timestamp.parse(time) else { return TerminalText.escaped(time) }
        return Timestamp.civil(moment.floorDivided(by: 1_000_000_000)) + "Z"
    }

    /// `03:12:09.4`, UTC as in the head.
    private static func clock(_ time: String) -> String {
        guard let moment = Timestamp.parse(time) else { return time.isEmpty ? "?" : time }
        return EventRenderer.timeOfDay(moment, offset: { _ in 0 }, decimals: 1)
    }
}
