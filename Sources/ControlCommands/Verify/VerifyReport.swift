import JSONTree

/// Something in a log that nobody explained.
package enum Finding: Sendable, Equatable {
    /// Numbers of a ring and CPU that neither a line, nor a `skipped` count, nor a gap accounts for.
    case hole(origin: RingCPU, missing: UInt64, first: UInt64, last: UInt64, before: String, after: String)
    /// Lines of the stream that are not here.
    case missingLines(first: UInt64, last: UInt64)
    /// The files begin in the middle of a stream.
    case startMissing(firstLine: UInt64)
    /// Lines that are here twice, or out of place.
    case repeatedLines(count: UInt64)
    /// More records than numbers: lines were added or altered.
    case excess(origin: RingCPU, count: UInt64)
    /// The daemon noticed a hole and did not know why.
    case unexplainedGap(RecordedGap)

    /// An older file that was not given is no hole; it is said all the same.
    package var isNote: Bool {
        if case .startMissing(let line) = self { line > 1 } else { false }
    }
}

/// A line that cannot be read.
package struct DamagedLine: Sendable, Equatable, Codable {
    package let file: String
    package let line: UInt64
    package let reason: String
}

/// A file that could not be read, or not to its end.
package struct UnreadFile: Sendable, Equatable, Codable {
    package let file: String
    /// Lines that were read before.
    package let lines: UInt64
    package let reason: String
}

/// What the books of one stream say.
package struct StreamReport: Sendable {
    package let stream: String
    package let events: UInt64
    package let firstTime: String
    package let lastTime: String
    /// False for a stream without `stream_stop`: it still runs, or was killed.
    package let endedInOrder: Bool
    /// Recorded losses.
    package let gaps: [RecordedGap]
    package let findings: [Finding]

    package var isExplained: Bool { findings.allSatisfy(\.isNote) }
}

/// What `secctl verify` found.
package struct VerifyReport: Sendable {
    package var files: [String] = []
    package var streams: [StreamReport] = []
    /// Files whose rest is not proven.
    package var unread: [UnreadFile] = []
    /// The first damaged lines; all of them are counted.
    package var damaged: [DamagedLine] = []
    package var damagedCount: UInt64 = 0
    /// Lines without `secd`: events of another program, which nobody numbered.
    package var foreign: UInt64 = 0

    /// Whether no file gave anything at all.
    package var isUnread: Bool { unread.count == files.count && unread.allSatisfy { $0.lines == 0 } }

    package var events: UInt64 { streams.reduce(foreign) { $0 + $1.events } }

    /// Whether the files hold not a single line.
    package var isEmpty: Bool { events == 0 && damagedCount == 0 && unread.isEmpty }

    /// Whether every loss is explained. An empty log explains nothing: it would begin with its start.
    package var isExplained: Bool {
        !isEmpty && unread.isEmpty && damagedCount == 0 && foreign == 0 && streams.allSatisfy(\.isExplained)
    }
}

/// Verifies lines as they come: `take` each, then `report`.
package struct LogVerifier {
    /// Damaged lines that are described; more are counted.
    private static let describedDamage = 20

    private var ledgers: [StreamLedger] = []
    private var index: [String: Int] = [:]
    private var result = VerifyReport()

    package init() {}

    package mutating func begin(file: String) { result.files.append(file) }

    /// The file cannot be read on, after so many lines.
    package mutating func fail(file: String, after lines: UInt64, reason: String) {
        result.unread.append(UnreadFile(file: file, lines: lines, reason: reason))
    }

    /// Takes a line without its line break; an unfinished one is the last of a file that ends
    /// without a line break.
    package mutating func take(_ text: Span<UInt8>, number: UInt64, file: String, unfinished: Bool = false) {
        if text.isEmpty { return }
        do throws(JSONError) {
            if unfinished { throw JSONError(offset: text.count, reason: "the line has no end") }
            let facts = try LineFacts(scanning: text)
            guard let stream = facts.stream else {
                result.foreign += 1
                return
            }
            let position = index[stream] ?? ledgers.count
            if position == ledgers.count {
                ledgers.append(StreamLedger(stream: stream))
                index[stream] = position
            }
            ledgers[position].book(facts)
        } catch {
            result.damagedCount += 1
            if result.damaged.count < Self.describedDamage {
                result.damaged.append(DamagedLine(file: file, line: number, reason: error.description))
            }
        }
    }

    package func report() -> VerifyReport {
        var result = result
        result.streams = ledgers.map { $0.report() }
        return result
    }
}
