package import JSONTree

/// What does not fit in an object, and where: `spec.containers[2].name: expected text, found a list`.
package struct ObjectError: Error, Sendable, Hashable, CustomStringConvertible {
    /// `metadata.labels["app"]`; empty for the object itself.
    package let path: String
    /// What is wrong there.
    package let reason: String

    package init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    package var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}

/// A value of an object and the way to it. The tree is that of JSON, whoever read it: what is not asked for is
/// skipped, and null is the same as absent, as the API has it.
package struct ObjectReader {
    /// Where it stands.
    package let value: JSONValue
    /// The way to it, for messages.
    package let path: String

    package init(_ value: JSONValue, path: String = "") {
        self.value = value
        self.path = path
    }

    /// The value of a member; nil where it is absent or null.
    /// - Throws: `ObjectError` where this is no object.
    package func optional(_ name: String) throws(ObjectError) -> ObjectReader? {
        guard case .object = value else { throw unexpected("an object") }
        let member = value[name]
        return member.exists ? ObjectReader(member, path: path.isEmpty ? name : "\(path).\(name)") : nil
    }

    /// The text of a member; empty where it is absent.
    /// - Throws: `ObjectError` where it is something else, or longer than `longest` bytes.
    package func text(_ name: String, longest: Int = 65_536) throws(ObjectError) -> String {
        try optional(name)?.text(longest: longest) ?? ""
    }

    /// This value as text.
    /// - Throws: `ObjectError` where it is something else, or longer than `longest` bytes.
    package func text(longest: Int) throws(ObjectError) -> String {
        guard case .string(let text) = value else { throw unexpected("text") }
        guard text.utf8.count <= longest else {
            throw ObjectError(path: path, reason: "\(text.utf8.count) bytes; at most \(longest) are expected")
        }
        return text
    }

    /// The truth of a member; nil where it is absent.
    /// - Throws: `ObjectError` where it is neither true nor false.
    package func bool(_ name: String) throws(ObjectError) -> Bool? {
        guard let member = try optional(name) else { return nil }
        guard case .bool(let value) = member.value else { throw member.unexpected("true or false") }
        return value
    }

    /// The elements of a member that is a list; none where it is absent.
    /// - Throws: `ObjectError` where it is something else, or has more than `most` elements.
    package func list(_ name: String, most: Int = 10_000) throws(ObjectError) -> [ObjectReader] {
        guard let member = try optional(name) else { return [] }
        guard case .array(let values) = member.value else { throw member.unexpected("a list") }
        guard values.count <= most else {
            throw ObjectError(
                path: member.path, reason: "\(values.count) elements; at most \(most) are expected")
        }
        return values.enumerated().map { ObjectReader($1, path: "\(member.path)[\($0)]") }
    }

    /// A member that maps texts to texts: labels, annotations. Empty where it is absent.
    /// - Throws: `ObjectError` where it is something else.
    package func texts(_ name: String) throws(ObjectError) -> [String: String] {
        guard let member = try optional(name) else { return [:] }
        guard case .object(let members) = member.value else { throw member.unexpected("an object") }
        var result: [String: String] = [:]
        for index in members.indices {
            let one = members[index]
            let reader = ObjectReader(one.value, path: "\(member.path)[\"\(one.key)\"]")
            // Null is what Go's readers take for the empty text.
            result[one.key] = one.value.exists ? try reader.text(longest: 1 << 20) : ""
        }
        return result
    }

    private func unexpected(_ wanted: String) -> ObjectError {
        let found =
            switch value {
            case .null: "nothing"
            case .bool(let value): "\(value)"
            case .number(let text): "the number \(text.prefix(40))"
            case .string(let text): "the text \"\(text.prefix(40))\(text.count > 40 ? "…" : "")\""
            case .array: "a list"
            case .object: "an object"
            }
        return ObjectError(path: path, reason: "expected \(wanted), found \(found)")
    }
}
