public import ArgumentParser
import EventFilters
import Foundation

/// `secctl events`: live events, or recorded ones.
public struct EventsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Show events: live, from files, from stdin or from the journal.",
        discussion: """
            Without FILE and --since, --until or --last, events come live from the daemon. Piped input is \
            read instead, and --since, --until or --last alone read the journal (also where a pipe on stdin \
            stays silent for 2 seconds; - waits for it).

              secctl events --process curl -e exec,connect
              secctl events --since -1h -o json /var/log/secd/events.json*
              ssh web1 cat /var/log/secd/events.json | secctl events -o wide
            """,
        aliases: ["getevents"])

    @OptionGroup(title: "Daemon") package var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filters: EventFilterOptions
    @OptionGroup(title: "Fields") var fields: FieldOptions

    @Option(
        name: .shortAndLong, help: "compact, wide (ancestry to PID 1, details) or json (the export line).")
    var output: EventFormat = .compact

    @Option(help: "Colour: auto (on a terminal, unless NO_COLOR is set), always, never.")
    var color: ColorMode = .auto

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Not before: RFC 3339, 2026-11-21, \"2026-11-21 08:00\", -1h, 10m.", valueName: "time"))
    var since: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Not after.", valueName: "time"))
    var until: String?

    @Option(help: ArgumentHelp("Only the newest; live: end after this many.", valueName: "count"))
    var last: Int?

    @Flag(help: "Show whole times (RFC 3339, UTC) instead of the time of day.")
    var timestamps = false

    @Flag(help: "Show stack traces below events of policies, as -o wide does.")
    var stackTraces = false

    @Flag(help: "Show hashes of files that policies ask for, as -o wide does.")
    var imaHash = false

    @Flag(help: "Read the daemon even where input is piped.")
    var live = false

    @Flag(help: "Connect again when the daemon goes.")
    var reconnect = false

    @Option(help: ArgumentHelp("Wait before that: 2s, 1m.", valueName: "span"))
    var reconnectWait = "2s"

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Accepted for users of tetra; secd records no terminal data.", valueName: "path"))
    var ttyEncode: String?

    /// Only here: `top -d` is its delay.
    @Flag(
        name: .customShort("d"),
        help: ArgumentHelp("Accepted for users of tetra; without effect.", visibility: .hidden))
    var shortDebug = false

    @Argument(help: "Logs to read, compressed ones too; - is stdin.", completion: .file())
    var files: [String] = []

    public init() {}

    public mutating func validate() throws {
        if let last, last < 1 { throw ValidationError("--last takes a number from 1 on") }
        for (name, text) in [("--since", since), ("--until", until)] {
            if let text, Self.moment(text) == nil {
                throw ValidationError(
                    "\(name) \"\(text)\": write 2026-11-21T08:00:00Z, \"2026-11-21 08:00\", -1h or 10m")
            }
        }
        if Timestamp.parseSpan(reconnectWait) == nil {
            throw ValidationError("--reconnect-wait \"\(reconnectWait)\": write 500ms, 2s, 1m")
        }
        if shortDebug { connection.debug = true }
        if live, !files.isEmpty { throw ValidationError("--live and FILE exclude each other") }
    }

    public func run() async throws {
        try await Failures.reported {
            let source = EventSource.choose(
                files: files, live: live || connection.isGiven || reconnect,
                wantsPast: since != nil || until != nil || (last != nil && !live), stdin: StandardInput(),
                hasData: { StandardInput.look() == .data })
            let out = Output()
            try await show(source, out)
        }
    }

    private func show(_ source: EventSource, _ out: Output) async throws {
        let palette = Palette(
            isOn: color.isOn(terminal: out.isTerminal, environment: ProcessInfo.processInfo.environment))
        let clock: ClockStyle = timestamps ? .full : .timeOfDay { Timestamp.localOffset(at: $0) }
        if ttyEncode != nil { Output.remark("--tty-encode has no effect: secd records no terminal data") }
        if source == .daemon {
            // Nothing may happen for hours: `secctl events | head -1` ends when head does.
            out.whenReaderLeaves { _exit(Failures.good.rawValue) }
            var request = EventRequest()
            request.allow = filters.filter.map { [$0] } ?? []
            request.fields = fields.filters
            let printer = EventPrinter(
                format: output, stacks: stackTraces, hashes: imaHash, palette: palette, clock: clock,
                mask: try FieldMask([]), output: out)
            let wait = Timestamp.parseSpan(reconnectWait).map { Duration.nanoseconds($0) }
            let live = LiveEvents(
                daemon: try connection.daemon(), request: request, printer: printer,
                reconnectWait: reconnect ? wait : nil, limit: last)
            return try await live.run()
        }
        let printer = EventPrinter(
            format: output, stacks: stackTraces, hashes: imaHash, palette: palette, clock: clock,
            mask: try FieldMask(fields.filters), output: out)
        for sentence in connection.withoutEffect { Output.remark(sentence) }
        let window = TimeWindow(since: since.flatMap(Self.moment), until: until.flatMap(Self.moment))
        var events = RecordedEvents(
            printer: printer, filter: try LineFilter(filters.filter), window: window, last: last)
        switch source {
        case .daemon, .journal: return try events.readJournal()
        case .files(let paths): try events.read(files: paths)
        case .stdin:
            if StandardInput() == .pipe, StandardInput.look() == .silent {
                Output.remark("waiting for stdin; for live events add --live")
            }
            try events.read(files: ["-"])
            if events.lines == 0 { Output.remark("stdin was empty; for live events add --live") }
        }
        if events.unread > 0 { throw Failures.noAnswer }
        guard !events.hasEvents else { return }
        if events.lines > 0 || source != .stdin {
            Output.remark("there is no event in what was read: is it a log of secd, or of Tetragon?")
        }
        throw Failures.badNews
    }

    private static func moment(_ text: String) -> Int64? {
        Timestamp.parseBound(text, now: Timestamp.now()) { Timestamp.localOffset(at: $0) }
    }
}

extension EventFormat: ExpressibleByArgument {}

/// Where events come from.
package enum EventSource: Equatable, Sendable {
    case daemon, stdin, journal
    case files([String])

    /// - Parameter hasData: asked only where a pipe may be one that nobody writes to.
    package static func choose(
        files: [String], live: Bool, wantsPast: Bool, stdin: StandardInput, hasData: () -> Bool
    ) -> EventSource {
        if !files.isEmpty { return .files(files) }
        if live { return .daemon }
        switch stdin {
        case .file: return .stdin
        // Asked for the past, there is the journal; else waiting for a slow writer is right.
        case .pipe: return !wantsPast || hasData() ? .stdin : .journal
        case .nothing: return wantsPast ? .journal : .daemon
        }
    }
}
