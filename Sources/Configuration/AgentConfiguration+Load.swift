public import YAMLReader

/// Values from the command line, by flag (`--socket`), in the order given.
public struct FlagLayer: Sendable, ExpressibleByDictionaryLiteral {
    /// Flag → the values it was given, in their order.
    public private(set) var values: [String: [String]] = [:]

    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (flag, value) in elements { add(flag, value) }
    }

    /// Notes a flag with its value; lists take several.
    public mutating func add(_ flag: String, _ value: String) {
        values[flag, default: []].append(value)
    }
}

extension AgentConfiguration {
    /// Where the file is looked for when nobody names one.
    public static let defaultFile = "/etc/secd/secd.yaml"

    /// Puts the layers together, flags over environment over file over defaults, and validates.
    /// - Parameters:
    ///   - flags: by flag; `--config` is not among them.
    ///   - environment: of the process; `SECD_*` counts.
    ///   - file: the file that somebody named; nil = `SECD_CONFIG`, or the default, which may be absent.
    ///   - check: problems that only the daemon can find (a pattern that does not compile), made with
    ///     `problem`.
    /// - Throws: every problem of every layer at once.
    public static func load(
        flags: FlagLayer = FlagLayer(), environment: [String: String] = [:], file: String? = nil,
        check: (AgentConfiguration) -> [Diagnostic] = { _ in [] }
    ) throws(ConfigurationError) -> AgentConfiguration {
        let named = file ?? environment["SECD_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        let source = try ConfigurationFile.read(named ?? defaultFile, mayBeAbsent: named == nil)
        return try load(flags: flags, environment: environment, source: source, check: check)
    }

    /// The same, from a text that was read before.
    public static func load(
        flags: FlagLayer = FlagLayer(), environment: [String: String] = [:], source: SourceText?,
        check: (AgentConfiguration) -> [Diagnostic] = { _ in [] }
    ) throws(ConfigurationError) -> AgentConfiguration {
        var configuration = AgentConfiguration()
        var problems: [Diagnostic] = []
        for setting in SettingTable.all { configuration.origins[setting.name] = .builtIn }
        if let source {
            let collector = DiagnosticCollector(source)
            configuration.apply(collector)
            problems += collector.diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
        }
        configuration.apply(environment: environment, &problems)
        configuration.apply(flags: flags, &problems)
        configuration.finish(source, &problems)
        problems += check(configuration)
        configuration.warnings = problems.filter { $0.severity != .error }
        guard configuration.warnings.count == problems.count else {
            throw ConfigurationError(problems, source: source)
        }
        return configuration
    }

    // MARK: Layers

    private mutating func apply(_ collector: DiagnosticCollector) {
        guard let documents = YAMLReader.documents(collector), let document = documents.first else { return }
        if documents.count > 1 {
            collector.report("a second document; the configuration is one", at: documents[1].range)
        }
        apply(NodeCursor(document, collector), prefix: "")
    }

    private mutating func apply(_ cursor: NodeCursor, prefix: String) {
        let names = SettingTable.all.map(\.name)
        // The keys that exist at this level.
        let known = names.filter { $0.hasPrefix(prefix) }.map {
            String($0.dropFirst(prefix.count).prefix { $0 != "." })
        }
        cursor.rejectUnknownKeys(known: known.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
        for pair in cursor.pairs() where known.contains(pair.key) {
            let name = prefix + pair.key
            guard let setting = SettingTable.all.first(where: { $0.name == name }) else {
                apply(cursor.child(pair), prefix: name + ".")
                continue
            }
            // `key:` with nothing behind it leaves the default; a list is emptied by it.
            if pair.value.isNull, !setting.isList { continue }
            origins[name] = .file(cursor.collector.source.file, pair.keyRange.start)
            if case .sequence(let items) = pair.value.content { itemRanges[name] = items.map(\.range) }
            setting.read(SettingReader(name: name, layer: .file(cursor.child(pair)), report: { _ in }), &self)
        }
    }

    private mutating func apply(environment: [String: String], _ problems: inout [Diagnostic]) {
        for setting in SettingTable.all {
            guard let variable = setting.variable, let text = environment[variable] else { continue }
            origins[setting.name] = .environment(variable)
            let texts = setting.isList ? text.split(separator: ",").map(String.init) : [text]
            read(setting, texts, from: variable, base: nil, &problems)
        }
        // Not an error: Kubernetes adds variables of its own (SECD_SERVICE_HOST) where a service is called secd.
        let known = SettingTable.all.compactMap(\.variable) + ["SECD_CONFIG"]
        for variable in environment.keys.sorted()
        where variable.hasPrefix("SECD_") && !known.contains(variable) {
            guard let nearest = Spelling.nearest(to: variable, among: known),
                Spelling.distance(variable, nearest) <= 3
            else { continue }
            problems.append(
                Diagnostic(
                    severity: .warning, file: variable,
                    message: "is not a variable of secd and has no effect",
                    hint: "did you mean \(nearest)?"))
        }
    }

    private mutating func apply(flags: FlagLayer, _ problems: inout [Diagnostic]) {
        let base = ConfigurationFile.workingDirectory
        for (flag, texts) in flags.values.sorted(by: { $0.key < $1.key }) {
            guard let setting = SettingTable.setting(flag: flag) else {
                let hint = Spelling.suggestion(for: flag, among: SettingTable.all.compactMap(\.flag)) ?? ""
                problems.append(Diagnostic(file: flag, message: "unknown flag", hint: hint))
                continue
            }
            origins[setting.name] = .flag(flag)
            read(setting, texts, from: flag, base: base, &problems)
        }
    }

    private mutating func read(
        _ setting: Setting, _ texts: [String], from source: String, base: String?,
        _ problems: inout [Diagnostic]
    ) {
        var found: [Diagnostic] = []
        let append = { (problem: Diagnostic) in found.append(problem) }
        withoutActuallyEscaping(append) { report in
            setting.read(
                SettingReader(
                    name: setting.name, layer: .texts(texts, source: source, base: base), report: report),
                &self)
        }
        problems += found
    }

    // MARK: What concerns several values

    private mutating func finish(_ source: SourceText?, _ problems: inout [Diagnostic]) {
        if nodeName.isEmpty { nodeName = ConfigurationFile.hostName }
        // sun_path of unix(7) with its closing zero.
        if control.socket.utf8.count > 107 || control.socket.isEmpty {
            problems.append(
                problem("socket", "a socket's path has 1 to 107 bytes, this one \(control.socket.utf8.count)")
            )
        }
        for (name, path) in [("state-dir", stateDirectory), ("pin-dir", pinDirectory)] where path.isEmpty {
            problems.append(problem(name, "must not be empty"))
        }
        let files = [
            ("tcp.certificate", tcp.certificate), ("tcp.key", tcp.key),
            ("tcp.client-ca", tcp.clientAuthorities),
        ]
        if tcp.address != nil {
            for (name, path) in files where path.isEmpty {
                problems.append(
                    problem(
                        "tcp.address", "is served with mutual TLS only, and \(name) is not set",
                        hint: "set \(name) to a PEM file"))
            }
        } else {
            for (name, path) in files where !path.isEmpty {
                problems.append(
                    problem(name, "has no effect without tcp.address", hint: "set tcp.address, or remove it"))
            }
        }
    }

    /// A problem with a value, pointing to where the value came from.
    /// - Parameter item: of a list, the number of the item from 0; nil = the whole value.
    public func problem(_ setting: String, item: Int? = nil, _ message: String, hint: String = "")
        -> Diagnostic
    {
        switch origins[setting] ?? .builtIn {
        case .file(let file, let position):
            if let item, let ranges = itemRanges[setting], ranges.indices.contains(item) {
                return Diagnostic(
                    file: file, line: ranges[item].start.line, column: ranges[item].start.column,
                    length: ranges[item].length, message: "\(setting)[\(item)]: \(message)", hint: hint)
            }
            return Diagnostic(
                file: file, line: position.line, column: position.column,
                length: setting.split(separator: ".").last?.count ?? 1,
                message: "\(setting): \(message)", hint: hint)
        case .environment(let variable): return Diagnostic(file: variable, message: message, hint: hint)
        case .flag(let flag): return Diagnostic(file: flag, message: message, hint: hint)
        case .builtIn: return Diagnostic(file: setting, message: message, hint: hint)
        }
    }
}
