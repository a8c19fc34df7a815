internal import PolicyModel
internal import YAMLReader

extension NodeCursor {
    /// Where the node stands.
    var place: SourcePlace { SourcePlace(node.range) }

    /// The text of a scalar with its place.
    func locatedString() -> Located<String>? {
        string().map { Located($0, at: place) }
    }

    /// The text under a key that must not be empty.
    func requiredText(_ key: String) -> Located<String>? {
        guard let text = required(key)?.locatedString() else { return nil }
        if text.value.isEmpty { optional(key)?.report("must not be empty") }
        return text
    }

    /// The text under a key.
    func text(_ key: String) -> Located<String>? { optional(key)?.locatedString() }

    /// A flag; false where it is absent.
    func flag(_ key: String, default value: Bool = false) -> Bool { optional(key)?.bool() ?? value }

    /// A flag with its place.
    func locatedFlag(_ key: String) -> Located<Bool>? {
        guard let cursor = optional(key), let value = cursor.bool() else { return nil }
        return Located(value, at: cursor.place)
    }

    /// A whole number with its place; text that holds a number counts, because people quote values.
    func number(in bounds: ClosedRange<Int64>) -> Located<Int64>? {
        if case .scalar(let text, let style) = node.content, style != .plain, let value = Int64(text),
            bounds.contains(value)
        {
            return Located(value, at: place)
        }
        return integer(in: bounds).map { Located($0, at: place) }
    }

    /// A position in a list.
    func position(_ key: String, limit: Int64 = 1023) -> Located<Int>? {
        optional(key)?.number(in: 0...limit)?.map { Int($0) }
    }

    /// The scalars of a list.
    func texts() -> [Located<String>] { each().compactMap { $0.locatedString() } }

    /// The scalars of a list under a key.
    func texts(_ key: String) -> [Located<String>] { optional(key)?.texts() ?? [] }

    /// Addresses and offsets: decimal or hexadecimal.
    func unsigned() -> Located<UInt64>? {
        guard let text = string() else { return nil }
        guard let value = NumberSyntax.unsigned(text) else {
            report(
                "expected an address or offset, found \"\(text)\"", hint: "a number such as 4096 or 0x1000")
            return nil
        }
        return Located(value, at: place)
    }

    /// A case of an enumeration with its place; nil where it is absent or unknown, which is reported.
    func choice<Choice: CaseIterable & RawRepresentable & Sendable & Hashable>(
        _ key: String, _ type: Choice.Type
    ) -> Located<Choice>? where Choice.RawValue == String {
        guard let cursor = optional(key), let value = cursor.oneOf(type) else { return nil }
        return Located(value, at: cursor.place)
    }

    /// An operator; reports where it is absent or unknown.
    func matchOperator() -> Located<MatchOperator>? {
        guard let cursor = required("operator"), let text = cursor.string() else { return nil }
        if let found = MatchOperator(name: text) { return Located(found, at: cursor.place) }
        cursor.report(
            "unknown operator \"\(text)\"",
            hint: Spelling.suggestion(for: text, among: MatchOperator.names)
                ?? "known: " + MatchOperator.names.joined(separator: ", "))
        return nil
    }
}

extension SourcePlace {
    init(_ range: YAMLNode.Range) {
        self.init(line: range.start.line, column: range.start.column, length: range.length)
    }
}

extension YAMLNode.Range {
    init(_ place: SourcePlace) {
        self.init(
            start: SourcePosition(line: Int(place.line), column: Int(place.column)), length: Int(place.length)
        )
    }
}
