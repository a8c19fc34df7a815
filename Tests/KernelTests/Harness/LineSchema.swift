import TestSupport
import Testing

/// Judges captured lines by the schema of events: each shape of line once, because storms repeat theirs. The
/// schema is made from the sources, so it needs no checkout.
struct LineSchema {
    private var known: Set<Int> = []

    /// Fails the test where a line is not what the schema says.
    mutating func check(_ event: CapturedEvent, _ line: ArraySlice<UInt8>) {
        var shape = Hasher()
        Self.add(event.json, to: &shape)
        guard known.insert(shape.finalize()).inserted else { return }
        let text = String(decoding: line, as: UTF8.self)
        let problems = EventSchema.problems(ofLine: text)
        if !problems.isEmpty { Issue.record("\(problems) in \(text)") }
    }

    /// Names and types, and texts that can be words of an enumeration; what is counted or timed is left out.
    private static func add(_ value: JSON, to shape: inout Hasher) {
        switch value {
        case .missing: shape.combine(0)
        case .null: shape.combine(1)
        case .bool: shape.combine(2)
        case .number: shape.combine(3)
        case .string(let text):
            shape.combine(4)
            if isWord(text) { shape.combine(text) }
        case .array(let values):
            shape.combine(5)
            for value in values { add(value, to: &shape) }
        case .object(let members):
            shape.combine(6)
            for (key, value) in members {
                shape.combine(key)
                add(value, to: &shape)
            }
        }
    }

    private static func isWord(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "_") || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        }
    }
}
