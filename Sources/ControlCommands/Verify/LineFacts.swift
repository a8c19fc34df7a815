package import JSONTree

/// What `verify` needs of a line, read without building the rest of it.
package struct LineFacts: Sendable {
    /// Nil for lines that carry no account of themselves (written by another program).
    package var stream: String?
    package var line: UInt64?
    /// Ring and CPU of the record; nil for events that the daemon itself made.
    package var origin: RingCPU?
    package var sequence: UInt64 = 0
    package var skipped: UInt64 = 0
    /// RFC 3339.
    package var time = ""
    /// The JSON key of the event.
    package var kind = ""
    /// The event itself, for the kinds that belong to the books (`stream_…`).
    package var body: JSONValue = .null

    /// - Throws: `JSONError` where the text is not one JSON object with an event in it.
    package init(scanning text: Span<UInt8>) throws(JSONError) {
        var at = 0
        var facts = LineParts()
        JSONScanner.skipSpace(text, &at)
        try JSONScanner.members(text, &at) { (key, inner: inout Int) throws(JSONError) in
            if JSONScanner.equals(text, key, "secd") {
                facts.secd = try JSONScanner.value(text, &inner)
            } else if JSONScanner.equals(text, key, "time") {
                facts.time = try JSONScanner.value(text, &inner)
            } else if facts.kind.isEmpty, inner < text.count, text[inner] == UInt8(ascii: "{") {
                facts.kind = try JSONScanner.string(text, key)
                if facts.kind.hasPrefix("stream_") {
                    facts.body = try JSONScanner.value(text, &inner)
                } else {
                    try JSONScanner.skip(text, &inner)
                }
            } else {
                try JSONScanner.skip(text, &inner)
            }
        }
        JSONScanner.skipSpace(text, &at)
        guard at == text.count else { throw JSONError(offset: at, reason: "text behind the end") }
        guard !facts.kind.isEmpty else { throw JSONError(offset: 0, reason: "no event in the object") }
        kind = facts.kind
        body = facts.body
        time = facts.time.textOrEmpty
        stream = facts.secd["stream"].text
        line = facts.secd["line"].unsigned
        if let ring = facts.secd["ring"].text {
            origin = RingCPU(ring: ring, cpu: facts.secd["cpu"].unsigned ?? 0)
        }
        sequence = facts.secd["seq"].unsigned ?? 0
        skipped = facts.secd["skipped"].unsigned ?? 0
    }

    package init(scanning text: String) throws(JSONError) {
        let bytes = Array(text.utf8)
        self = try Self(scanning: bytes.span)
    }
}

private struct LineParts {
    var kind = ""
    var body: JSONValue = .null
    var secd: JSONValue = .null
    var time: JSONValue = .null
}

/// A ring and a CPU: what records are numbered by.
package struct RingCPU: Hashable, Sendable, Codable, Comparable {
    package let ring: String
    package let cpu: UInt64

    package init(ring: String, cpu: UInt64) {
        self.ring = ring
        self.cpu = cpu
    }

    package static func < (left: RingCPU, right: RingCPU) -> Bool {
        (left.ring, left.cpu) < (right.ring, right.cpu)
    }
}

/// A loss that the daemon recorded (`stream_gap`).
package struct RecordedGap: Sendable, Codable, Equatable {
    /// Nil for the loss of a sink, which is counted in events.
    package let origin: RingCPU?
    package let first: UInt64
    package let last: UInt64
    package let count: UInt64
    package let cause: String
    package let sink: String?
    package let from: String?
    package let to: String?

    init(_ body: JSONValue) {
        origin = body["ring"].text.map { RingCPU(ring: $0, cpu: body["cpu"].unsigned ?? 0) }
        first = body["first"].unsigned ?? 0
        last = body["last"].unsigned ?? 0
        count = body["count"].unsigned ?? 0
        cause = body["cause"].text ?? "unknown"
        sink = body["sink"].text
        from = body["from_time"].text
        to = body["to_time"].text
    }

    /// Whether somebody counted what was lost; a hole that the daemon only noticed explains nothing.
    package var isExplained: Bool { cause != "unexplained" }

    /// Missing numbers of this gap inside a range.
    func overlap(_ range: ClosedRange<UInt64>) -> UInt64 {
        guard first > 0, first <= last, first <= range.upperBound, last >= range.lowerBound else { return 0 }
        let common = min(last, range.upperBound) - max(first, range.lowerBound)
        let (count, overflow) = common.addingReportingOverflow(1)
        return overflow ? common : min(count, self.count)
    }
}
