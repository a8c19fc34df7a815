import EventModel

/// How times are shown.
package enum ClockStyle: Sendable {
    /// `12:40:01.123` in a zone; the closure gives its seconds ahead of UTC at a moment.
    case timeOfDay(offset: @Sendable (Int64) -> Int64)
    /// RFC 3339 with nine decimals, as in the event.
    case full
}

/// Events as text, a line each: when, what, where it happened, and from the process on what it did.
///
///     14:02:52.178  exec     host           bash[15080] → dash[15154] → /usr/bin/wget[15155] -q http://db.lan/
///     14:02:52.213  connect  host           wget[15155] → 192.0.2.8:80 (db.lan)   established in 54 µs
package struct EventRenderer: Sendable {
    /// Show the whole ancestry to PID 1, and every detail that has a place on a line.
    package let wide: Bool
    /// Show the stack traces of policy events, on lines of their own.
    package let stacks: Bool
    /// Show the hashes of files that policies ask for.
    package let hashes: Bool
    package let palette: Palette
    package let clock: ClockStyle

    /// A compact line shows this much of an argument list.
    static let compactArguments = 300

    /// - Parameters:
    ///   - stacks: wide events have them in any case.
    ///   - hashes: likewise.
    package init(
        wide: Bool, stacks: Bool = false, hashes: Bool = false, palette: Palette, clock: ClockStyle
    ) {
        self.wide = wide
        self.stacks = stacks || wide
        self.hashes = hashes || wide
        self.palette = palette
        self.clock = clock
    }

    /// The line of an event, and the lines that stand indented below it, without the last line break.
    package func text(for event: EventLine) -> String {
        let line = line(for: event)
        return stacks ? ([line] + stackLines(of: event.body)).joined(separator: "\n") : line
    }

    /// The line of an event, without a line break.
    package func line(for event: EventLine) -> String {
        var line = StyledLine(palette)
        line.column(time(event.time), width: 14, .faint)
        let chain = ProcessChain(of: event.body)
        let (verb, style) = Self.verb(of: event)
        line.column(verb, width: 9, style)
        line.column(
            chain.process?.place ?? (event.nodeName.isEmpty ? "host" : event.nodeName), width: 15, .faint)
        switch event.kind {
        case .processExec: exec(event.body, chain, &line)
        case .processExit: exit(event.body, chain, &line)
        case .processCredentials: credentials(event.body, chain, &line)
        case .processFork: actor(chain, &line)
        case .socketCreate, .socketBind, .socketListen, .socketConnect, .socketAccept, .socketClose,
            .socketHandover,
            .socketDatagram:
            socket(event, chain, &line)
        case .fileOpen, .fileCreate, .fileDelete, .fileRename, .fileLink, .fileChmod, .fileChown, .fileMap:
            file(event, chain, &line)
        case .processKprobe, .processTracepoint, .processLoader, .processUprobe, .processThrottle,
            .processLsm, .processUsdt:
            policy(event, chain, &line)
        case .streamStart, .streamGap, .streamStop: stream(event, &line)
        case .workloadNamed: named(event.body, chain, &line)
        case nil: foreign(event, chain, &line)
        }
        return line.text
    }

    /// The word in the second column; `-e` takes the same words.
    package static func verb(of event: EventLine) -> (String, Style) {
        guard let kind = event.kind else {
            return (EventVerb.name(of: event.type), .daemon)
        }
        return (EventVerb.name(of: kind), EventVerb.style(of: kind))
    }

    private func time(_ text: String) -> String {
        guard case .timeOfDay(let offset) = clock, let moment = Timestamp.parse(text) else { return text }
        return Self.timeOfDay(moment, offset: offset, decimals: 3)
    }

    static func timeOfDay(_ moment: Int64, offset: (Int64) -> Int64, decimals: Int) -> String {
        let seconds = moment.floorDivided(by: 1_000_000_000)
        let fraction = Timestamp.padded(moment - seconds * 1_000_000_000, 9).prefix(decimals)
        return Timestamp.civil(seconds + offset(seconds)).dropFirst(11) + "." + fraction
    }

    /// A time inside a line, in the style of the first column.
    func inlineTime(_ text: String) -> String { time(text) }

    /// The acting process; in wide lines with everything above it.
    func actor(_ chain: ProcessChain, unknown reason: String = "", _ line: inout StyledLine) {
        if wide { above(chain.above, &line) }
        guard let process = chain.process else {
            line.add("unknown", .warning)
            if !reason.isEmpty { line.add(" (\(reason))", .warning) }
            return
        }
        line.add(process.label, .strong)
    }

    func above(_ processes: [ProcessText], _ line: inout StyledLine) {
        for process in processes {
            line.add(process.label)
            line.add(" → ", .faint)
        }
    }
}
