/// One thing that is wrong in a file (or beside it: a flag, a variable), where, and what would help.
public struct Diagnostic: Sendable, Hashable, Codable {
    public enum Severity: String, Sendable, Codable {
        case error, warning, note
    }

    public var severity: Severity
    /// A path; a flag (`--socket`) or a variable (`SECD_SOCKET`) where no file is to blame.
    public var file: String
    /// From 1; 0 where there is no file.
    public var line: Int
    public var column: Int
    /// Characters to underline.
    public var length: Int
    /// What is wrong, with the path of the value in front (`export.file.max-size: …`).
    public var message: String
    /// What would help, or empty.
    public var hint: String

    public init(
        severity: Severity = .error, file: String, line: Int = 0, column: Int = 0, length: Int = 1,
        message: String,
        hint: String = ""
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.length = length
        self.message = message
        self.hint = hint
    }

    /// For people: `file:line:column: error: message`, and with `source` the line and a caret.
    public func rendered(in source: SourceText? = nil) -> String {
        var text = line > 0 ? "\(file):\(line):\(column)" : file
        text += ": \(severity.rawValue): \(message)"
        guard line > 0, let shown = source?.line(line) else {
            return hint.isEmpty ? text : text + " (\(hint))"
        }
        let number = String(line)
        let margin = String(repeating: " ", count: max(0, 5 - number.count))
        text += "\n\(margin)\(number) | \(shown)\n      | "
        let width = shown.unicodeScalars.count
        text += String(repeating: " ", count: min(column - 1, width)) + "^"
        text += String(repeating: "~", count: max(0, min(length, width - column + 1) - 1))
        return hint.isEmpty ? text : text + " " + hint
    }
}

/// Gathers what is wrong, so that a reader is told everything at once.
///
/// Shared by the cursors that walk one document; belongs to one thread.
public final class DiagnosticCollector {
    public let source: SourceText
    public private(set) var diagnostics: [Diagnostic] = []
    /// A hostile file could have a million mistakes; nobody reads more than this.
    private let limit: Int

    public init(_ source: SourceText, limit: Int = 100) {
        self.source = source
        self.limit = limit
    }

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

    /// Notes something at a node or a key.
    public func report(
        _ message: String, at range: YAMLNode.Range, severity: Diagnostic.Severity = .error, hint: String = ""
    ) {
        guard diagnostics.count < limit else { return }
        diagnostics.append(
            Diagnostic(
                severity: severity, file: source.file, line: range.start.line, column: range.start.column,
                length: range.length, message: message, hint: hint))
    }

    /// Everything, in the order of the file.
    public func rendered() -> String {
        diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
            .map { $0.rendered(in: source) }.joined(separator: "\n")
    }
}
