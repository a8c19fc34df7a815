/// Text from processes, made safe to show: a hostile argv must not drive the terminal.
package enum TerminalText {
    /// Replaces what a terminal could obey or reorder by: control characters, escape sequences
    /// (both by their control characters), bidirectional overrides, line separators. A line break
    /// becomes `\n`, so that one event stays one line.
    package static func escaped(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default:
                switch scalar.properties.generalCategory {
                case .control: result += "\\x" + hex(scalar.value, 2)
                case .format, .lineSeparator, .paragraphSeparator, .surrogate:
                    result += "\\u{" + hex(scalar.value, 4) + "}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    /// The same, with at most `limit` characters; what is missing is said.
    package static func escaped(_ text: String, limit: Int) -> String {
        let safe = escaped(text)
        guard safe.utf8.count > limit, safe.count > limit else { return safe }
        return safe.prefix(limit) + "… (+\(safe.count - limit) characters, all with -o json)"
    }

    /// The beginning of a text that was made safe, as it fits into so many characters.
    static func cut(_ safe: String, to width: Int) -> String {
        guard safe.utf8.count > width, safe.count > width else { return safe }
        return width > 0 ? safe.prefix(width - 1) + "…" : ""
    }

    private static func hex(_ value: UInt32, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

extension String {
    /// Fills up with spaces to a column; `gap` spaces follow a text that reaches beyond it.
    func padded(to width: Int, gap: Int = 0) -> String {
        self + String(repeating: " ", count: max(gap, width - count))
    }

    /// The same, filled from the left (numbers).
    func paddedLeft(to width: Int) -> String {
        String(repeating: " ", count: max(0, width - count)) + self
    }

    /// The part behind the last slash; the whole where there is none.
    var lastPathComponent: String {
        // `[kworker/0:1]` is the name of a task and no path.
        guard !hasPrefix("[") else { return self }
        guard let slash = lastIndex(of: "/"), slash != index(before: endIndex) else { return self }
        return String(self[index(after: slash)...])
    }
}
