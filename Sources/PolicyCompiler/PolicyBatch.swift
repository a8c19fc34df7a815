public import PolicyModel
public import YAMLReader

/// Files of policies, read, checked and compiled together.
public struct PolicyBatch: Sendable {
    /// A file, and what is wrong with it.
    public struct File: Sendable {
        /// The text, for messages that show a line of it.
        public var source: SourceText
        /// In the order of the file.
        public var diagnostics: [Diagnostic]
        /// Empty where the file has errors: a file is used whole or not at all.
        public var policies: [CheckedPolicy]

        /// Warnings and notes do not count.
        public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
    }

    /// In the order in which they were added.
    public private(set) var files: [File] = []
    private let settings: CheckSettings
    private var owners: [String: (file: String, line: UInt32)] = [:]

    public init(_ settings: CheckSettings = CheckSettings()) { self.settings = settings }

    /// Policies of all files without errors.
    public var policies: [CheckedPolicy] { files.flatMap(\.policies) }

    /// Whether any of the files cannot be used.
    public var hasErrors: Bool { files.contains { $0.hasErrors } }

    /// Reads a file. Beyond the limit only its size is looked at.
    /// - Parameter amongOthers: as of `PolicyReader.policies`.
    public mutating func add(file name: String, bytes: [UInt8], amongOthers: Bool = false) {
        guard bytes.count <= PolicyReader.limits.bytes else {
            refuse(file: name, size: bytes.count)
            return
        }
        let source = SourceText(file: name, bytes: bytes)
        let collector = DiagnosticCollector(source)
        let specs = PolicyReader.policies(collector, amongOthers: amongOthers)
        var policies: [CheckedPolicy] = []
        for spec in specs {
            let policy = PolicyChecker.check(spec, settings, collector)
            let key = "\(policy.namespace)/\(policy.name)"
            if let owner = owners[key] {
                collector.report(
                    "metadata.name: there is a policy \"\(policy.name)\" already",
                    at: YAMLNode.Range(spec.name.place),
                    hint: "in \(owner.file), line \(owner.line)")
            } else if !policy.name.isEmpty {
                owners[key] = (name, spec.name.place.line)
            }
            policies.append(policy)
        }
        files.append(
            File(
                source: source, diagnostics: collector.sortedDiagnostics,
                policies: collector.hasErrors ? [] : policies))
    }

    /// Notes a file that is too large to be read at all.
    public mutating func refuse(file name: String, size: Int) {
        note(file: name, "the file has \(size) bytes; at most \(PolicyReader.limits.bytes) are read")
    }

    /// Notes a file that cannot be read.
    public mutating func note(file name: String, _ message: String) {
        files.append(
            File(
                source: SourceText(file: name, bytes: []),
                diagnostics: [Diagnostic(severity: .error, file: name, message: message)], policies: []))
    }

    /// Notes what the kernel would refuse. Ids of faults are positions in `policies`.
    public mutating func note(_ refusal: PolicyRefusal) {
        for fault in refusal.faults {
            var position = Int(clamping: fault.policy)
            for index in files.indices {
                guard position >= files[index].policies.count else {
                    let found = Diagnostic(
                        file: files[index].source.file, line: Int(fault.place.line),
                        column: Int(fault.place.column), length: Int(fault.place.length),
                        message: fault.reason)
                    files[index].diagnostics.append(found)
                    break
                }
                position -= files[index].policies.count
            }
        }
        if refusal.faults.isEmpty { note(file: "this kernel", refusal.reason) }
    }

    /// The tables of all policies together.
    public func generation() throws(GenerationBuilder.LimitExceeded) -> Generation {
        try GenerationBuilder.build(policies)
    }
}
