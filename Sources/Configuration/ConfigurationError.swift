public import YAMLReader

/// Everything that is wrong with a configuration.
public struct ConfigurationError: Error, CustomStringConvertible {
    /// All problems, not only the first; never empty.
    public let diagnostics: [Diagnostic]
    /// The file that some of them point into, or nil.
    public let source: SourceText?

    public init(_ diagnostics: [Diagnostic], source: SourceText? = nil) {
        self.diagnostics = diagnostics
        self.source = source
    }

    /// One block per problem, those of the file with its line and a caret.
    public var description: String {
        diagnostics.map { $0.rendered(in: $0.line > 0 ? source : nil) }.joined(separator: "\n")
    }
}
