package import EventModel

/// One line of the export: what `secd` writes to files, journald and subscribers.
package struct EventLine: Sendable {
    /// The JSON key of the event (`process_exec`).
    package let kindName: String
    /// Nil for an event of another program (Tetragon's `process_kprobe`), which is shown as well.
    package let kind: EventKind?
    package let body: JSONValue
    package let nodeName: String
    /// RFC 3339, as it stands in the line.
    package let time: String
    /// Where the line stands in the stream.
    package let secd: JSONValue

    /// Reads a line (without its line break).
    /// - Throws: `JSONError` where the line is not one JSON object with an event in it.
    package init(parsing text: Span<UInt8>) throws(JSONError) {
        let line = try JSONScanner.parse(text)
        guard case .object(let members) = line else {
            throw JSONError(offset: 0, reason: "expected an object")
        }
        guard let event = members.first(where: { Self.isEvent($0.key, $0.value) }) else {
            throw JSONError(offset: 0, reason: "no event in the object")
        }
        kindName = event.key
        kind = EventKind(name: event.key)
        body = event.value
        nodeName = line["node_name"].textOrEmpty
        time = line["time"].textOrEmpty
        secd = line["secd"]
    }

    package init(parsing text: String) throws(JSONError) {
        let bytes = Array(text.utf8)
        self = try Self(parsing: bytes.span)
    }

    /// The envelope has strings, `secd` and (Tetragon's) `node_labels`; the event is the other object.
    private static func isEvent(_ key: String, _ value: JSONValue) -> Bool {
        guard case .object = value else { return false }
        return key != "secd" && key != "node_labels" && key != "aggregation_info"
    }

    /// Nanoseconds since 1970, or nil where the time is missing or broken.
    package var nanoseconds: Int64? { Timestamp.parse(time) }
}

extension EventLine {
    private init(_ event: EventLine, body: JSONValue) {
        kindName = event.kindName
        kind = event.kind
        self.body = body
        nodeName = event.nodeName
        time = event.time
        secd = event.secd
    }

    /// The event with other fields.
    package func replacing(body: JSONValue) -> EventLine { EventLine(self, body: body) }

    /// The event as a line of JSON.
    package var json: String {
        var members: [(key: String, value: JSONValue)] = [(kindName, body)]
        if !nodeName.isEmpty { members.append(("node_name", .string(nodeName))) }
        if !time.isEmpty { members.append(("time", .string(time))) }
        if secd.exists { members.append(("secd", secd)) }
        return JSONValue.object(members).json
    }
}
