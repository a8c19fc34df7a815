import JSONTree
import YAMLReader

extension JSONValue {
    /// A value of YAML as the tree that objects are read from: what is written plain is null, a truth value, a
    /// number or a text, by the core schema of YAML 1.2.
    init(_ node: YAMLNode) {
        switch node.content {
        case .sequence(let elements): self = .array(elements.map { JSONValue($0) })
        case .mapping(let pairs): self = .object(pairs.map { ($0.key, JSONValue($0.value)) })
        case .scalar(let text, let style):
            if style != .plain || node.tag == "tag:yaml.org,2002:str" {
                self = .string(text)
            } else if node.isNull {
                self = .null
            } else if let value = Self.truths[text] {
                self = .bool(value)
            } else {
                self = Self.isNumber(text) ? .number(text) : .string(text)
            }
        }
    }

    private static let truths = [
        "true": true, "True": true, "TRUE": true, "false": false, "False": false, "FALSE": false,
    ]

    private static func isNumber(_ text: String) -> Bool {
        var rest = text[...]
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        if rest.hasPrefix("0x") || rest.hasPrefix("0o") {
            return UInt64(rest.dropFirst(2), radix: rest.hasPrefix("0x") ? 16 : 8) != nil
        }
        // What Swift's reader takes beyond this (`inf`, `nan`, hexadecimal fractions) has letters.
        return rest.first.map { $0.isNumber || $0 == "." } ?? false
            && rest.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
            && Double(rest) != nil
    }
}

extension YAMLNode {
    /// What a path leads to (`spec.containers[2].name`, `metadata.labels["app"]`), or what is nearest above it.
    func nearest(to path: String) -> YAMLNode {
        var node = self
        var rest = path[...]
        while !rest.isEmpty {
            var next: YAMLNode?
            if rest.hasPrefix("[\""), let end = rest.firstRange(of: "\"]") {
                next = node.member(rest[..<end.lowerBound].dropFirst(2))
                rest = rest[end.upperBound...]
            } else if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
                if case .sequence(let elements) = node.content, let index = Int(rest[..<end].dropFirst()),
                    elements.indices.contains(index)
                {
                    next = elements[index]
                }
                rest = rest[rest.index(after: end)...]
            } else {
                if rest.first == "." { rest = rest.dropFirst() }
                let name = rest.prefix { $0 != "." && $0 != "[" }
                next = name.isEmpty ? nil : node.member(name)
                rest = rest.dropFirst(name.count)
            }
            guard let next else { return node }
            node = next
        }
        return node
    }

    private func member(_ key: Substring) -> YAMLNode? {
        guard case .mapping(let pairs) = content else { return nil }
        return pairs.first { $0.key == key }?.value
    }
}
