package import AgentModel
package import PolicyCompiler
package import PolicyModel
import YAMLReader

/// A text of policies, checked.
package struct PolicyText: Sendable {
    /// Empty where the text has errors: it is used whole or not at all.
    package var policies: [CheckedPolicy]
    /// Names in the text, also of one that cannot be used.
    package var keys: [PolicyKey]
    /// Programs that the text names, also one that cannot be used.
    package var programs: Set<String>
    /// Programs that its conditions compare, with the files that they led to.
    package var binaries: Set<String>
    /// Errors with their place and the line; empty = it can be used.
    package var problem: String
    /// What is legal and most likely not meant, a sentence each.
    package var warnings: [String]

    /// Errors that a message shows; a client's transport bounds what it takes.
    private static let shownErrors = 8

    /// - Parameters:
    ///   - file: how messages call the text.
    ///   - amongOthers: as of `PolicyReader.policies`.
    package init(file: String, bytes: [UInt8], _ settings: CheckSettings, amongOthers: Bool = false) {
        var batch = PolicyBatch(settings)
        batch.add(file: file, bytes: bytes, amongOthers: amongOthers)
        policies = batch.policies
        keys = policies.map { PolicyKey($0) }
        binaries = policies.reduce(into: []) { $0.formUnion($1.binaries) }
        programs = Set(policies.flatMap(\.hooks).flatMap(\.points).compactMap(\.program))
        var errors: [String] = []
        warnings = []
        for found in batch.files {
            for diagnostic in found.diagnostics {
                switch diagnostic.severity {
                case .error: errors.append(diagnostic.rendered(in: found.source))
                case .warning: warnings.append(diagnostic.rendered())
                case .note: continue
                }
            }
            if found.hasErrors {
                let specs = Self.specs(in: found.source, amongOthers)
                keys += Self.keys(of: specs)
                programs.formUnion(specs.flatMap(\.hooks).compactMap(\.target.program))
            }
        }
        let more = errors.count - Self.shownErrors
        problem = errors.prefix(Self.shownErrors).joined(separator: "\n")
        if more > 0 { problem += "\n… and \(more) more: secctl policy check shows all" }
    }

    /// Names in a text, which is not checked.
    static func keys(in bytes: [UInt8]) -> [PolicyKey] {
        keys(of: specs(in: SourceText(file: "", bytes: bytes), false))
    }

    /// What can be read in a text with errors.
    private static func specs(in source: SourceText, _ amongOthers: Bool) -> [PolicySpec] {
        guard source.bytes.count <= PolicyReader.limits.bytes else { return [] }
        return PolicyReader.policies(DiagnosticCollector(source), amongOthers: amongOthers)
    }

    private static func keys(of specs: [PolicySpec]) -> [PolicyKey] {
        specs.filter { !$0.name.value.isEmpty }.map { spec in
            PolicyKey(
                name: spec.name.value,
                namespace: spec.kind.value == .namespaced ? spec.namespace?.value ?? "default" : "")
        }
    }

    /// The documents of a stream, each as a text of its own whose lines have the numbers that they have in the
    /// stream.
    package static func documents(_ bytes: [UInt8]) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        var current: [UInt8] = []
        var lines = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let isMarker =
                line.starts(with: "---".utf8)
                && line.dropFirst(3).allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
            if isMarker {
                documents.append(current)
                current = [UInt8](repeating: UInt8(ascii: "\n"), count: lines)
            }
            current += line
            current.append(UInt8(ascii: "\n"))
            lines += 1
        }
        documents.append(current)
        return documents
    }
}

extension PolicyKey {
    /// The name of a policy.
    package init(_ policy: CheckedPolicy) {
        self.init(name: policy.name, namespace: policy.namespace)
    }
}

extension AttachPoint {
    /// The program that it is in; nil = it is in the kernel.
    fileprivate var program: String? {
        switch self {
        case .uprobe(let path, _, _): path
        case .usdt(let path, _, _): path
        default: nil
        }
    }
}

extension HookTarget {
    fileprivate var program: String? {
        switch self {
        case .uprobe(let target): target.path.value
        case .usdt(let target): target.path.value
        default: nil
        }
    }
}
