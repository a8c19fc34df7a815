/// One thing that is wrong in a file (or beside it: a flag, a variable), where, and what would help.
public struct Diagnostic: Sendable, Hashable, Codable {
    /// An error makes the file unusable; a warning is most likely not meant; a note explains.
    public enum Severity: String, Sendable, Codable {
        case error, warning, note
    }

    /// How bad it is.
    public var severity: Severity
    /// A path; a flag (`--socket`) or a variable (`SECD_SOCKET`) where no file is to blame.
    public var file: String
    /// From 1; 0 where there is no file.
    public var line: Int
    /// From 1, in characters; 0 where there is no file.
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
        let (part, start) = Self.window(of: shown, around: column - 1)
        text += "\n\(margin)\(number) | \(part)\n      | "
        let width = part.unicodeScalars.count
        text += String(repeating: " ", count: min(start, width)) + "^"
        text += String(repeating: "~", count: max(0, min(length, width - start) - 1))
        return hint.isEmpty ? text : text + " " + hint
    }

    /// Characters of a line that are shown at most.
    private static let shownWidth = 240

    /// A line of which not more is shown than a person reads, and where `offset` is in it.
    private static func window(of line: String, around offset: Int) -> (String, Int) {
        let scalars = line.unicodeScalars
        guard scalars.count > shownWidth else { return (line, offset) }
        let first = max(0, min(offset, scalars.count) - shownWidth / 2)
        let part = String(String.UnicodeScalarView(scalars.dropFirst(first).prefix(shownWidth)))
        return first == 0 ? (part + "…", offset) : ("…" + part + "…", offset - first + 1)
    }
}

/// Gathers what is wrong, so that a reader is told everything at once.
///
/// Shared by the cursors that walk one document; belongs to one thread.
public final class DiagnosticCollector {
    /// The text that places refer to.
    public let source: SourceText
    /// In the order in which they were found.
    public private(set) var diagnostics: [Diagnostic] = []
    /// Counts those beyond the limit, too.
    public private(set) var hasErrors = false
    /// A hostile file could have a million mistakes; nobody reads more than this.
    private let limit: Int
    /// Bytes of a message; values that it quotes may be long.
    private static let messageLimit = 500

    public init(_ source: SourceText, limit: Int = 100) {
        self.source = source
        self.limit = limit
    }

    /// Notes something at a node or a key. The hint is made only where it is shown: finding what somebody meant
    /// costs more than reading it.
    public func report(
        _ message: String, at range: YAMLNode.Range, severity: Diagnostic.Severity = .error,
        hint: @autoclosure () -> String = ""
    ) {
        if severity == .error { hasErrors = true }
        guard diagnostics.count < limit else {
            if diagnostics.count == limit {
                diagnostics.append(
                    Diagnostic(
                        severity: severity, file: source.file, line: range.start.line,
                        column: range.start.column,
                        message: "there is more; only the first \(limit) are shown"))
            }
            return
        }
        diagnostics.append(
            Diagnostic(
                severity: severity, file: source.file, line: range.start.line, column: range.start.column,
                length: range.length, message: Self.shortened(message), hint: Self.shortened(hint())))
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > messageLimit else { return text }
        return String(decoding: text.utf8.prefix(messageLimit), as: UTF8.self) + "…"
    }

    /// In the order of the file.
    public var sortedDiagnostics: [Diagnostic] {
        diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    /// Everything, in the order of the file.
    public func rendered() -> String {
        sortedDiagnostics.map { $0.rendered(in: source) }.joined(separator: "\n")
    }
}
