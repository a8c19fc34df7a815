/// JSON for people: members keep their order, two spaces an indentation.
enum JSONText {
    case object([(String, JSONText)])
    case array([JSONText])
    case string(String)
    case number(Int)
    case bool(Bool)

    /// The text, with a newline at the end.
    var document: String { text(indentation: 0) + "\n" }

    private func text(indentation: Int) -> String {
        let outer = String(repeating: "  ", count: indentation)
        let inner = outer + "  "
        switch self {
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map {
                inner + Self.quoted($0.0) + ": " + $0.1.text(indentation: indentation + 1)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        case .array(let elements):
            guard !elements.isEmpty else { return "[]" }
            if elements.allSatisfy(\.isSimple) {
                return "[" + elements.map { $0.text(indentation: 0) }.joined(separator: ", ") + "]"
            }
            let lines = elements.map { inner + $0.text(indentation: indentation + 1) }
            return "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
        case .string(let text): return Self.quoted(text)
        case .number(let number): return "\(number)"
        case .bool(let value): return value ? "true" : "false"
        }
    }

    private var isSimple: Bool {
        switch self {
        case .object, .array: false
        case .string, .number, .bool: true
        }
    }

    /// The texts are ours: quotes and backslashes are all that needs an escape.
    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }
}
