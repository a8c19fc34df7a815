/// A node and the way to it. Reads values, notes what is wrong with them, and goes on.
///
/// Every reader returns nil after it has reported: the caller needs no error path, and a person sees
/// all mistakes of a file at once.
public struct NodeCursor {
    /// The node that it stands on.
    public let node: YAMLNode
    /// `spec.kprobes[0].call`; empty for the document.
    public let path: String
    /// Where findings go; shared by all cursors of the document.
    public let collector: DiagnosticCollector

    public init(_ node: YAMLNode, path: String = "", _ collector: DiagnosticCollector) {
        self.node = node
        self.path = path
        self.collector = collector
    }

    /// Notes something at this node.
    public func report(
        _ message: String, severity: Diagnostic.Severity = .error, hint: @autoclosure () -> String = ""
    ) {
        collector.report(
            path.isEmpty ? message : "\(path): \(message)", at: node.range, severity: severity, hint: hint())
    }

    // MARK: Mappings

    /// The pairs of a mapping; reports where it is none. Null is an empty mapping.
    public func pairs() -> [YAMLNode.Pair] {
        if node.isNull { return [] }
        guard case .mapping(let pairs) = node.content else {
            report("expected a mapping (key: value), found \(node.summary)")
            return []
        }
        return pairs
    }

    /// The value of a key; nil where it is absent or null.
    public func optional(_ key: String) -> NodeCursor? {
        guard case .mapping(let pairs) = node.content, let pair = pairs.first(where: { $0.key == key }),
            !pair.value.isNull
        else { return nil }
        return child(pair)
    }

    /// The value of a key; reports where it is absent or null.
    public func required(_ key: String) -> NodeCursor? {
        if let value = optional(key) { return value }
        report("\"\(key)\" is missing")
        return nil
    }

    /// The cursor of a pair's value.
    public func child(_ pair: YAMLNode.Pair) -> NodeCursor {
        NodeCursor(pair.value, path: path.isEmpty ? pair.key : "\(path).\(pair.key)", collector)
    }

    /// Reports every key that is not in `known`, with the nearest that is.
    public func rejectUnknownKeys(known: [String]) {
        for pair in pairs() where !known.contains(pair.key) {
            let place = path.isEmpty ? pair.key : "\(path).\(pair.key)"
            collector.report(
                "\(place): unknown key", at: pair.keyRange,
                hint: Spelling.suggestion(for: pair.key, among: known) ?? "known here: "
                    + known.joined(separator: ", "))
        }
    }

    // MARK: Sequences

    /// The elements of a list; reports where it is none. Null is an empty list.
    public func each() -> [NodeCursor] {
        if node.isNull { return [] }
        guard case .sequence(let elements) = node.content else {
            report("expected a list, found \(node.summary)")
            return []
        }
        return elements.enumerated().map { NodeCursor($1, path: "\(path)[\($0)]", collector) }
    }

    // MARK: Scalars

    /// The text of a scalar, however written.
    public func string() -> String? {
        guard case .scalar(let text, _) = node.content, !node.isNull else {
            report("expected text, found \(node.summary)")
            return nil
        }
        return text
    }

    /// `true` or `false`, unquoted. YAML 1.1's `yes`, `on`, `y` are refused: half of the readers of a
    /// file take them for text.
    public func bool() -> Bool? {
        if case .scalar(let text, .plain) = node.content {
            if text == "true" { return true }
            if text == "false" { return false }
            let meant = ["yes": true, "on": true, "y": true, "no": false, "off": false, "n": false][
                text.lowercased()]
            report("expected true or false, found \(node.summary)", hint: meant.map { "write \($0)" } ?? "")
            return nil
        }
        report("expected true or false, found \(node.summary)")
        return nil
    }

    /// A whole number, unquoted: decimal, `0x…` or `0o…`.
    public func integer(in bounds: ClosedRange<Int64> = .min ... .max) -> Int64? {
        guard case .scalar(let text, .plain) = node.content, let value = Self.integer(text) else {
            var hint = ""
            if case .scalar(let text, let style) = node.content, Self.integer(text) != nil, style != .plain {
                hint = "without quotes"
            } else if case .scalar(let text, _) = node.content, text.first == "0",
                Int64(text, radix: 8) != nil
            {
                hint = "octal is written 0o\(text.drop { $0 == "0" })"
            }
            report("expected a whole number, found \(node.summary)", hint: hint)
            return nil
        }
        guard bounds.contains(value) else {
            report("\(value) is not between \(bounds.lowerBound) and \(bounds.upperBound)")
            return nil
        }
        return value
    }

    /// One of the cases of an enumeration, by raw value.
    public func oneOf<Choice: CaseIterable & RawRepresentable>(_: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = string() else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let known = Choice.allCases.map(\.rawValue)
        report(
            "unknown value \"\(text)\"",
            hint: Spelling.suggestion(for: text, among: known) ?? "one of: " + known.joined(separator: ", "))
        return nil
    }

    static func integer(_ text: String) -> Int64? {
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8) }
        // 0755 means 493 to YAML 1.1 and 755 to YAML 1.2: refused.
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        if digits.count > 1, digits.first == "0" || digits.first == "+" { return nil }
        return Int64(text)
    }
}
