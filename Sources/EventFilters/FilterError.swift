/// Why a filter cannot be compiled: which field, which text, where in it, and what is wrong.
public struct FilterError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field of the filter (`binary_regex`), or what was read (`event line`).
    public var field: String
    /// The text that is wrong.
    public var text: String
    /// Offset in `text`, in characters from 0, where the reader noticed.
    public var position: Int?
    /// What is wrong, as a part of a sentence.
    public var reason: String

    public init(field: String, text: String, position: Int? = nil, reason: String) {
        self.field = field
        self.text = text
        self.position = position
        self.reason = reason
    }

    public var description: String {
        let shown = text.count > 200 ? String(text.prefix(200)) + "…" : text
        let place = position.map { " at character \($0 + 1)" } ?? ""
        let quoted = text.isEmpty ? "" : " \"\(shown)\""
        return "\(field)\(quoted): \(reason)\(place)"
    }
}

/// What a reader of one of the small languages (regular expression, selector, CEL, JSON) found
/// wrong; the filter adds its field and the text.
struct SyntaxError: Error {
    var reason: String
    /// In Unicode scalars from 0.
    var position: Int

    init(_ reason: String, at position: Int) {
        self.reason = reason
        self.position = position
    }

    func inField(_ field: String, _ text: String) -> FilterError {
        FilterError(field: field, text: text, position: position, reason: reason)
    }
}
