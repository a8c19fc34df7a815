package import PolicyCompiler
package import PolicyModel
import YAMLReader

/// What `policy check` found, as it is written.
package struct PolicyCheckReport: Encodable {
    struct File: Encodable {
        var file: String
        var policies: [Policy]
        var diagnostics: [Diagnostic]
    }

    struct Policy: Encodable {
        var name: String
        var namespace: String
        var mode: String
        var hooks: [Hook]
    }

    struct Hook: Encodable {
        /// `spec.kprobes[0]`.
        var path: String
        var points: [String]
        var selectors: Int
    }

    /// A hook as this kernel would have it.
    struct Planned: Encodable {
        var policy: String
        var namespace: String
        /// `spec.kprobes[0]`.
        var path: String
        var point: String
        var state: String
        var mechanism: String
        var effect: String
        var blindSpots: [String]
        var degraded: Bool
    }

    /// The tables of all policies together.
    struct Tables: Encodable {
        var hooks: Int
        var rules: Int
        var entries: Int
        var rows: Int
        var bytes: Int
    }

    var files: [File]
    package var errors: Int
    package var warnings: Int
    /// With `--kernel`, for root; empty where a policy would be refused.
    var mechanisms: [Planned]
    var tables: Tables?
    /// Why there are no tables.
    var limit: String?

    /// - Parameter planned: of each policy that could be used, in their order; empty = not known.
    package init(_ batch: PolicyBatch, _ planned: [PolicyReport] = []) {
        mechanisms = zip(batch.policies, planned).flatMap { policy, report in
            report.hooks.map { Planned(policy, $0) }
        }
        files = batch.files.map { file in
            File(
                file: file.source.file, policies: file.policies.map { Policy($0) },
                diagnostics: file.diagnostics)
        }
        let all = batch.files.flatMap(\.diagnostics)
        errors = all.count { $0.severity == .error }
        warnings = all.count { $0.severity == .warning }
        do {
            let generation = try batch.generation()
            let footprint = Footprint(generation)
            tables = Tables(
                hooks: footprint.hooks, rules: footprint.rules, entries: footprint.entries,
                rows: footprint.rows,
                bytes: footprint.bytes)
        } catch {
            errors += 1
            limit = error.description
        }
    }

    /// For people.
    package func lines(_ batch: PolicyBatch) -> [String] {
        var lines: [String] = []
        for file in batch.files {
            for found in file.diagnostics {
                lines += found.rendered(in: file.source).split(
                    separator: "\n", omittingEmptySubsequences: false
                )
                .map { TerminalText.escaped(String($0)) }
            }
        }
        for hook in mechanisms { lines += hook.lines }
        if let limit { lines.append("error: \(limit)") }
        let policies = files.reduce(0) { $0 + $1.policies.count }
        var parts = [Self.count(policies, "policy", "policies")]
        if let tables, policies > 0 {
            parts.append(Self.count(tables.hooks, "hook", "hooks"))
            parts.append(Self.count(tables.rules, "selector", "selectors"))
            parts.append("about \((tables.bytes + 1023) / 1024) kB of kernel memory")
        }
        parts.append(Self.count(errors, "error", "errors"))
        parts.append(Self.count(warnings, "warning", "warnings"))
        lines.append(parts.joined(separator: ", "))
        return lines
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}

extension PolicyCheckReport.Policy {
    fileprivate init(_ policy: CheckedPolicy) {
        name = policy.name
        namespace = policy.namespace
        mode = policy.mode.rawValue
        hooks = policy.hooks.map { hook in
            PolicyCheckReport.Hook(
                path: hook.path, points: hook.points.map(\.name), selectors: hook.selectors.count)
        }
    }
}

extension PolicyCheckReport.Planned {
    fileprivate init(_ policy: CheckedPolicy, _ hook: HookReport) {
        self.init(
            policy: policy.name, namespace: policy.namespace, path: hook.path, point: hook.point.name,
            state: hook.state.rawValue, mechanism: hook.mechanism,
            effect: hook.condition.isEmpty
                ? hook.effect.rawValue : "\(hook.effect.rawValue) \(hook.condition)",
            blindSpots: hook.blindSpots, degraded: hook.isDegraded)
    }

    /// `no-connect: security_socket_connect  lsm/socket_connect  prevent`, and what is not seen.
    fileprivate var lines: [String] {
        let how = mechanism.isEmpty ? state.replacing("_", with: " ") : "\(mechanism)  \(effect)"
        let head = "\(policy): \(point)  \(how)\(degraded ? "  degraded" : "")"
        return ([head] + blindSpots.map { "    but \($0)" }).map { TerminalText.escaped($0) }
    }
}
