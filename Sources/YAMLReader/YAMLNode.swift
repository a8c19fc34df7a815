/// A value of a YAML document that knows where it stands.
public struct YAMLNode: Sendable {
    /// From the first character to behind the last, where that is on the same line.
    public struct Range: Sendable, Hashable {
        /// Of the first character.
        public var start: SourcePosition
        /// Characters; 1 for what spans lines.
        public var length: Int

        public init(start: SourcePosition, length: Int) {
            self.start = start
            self.length = length
        }
    }

    /// How a scalar was written: `80` and `"80"` are judged apart on purpose.
    public enum Style: Sendable { case plain, singleQuoted, doubleQuoted, literal, folded }

    /// A key and its value.
    public struct Pair: Sendable {
        /// Text of the key; keys that are not scalars are refused by the reader.
        public var key: String
        /// Where the key stands.
        public var keyRange: Range
        /// What stands behind the key.
        public var value: YAMLNode
    }

    /// What a node is; aliases stand as what they refer to.
    public enum Content: Sendable {
        case scalar(String, Style)
        case sequence([YAMLNode])
        case mapping([Pair])
    }

    /// What the node is.
    public var content: Content
    /// Where it stands, from its first character.
    public var range: Range
    /// An explicit tag (`!!str`), or nil.
    public var tag: String?
    /// Nodes in this subtree after the expansion of aliases, and its height: what the limits count.
    var size = 1
    var height = 1

    /// Whether it is `null`, `~` or nothing at all.
    public var isNull: Bool {
        guard case .scalar(let text, .plain) = content else { return false }
        return text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
    }

    /// What it is, for messages: `a list`, `a mapping`, `the text "x"`.
    public var summary: String {
        switch content {
        case .sequence: return "a list"
        case .mapping: return "a mapping"
        case .scalar(let text, let style):
            if isNull { return "nothing" }
            let shown = text.count > 40 ? text.prefix(40) + "…" : text[...]
            return style == .plain ? "\"\(shown)\"" : "the text \"\(shown)\""
        }
    }
}
