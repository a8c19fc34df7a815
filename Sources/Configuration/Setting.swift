import YAMLReader

/// One thing that can be configured: its names, its text form, and how that becomes a value.
public struct Setting: Sendable {
    /// Path in the file (`export.file.max-size`).
    public let name: String
    /// `--export-file`; nil for what is too rare on a command line (the variable and the file have it).
    public let flag: String?
    /// `SECD_EXPORT_FILE_MAX_SIZE`; nil where only the file can say it.
    public let variable: String?
    /// The default as it would be written; a list's elements separated by commas.
    public let defaultText: String
    /// One or two sentences, for `--help` and whoever reads the table.
    public let documentation: String
    /// Whether several values are meant: a YAML list, a repeated flag, a variable with commas.
    public let isList: Bool
    let read: @Sendable (SettingReader, inout AgentConfiguration) -> Void
    let show: @Sendable (AgentConfiguration) -> String
    /// Takes the value over from one configuration into another.
    let copy: @Sendable (AgentConfiguration, inout AgentConfiguration) -> Void

    /// The value in a configuration, as it would be written.
    public func text(in configuration: AgentConfiguration) -> String { show(configuration) }
}

/// What one layer says about one setting.
struct SettingReader {
    enum Layer {
        case file(NodeCursor)
        case texts([String], source: String, base: String?)
    }

    let name: String
    let layer: Layer
    /// Takes what is wrong with flags and variables; the file's problems go to its own collector.
    let report: (Diagnostic) -> Void

    /// Reads the one value; nil after a report.
    func one<Value>(_ parse: (_ text: String, _ base: String?) throws(ValueProblem) -> Value) -> Value? {
        switch layer {
        case .file(let cursor): return Self.parse(cursor, parse)
        case .texts(let texts, let source, let base):
            // A repeated flag: the last one counts, as everywhere.
            return texts.last.flatMap { parseText($0, source, base, parse) }
        }
    }

    /// Reads all values; a single scalar is a list of one.
    func many<Value>(_ parse: (_ text: String, _ base: String?) throws(ValueProblem) -> Value) -> [Value] {
        switch layer {
        case .file(let cursor):
            if case .scalar = cursor.node.content, !cursor.node.isNull {
                return Self.parse(cursor, parse).map { [$0] } ?? []
            }
            return cursor.each().compactMap { Self.parse($0, parse) }
        case .texts(let texts, let source, let base):
            return texts.compactMap { parseText($0, source, base, parse) }
        }
    }

    private static func parse<Value>(
        _ cursor: NodeCursor, _ parse: (String, String?) throws(ValueProblem) -> Value
    ) -> Value? {
        guard let text = cursor.string() else { return nil }
        do throws(ValueProblem) { return try parse(text, nil) } catch {
            cursor.report(error.message, hint: error.hint)
            return nil
        }
    }

    private func parseText<Value>(
        _ text: String, _ source: String, _ base: String?,
        _ parse: (String, String?) throws(ValueProblem) -> Value
    ) -> Value? {
        do throws(ValueProblem) { return try parse(text, base) } catch {
            report(Diagnostic(file: source, message: error.message, hint: error.hint))
            return nil
        }
    }
}

extension Setting {
    /// A setting with one value.
    static func one<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, Value> & Sendable,
        flag: String? = nil,
        default text: String, _ documentation: String,
        _ parse: @escaping @Sendable (String, String?) throws(ValueProblem) -> Value,
        show: @escaping @Sendable (Value) -> String
    ) -> Setting {
        make(
            name, flag, text, documentation, isList: false,
            read: { reader, configuration in
                if let value = reader.one(parse) { configuration[keyPath: path] = value }
            }, show: { show($0[keyPath: path]) }, copy: { $1[keyPath: path] = $0[keyPath: path] })
    }

    static func path(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, String> & Sendable,
        flag: String? = nil,
        default text: String = "", _ documentation: String
    ) -> Setting {
        one(name, path, flag: flag, default: text, documentation, ValueSyntax.path, show: { $0 })
    }

    static func name(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, String> & Sendable,
        flag: String? = nil,
        default text: String = "", _ documentation: String
    ) -> Setting {
        one(
            name, path, flag: flag, default: text, documentation,
            { text, _ throws(ValueProblem) in try ValueSyntax.name(text) }, show: { $0 })
    }

    static func boolean(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, Bool> & Sendable, flag: String? = nil,
        default value: Bool, _ documentation: String
    ) -> Setting {
        one(
            name, path, flag: flag, default: String(value), documentation,
            { text, _ throws(ValueProblem) in try ValueSyntax.boolean(text) }, show: { String($0) })
    }

    static func size(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, UInt64> & Sendable,
        default text: String,
        _ documentation: String,
        check: @escaping @Sendable (UInt64) throws(ValueProblem) -> Void = { _ in }
    ) -> Setting {
        one(
            name, path, default: text, documentation,
            { text, _ throws(ValueProblem) in
                let bytes = try ValueSyntax.size(text)
                try check(bytes)
                return bytes
            }, show: { ValueSyntax.show(size: $0) })
    }

    static func address(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, NetworkAddress?> & Sendable,
        flag: String? = nil, _ documentation: String
    ) -> Setting {
        one(
            name, path, flag: flag, default: "off", documentation,
            { text, _ throws(ValueProblem) in try ValueSyntax.address(text) },
            show: { ValueSyntax.show(address: $0) })
    }

    static func list(
        _ name: String, _ path: any WritableKeyPath<AgentConfiguration, [String]> & Sendable,
        flag: String? = nil, _ documentation: String,
        _ parse: @escaping @Sendable (String, String?) throws(ValueProblem) -> String
    ) -> Setting {
        make(
            name, flag, "", documentation, isList: true,
            read: { reader, configuration in configuration[keyPath: path] = reader.many(parse) },
            show: { $0[keyPath: path].joined(separator: ",") },
            copy: { $1[keyPath: path] = $0[keyPath: path] })
    }

    static func make(
        _ name: String, _ flag: String?, _ defaultText: String,
        _ documentation: String,
        isList: Bool, fileOnly: Bool = false,
        read: @escaping @Sendable (SettingReader, inout AgentConfiguration) -> Void,
        show: @escaping @Sendable (AgentConfiguration) -> String,
        copy: @escaping @Sendable (AgentConfiguration, inout AgentConfiguration) -> Void
    ) -> Setting {
        // A flag's name is the shorter one, and variables follow it: --netns, SECD_NETNS.
        let words = flag.map { String($0.dropFirst(2)) } ?? name
        let variable = "SECD_" + String(words.uppercased().map { $0 == "-" || $0 == "." ? "_" : $0 })
        return Setting(
            name: name, flag: flag, variable: fileOnly ? nil : variable,
            defaultText: defaultText, documentation: documentation, isList: isList, read: read, show: show,
            copy: copy)
    }
}
