package import JSONTree

/// Writes a tree as text that people can be shown a line of: JSON with a line for each member, in which YAML's readers
/// find the same values.
package enum ObjectText {
    /// Columns of what is kept on one line.
    private static let lineColumns = 90
    /// Levels that get lines of their own: `spec.kprobes[].selectors[].matchArgs[].values[]`. Further ones do not, so that
    /// the text stays in proportion to the tree.
    private static let brokenLevels = 10

    /// Bytes of a tree that is written on lines at all: beyond that nobody reads it, and it would only grow.
    private static let mostBroken = 1 << 20

    /// The text, with a line end behind it.
    package static func written(_ value: JSONValue) -> String {
        var text = flat(value)
        if text.utf8.count > mostBroken { return text + "\n" }
        text = ""
        write(value, level: 0, &text)
        return text + "\n"
    }

    private static func write(_ value: JSONValue, level: Int, _ text: inout String) {
        let short = flat(value)
        let isShort = short.utf8.count <= lineColumns && level > 0
        if isShort || level >= brokenLevels {
            text += short
            return
        }
        let indent = String(repeating: "  ", count: level + 1)
        let end = "\n" + String(repeating: "  ", count: level)
        switch value {
        case .array(let values) where !values.isEmpty:
            text += "["
            for index in values.indices {
                text += (index == 0 ? "\n" : ",\n") + indent
                write(values[index], level: level + 1, &text)
            }
            text += end + "]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for index in members.indices {
                text += (index == 0 ? "\n" : ",\n") + indent + quoted(members[index].key) + ": "
                write(members[index].value, level: level + 1, &text)
            }
            text += end + "}"
        default: text += short
        }
    }

    /// On one line.
    private static func flat(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .array(let values): "[" + values.map(flat).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.key) + ": " + flat($0.value) }.joined(separator: ", ") + "}"
        default: value.json
        }
    }

    /// With escapes that JSON and YAML share, also for what only YAML forbids or takes for the end of a line.
    private static func quoted(_ text: String) -> String { JSONValue.quoted(text) { !isPlain($0) } }

    private static func isPlain(_ value: UInt32) -> Bool {
        switch value {
        case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd: true
        default: false
        }
    }
}
