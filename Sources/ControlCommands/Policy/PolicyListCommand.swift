package import AgentModel
public import ArgumentParser

/// `secctl policy list`: the policies of the daemon.
public struct PolicyListCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the policies of the daemon, those that do not run included.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Option(
        help: ArgumentHelp(
            "Only those of files (static), of the API (grpc) or of a cluster (k8s).", valueName: "domain"))
    var domain: String?

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let policies = try await connection.policyDaemon().policies()
                .filter { domain == nil || $0.domain == domain }
            switch display.output {
            case .json: try out.line(try Listing.json(policies))
            case .table:
                try out.line(
                    try Listing.text(
                        policies.map { PolicyRow(policy: $0) }, as: .table, display.palette(for: out),
                        width: out.columns))
                for policy in policies where !policy.error.isEmpty {
                    let line = policy.error.split(separator: "\n").first.map(String.init) ?? ""
                    try out.line("\(policy.shownName): \(TerminalText.escaped(line))")
                }
            }
            try out.flush()
        }
    }
}

/// A policy in a line.
package struct PolicyRow: ListDisplayable {
    let policy: PolicyStatus

    package init(policy: PolicyStatus) {
        self.policy = policy
    }

    package static var columns: [Column] {
        [
            Column("policy"), Column("state"), Column("mode"), Column("hooks", right: true), Column("effect"),
            Column("posts", right: true), Column("enforced", right: true), Column("monitored", right: true),
            Column("memory", right: true), Column("from"),
        ]
    }

    package var row: [String] {
        let counters = policy.counters
        return [
            policy.shownName, policy.stateText, policy.mode.rawValue, String(policy.hooks.count),
            policy.effects, Quantity.grouped(counters.post), Quantity.grouped(counters.enforced),
            Quantity.grouped(counters.monitored), Quantity.bytes(policy.kernelBytes), policy.source,
        ]
    }
}

extension PolicyStatus {
    /// `demo/web`, or the name alone.
    var shownName: String { TerminalText.escaped(PolicyKey(name: name, namespace: namespace).description) }

    /// The state; a mark where an older text runs than the one that is wanted.
    var stateText: String { state.rawValue + (state != .loadError && !error.isEmpty ? " (!)" : "") }

    /// What its hooks can do, each effect once; what they do not enforce is `observe`.
    var effects: String {
        var seen: [String] = []
        for hook in hooks where !seen.contains(hook.effect) { seen.append(hook.effect) }
        return seen.isEmpty ? "-" : seen.joined(separator: ", ")
    }
}
