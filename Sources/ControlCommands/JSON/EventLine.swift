package import EventFilters
package import EventModel
package import JSONTree

/// One line of the export: what `secd` (or Tetragon) writes to files, journald and subscribers.
package struct EventLine: Sendable {
    /// The JSON key of the event (`process_exec`), and its number if it has one.
    package let type: EventType
    /// Nil for an event of another program (Tetragon's `rate_limit_info`), which is shown as well.
    package let kind: EventKind?
    package let body: JSONValue
    package let nodeName: String
    /// RFC 3339, as it stands in the line.
    package let time: String
    /// Where the line stands in the stream.
    package let secd: JSONValue
    /// What stands beside the event, in the order of the line.
    private let envelope: [(key: String, value: JSONValue)]

    /// Reads a line (without its line break).
    /// - Throws: `JSONError` where the line is not one JSON object with an event in it.
    package init(parsing text: Span<UInt8>) throws(JSONError) {
        let line = try JSONScanner.parse(text)
        guard case .object(let members) = line else {
            throw JSONError(offset: 0, reason: "expected an object")
        }
        guard let position = members.firstIndex(where: { Self.isEvent($0.key, $0.value) }) else {
            throw JSONError(offset: 0, reason: "no event in the object")
        }
        type = EventType(key: members[position].key)
        kind = EventKind(rawValue: type.number)
        body = members[position].value
        nodeName = line["node_name"].textOrEmpty
        time = line["time"].textOrEmpty
        secd = line["secd"]
        var rest = members
        rest.remove(at: position)
        envelope = rest
    }

    package init(parsing text: String) throws(JSONError) {
        let bytes = Array(text.utf8)
        self = try Self(parsing: bytes.span)
    }

    /// The envelope has texts and a few objects of known names; the event is the other object.
    private static func isEvent(_ key: String, _ value: JSONValue) -> Bool {
        guard case .object = value else { return false }
        return key != "secd" && key != "node_labels" && key != "aggregation_info"
    }

    /// Nanoseconds since 1970, or nil where the time is missing or broken.
    package var nanoseconds: Int64? { Timestamp.parse(time) }
}

extension EventLine {
    private init(_ event: EventLine, body: JSONValue) {
        type = event.type
        kind = event.kind
        self.body = body
        nodeName = event.nodeName
        time = event.time
        secd = event.secd
        envelope = event.envelope
    }

    /// The event with other fields.
    package func replacing(body: JSONValue) -> EventLine { EventLine(self, body: body) }

    /// The event as a line of JSON.
    package var json: String { JSONValue.object([(type.name, body)] + envelope).json }
}
