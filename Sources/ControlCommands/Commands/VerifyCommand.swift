public import ArgumentParser

/// `secctl verify`: proves a log complete, or lists what is missing.
public struct VerifyCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove logs complete, or list what is missing.",
        discussion: """
            Takes the files of one log, rotated and compressed ones too, in any order.

            Exit code 0: every loss is explained by a recorded gap. 1: unexplained holes, damaged or foreign \
            lines. 2: a file cannot be read, or not to its end; the others are verified all the same.

              secctl verify /var/log/secd/events.json*
            """)

    @OptionGroup var display: DisplayOptions

    @Flag(help: "A stream that ended without stop counts as unexplained.")
    var strict = false

    @Argument(help: "Files of the log; - is stdin.", completion: .file())
    var files: [String]

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            var verifier = LogVerifier()
            for path in LogFiles.ordered(files) {
                verifier.begin(file: path)
                var number: UInt64 = 0
                do {
                    var reader = try LogFiles.reader(path)
                    try reader.readLines { line, unfinished in
                        number += 1
                        verifier.take(line, number: number, file: path, unfinished: unfinished)
                        return true
                    }
                } catch let error as InputError {
                    // The other files are still worth a verdict.
                    verifier.fail(file: path, after: number, reason: error.description)
                }
            }
            let report = verifier.report()
            if report.isUnread {
                for file in report.unread { Output.remark(file.reason) }
                throw Failures.noAnswer
            }
            let out = Output()
            switch display.output {
            case .json: try out.line(try Listing.json(VerifySummary(report)))
            case .table:
                for line in VerifyText(palette: display.palette(for: out)).lines(report) {
                    try out.line(line)
                }
            }
            try out.flush()
            if !report.unread.isEmpty { throw Failures.noAnswer }
            let open = strict && report.streams.contains { !$0.endedInOrder }
            if !report.isExplained || open { throw Failures.badNews }
        }
    }
}

/// The report as JSON.
private struct VerifySummary: Encodable {
    struct Stream: Encodable {
        var stream: String
        var events: UInt64
        var firstTime: String
        var lastTime: String
        var endedInOrder: Bool
        var explained: Bool
        var gaps: [RecordedGap]
        var findings: [String]
    }
    var files: [String]
    var events: UInt64
    var explained: Bool
    var streams: [Stream]
    var unread: [UnreadFile]
    var damaged: [DamagedLine]
    var damagedCount: UInt64
    var foreign: UInt64

    init(_ report: VerifyReport) {
        files = report.files
        events = report.events
        explained = report.isExplained
        streams = report.streams.map { stream in
            Stream(
                stream: stream.stream, events: stream.events, firstTime: stream.firstTime,
                lastTime: stream.lastTime,
                endedInOrder: stream.endedInOrder, explained: stream.isExplained, gaps: stream.gaps,
                findings: stream.findings.map { VerifyText.sentence($0) })
        }
        unread = report.unread
        damaged = report.damaged
        damagedCount = report.damagedCount
        foreign = report.foreign
    }
}
