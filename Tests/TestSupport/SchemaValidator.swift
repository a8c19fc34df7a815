import Foundation

/// Validates values by JSON Schema 2020-12, as far as our schemas use it. A keyword that it does not
/// know is a problem too: nothing passes because nobody looked.
public struct SchemaValidator: Sendable {
    private let documents: [String: JSONValue]

    /// - Parameter documents: schemas by file name, which is how they refer to each other.
    public init(_ documents: [String: JSONValue]) {
        self.documents = documents
    }

    /// What is wrong with a value, each with its place; empty = it is valid.
    public func problems(of value: JSONValue, by document: String) -> [String] {
        guard let schema = documents[document] else { return ["no schema \(document)"] }
        return check(value, schema, document, "")
    }

    private static let annotations: Set<String> = [
        "$schema", "$id", "$defs", "title", "description", "format",
    ]

    private func check(_ value: JSONValue, _ schema: JSONValue, _ document: String, _ path: String)
        -> [String]
    {
        guard case .object(let keywords) = schema else { return ["\(path): the schema is no object"] }
        var problems: [String] = []
        for (keyword, rule) in keywords where !Self.annotations.contains(keyword) {
            if let found = check(value, keyword, rule, keywords, document, path) {
                problems += found
            } else {
                problems.append("\(path): unknown keyword \(keyword)")
            }
        }
        return problems
    }

    /// Problems of one keyword; nil = the keyword is unknown.
    private func check(
        _ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ schema: [String: JSONValue],
        _ document: String,
        _ path: String
    ) -> [String]? {
        func unless(_ valid: Bool, _ problem: String) -> [String] { valid ? [] : ["\(path): \(problem)"] }
        switch keyword {
        case "$ref": return reference(value, rule.text ?? "", document, path)
        case "type": return unless(Self.isType(value, rule.text ?? ""), "is not of type \(rule.text ?? "")")
        case "enum":
            return unless(rule.elements?.contains(value) == true, "\(value) is not in the enumeration")
        case "pattern":
            guard let text = value.text else { return [] }
            return unless((try? Regex(rule.text ?? "").firstMatch(in: text)) != nil, "\(text) does not match")
        case "contentEncoding":
            guard rule.text == "base64" else { return nil }
            return unless(Data(base64Encoded: value.text ?? "") != nil, "is no base64")
        case "minimum": return unless(value.integer.map { $0 >= rule.integer ?? 0 } ?? true, "is too small")
        case "maximum": return unless(value.integer.map { $0 <= rule.integer ?? 0 } ?? true, "is too large")
        case "minItems":
            return unless(
                value.elements.map { $0.count >= rule.integer ?? 0 } ?? true, "has too few elements")
        case "required":
            let missing = (rule.elements ?? []).compactMap(\.text).filter { !value.keys.contains($0) }
            return missing.map { "\(path): lacks \($0)" }
        case "properties":
            return value.keys.sorted().flatMap { key -> [String] in
                guard let member = value[key], let schema = rule[key] else { return [] }
                return check(member, schema, document, "\(path)/\(key)")
            }
        case "additionalProperties":
            let unknown = value.keys.subtracting(schema["properties"]?.keys ?? []).sorted()
            if rule == .bool(false) { return unknown.map { "\(path): has the unknown field \($0)" } }
            return unknown.flatMap { key in
                value[key].map { check($0, rule, document, "\(path)/\(key)") } ?? []
            }
        case "items":
            return (value.elements ?? []).enumerated().flatMap { check($1, rule, document, "\(path)/\($0)") }
        case "oneOf":
            let matches = (rule.elements ?? []).count { check(value, $0, document, path).isEmpty }
            return unless(matches == 1, "matches \(matches) of oneOf")
        default: return nil
        }
    }

    /// `file#/pointer`, `#/pointer` or `file`.
    private func reference(_ value: JSONValue, _ reference: String, _ document: String, _ path: String)
        -> [String]
    {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts[0].isEmpty ? document : String(parts[0])
        let pointer = parts.count > 1 ? parts[1].split(separator: "/").joined(separator: ".") : ""
        guard let schema = documents[name]?.at(pointer) else { return ["\(path): no schema \(reference)"] }
        return check(value, schema, name, path)
    }

    private static func isType(_ value: JSONValue, _ type: String) -> Bool {
        switch (value, type) {
        case (.object, "object"), (.array, "array"), (.string, "string"), (.bool, "boolean"), (.null, "null"),
            (.number, "number"):
            true
        case (.number(let digits), "integer"): Int(digits) != nil
        default: false
        }
    }
}
