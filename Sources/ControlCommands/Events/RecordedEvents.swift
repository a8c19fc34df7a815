import JSONTree

/// Events that were recorded (files, stdin, the journal): filtered here, since no daemon does it.
struct RecordedEvents {
    /// Damaged lines that are described; more are counted.
    private static let describedDamage = 5

    let printer: EventPrinter
    let filter: LineFilter
    let window: TimeWindow
    /// Show only this many, the newest.
    let last: Int?

    private var kept: [[UInt8]] = []
    private var damaged = 0
    private(set) var lines: UInt64 = 0
    /// Whether any line was an event, shown or not.
    private(set) var hasEvents = false
    /// Files that could not be read, or not to their end; each was said.
    private(set) var unread = 0
    /// An event came that lies so far behind the window that no other of the window can follow.
    private var isBehindWindow = false

    init(printer: EventPrinter, filter: LineFilter, window: TimeWindow, last: Int?) {
        self.printer = printer
        self.filter = filter
        self.window = window
        self.last = last
    }

    /// Reads files one after another ("-" = stdin).
    mutating func read(files: [String]) throws {
        for path in LogFiles.ordered(files) {
            do {
                try read(file: path)
            } catch let error as InputError {
                unread += 1
                try printer.flush()
                Output.remark(error.description)
            }
        }
        try finish()
    }

    private mutating func read(file path: String) throws {
        var reader = try LogFiles.reader(path)
        var number: UInt64 = 0
        let printer = printer
        try reader.readLines { line, _ in
            number += 1
            try take(line, file: path, number: number)
            return true
        } pieceDone: {
            try printer.flush()
        }
    }

    /// Reads the journal.
    mutating func readJournal() throws {
        let journal = try JournalReader()
        if let last, window.since == nil {
            // From the newest back: a journal of months is not read for the last ten events.
            var newest: [[UInt8]] = []
            try journal.backward(until: window.latestArrival) { line in
                if try passes(line, file: "journal", number: 0) != nil { newest.append(Self.copy(line)) }
                return newest.count < last
            }
            for line in newest.reversed() { try take(line.span, file: "journal", number: 0) }
        } else {
            try journal.forward(since: window.since) { line in
                try take(line, file: "journal", number: 0)
                return !isBehindWindow
            }
        }
        if let problem = journal.emptiness { throw problem }
        if journal.withoutLine > 0 {
            Output.remark(
                "\(journal.withoutLine) entries of the journal have no event as JSON and are not shown")
        }
        try finish()
    }

    private mutating func take(_ line: Span<UInt8>, file: String, number: UInt64) throws {
        guard !line.isEmpty else { return }
        lines += 1
        if !printer.needsEvent, filter.isEmpty, window.isOpen, last == nil {
            // Lines are passed on unread, once it is clear that they are of a log.
            if !hasEvents { hasEvents = (try? LineFacts(scanning: line)) != nil }
            return try printer.print(raw: line)
        }
        guard let event = try passes(line, file: file, number: number) else { return }
        guard let last else { return try printer.print(event, raw: line) }
        if kept.count >= 2 * max(last, 1) { kept.removeFirst(kept.count - last) }
        kept.append(Self.copy(line))
    }

    /// The event of a line that shall be shown.
    private mutating func passes(_ line: Span<UInt8>, file: String, number: UInt64) throws -> EventLine? {
        do throws(JSONError) {
            let event = try EventLine(parsing: line)
            hasEvents = true
            guard window.isOpen || window.contains(event.nanoseconds) else {
                isBehindWindow = isBehindWindow || window.isOver(at: event.nanoseconds)
                return nil
            }
            return filter.passes(event, line) ? event : nil
        } catch {
            damaged += 1
            if damaged <= Self.describedDamage {
                Output.remark(
                    number > 0
                        ? "\(file):\(number): not an event: \(error)" : "\(file): not an event: \(error)")
            }
            return nil
        }
    }

    private mutating func finish() throws {
        for line in kept.suffix(last ?? 0) {
            if let event = try? EventLine(parsing: line.span) { try printer.print(event, raw: line.span) }
        }
        try printer.flush()
        if damaged > Self.describedDamage {
            Output.remark("\(damaged) lines were not events; secctl verify lists what is missing")
        }
    }

    private static func copy(_ line: Span<UInt8>) -> [UInt8] {
        line.indices.map { line[$0] }
    }
}
