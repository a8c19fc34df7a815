package import EventFilters

/// How events are shown.
package enum EventFormat: String, CaseIterable, Sendable {
    case compact, json, wide
}

/// Shows lines of the export: as they are, or as text for people.
package struct EventPrinter {
    private let format: EventFormat
    private let renderer: EventRenderer
    private let mask: FieldMask
    private let output: Output

    package init(
        format: EventFormat, stacks: Bool = false, hashes: Bool = false, palette: Palette, clock: ClockStyle,
        mask: FieldMask, output: Output
    ) {
        self.format = format
        renderer = EventRenderer(
            wide: format == .wide, stacks: stacks, hashes: hashes, palette: palette, clock: clock)
        self.mask = mask
        self.output = output
    }

    /// Whether a line must be read to be shown.
    package var needsEvent: Bool { format != .json || !mask.isEmpty }

    /// Shows a line as it is.
    package func print(raw line: Span<UInt8>) throws {
        try output.line(line)
    }

    package func print(_ event: EventLine, raw line: Span<UInt8>) throws {
        if format == .json, mask.isEmpty { return try output.line(line) }
        var event = event
        if let level = mask.level(for: event.type) {
            event = event.replacing(body: event.body.restricted(to: level))
        }
        try output.line(format == .json ? event.json : renderer.text(for: event))
    }

    package func flush() throws {
        try output.flush()
    }
}

/// Points in time between which events are shown.
package struct TimeWindow: Sendable, Equatable {
    /// How much later than others an event may arrive: sinks wait for a journald that is away.
    private static let lateness: Int64 = 600_000_000_000

    package var since: Int64?
    package var until: Int64?

    package init(since: Int64? = nil, until: Int64? = nil) {
        self.since = since
        self.until = until
    }

    package var isOpen: Bool { since == nil && until == nil }

    /// Events without a time are shown: nothing says that they lie outside.
    package func contains(_ time: Int64?) -> Bool {
        guard let time else { return true }
        return time >= since ?? .min && time <= until ?? .max
    }

    /// When the last event of the window has arrived where it was sent; nil = no end.
    package var latestArrival: Int64? { until.map { min($0, .max - Self.lateness) + Self.lateness } }

    /// Whether all events of the window stand before one of this time.
    package func isOver(at time: Int64?) -> Bool {
        guard let time, let latestArrival else { return false }
        return time > latestArrival
    }
}
