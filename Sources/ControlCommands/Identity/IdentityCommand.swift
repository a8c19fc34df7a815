package import AgentModel
public import ArgumentParser

/// `secctl identity`: the numbers that stand for sets of labels.
public struct IdentityCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "Show the numbers that stand for sets of labels.",
        subcommands: [IdentityListCommand.self, IdentityGetCommand.self],
        defaultSubcommand: IdentityListCommand.self, aliases: ["identities"])

    public init() {}
}

/// `secctl identity list`.
struct IdentityListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List identities by number, reserved ones first.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Flag(help: "Only those that something on this node has.")
    var used = false

    @Argument(help: "Only those that have all of these labels: k8s:app=web, or app=web from any source.")
    var labels: [String] = []

    func run() async throws {
        try await Failures.reported {
            let out = Output()
            var report = try await connection.daemon().identities()
            report.identities = IdentityText.selected(report.identities, labels: labels, used: used)
            let text =
                display.output == .json
                ? try Listing.json(report)
                : try Listing.text(
                    report.identities.map(IdentityRow.init), as: .table, display.palette(for: out),
                    width: out.columns)
            try out.line(text)
            try out.flush()
            for remark in IdentityText.remarks(report) { Output.remark(TerminalText.escaped(remark)) }
        }
    }
}

/// `secctl identity get`.
struct IdentityGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show an identity with all of its labels, as JSON.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @Argument(help: "Its number, or the name of a reserved one (host, world, kube-apiserver).")
    var identity: String

    func run() async throws {
        try await Failures.reported {
            let out = Output()
            let all = try await connection.daemon().identities().identities
            guard let found = IdentityText.find(identity, in: all) else {
                throw InputError("no identity is called \"\(identity)\": see secctl identity list")
            }
            try out.line(try Listing.json(found))
            try out.flush()
        }
    }
}

/// An identity in a table.
package struct IdentityRow: ListDisplayable {
    let identity: IdentityListing

    package init(_ identity: IdentityListing) { self.identity = identity }

    package static var columns: [Column] {
        [Column("ID", right: true), Column("USERS", right: true), Column("LABELS")]
    }

    package var row: [String] {
        [
            String(identity.number), identity.scope == "reserved" ? "-" : String(identity.users),
            identity.labels.joined(separator: " "),
        ]
    }
}

/// What is chosen of identities, and what is said beside them.
package enum IdentityText {
    /// Those that have all labels; a label without a source is meant from any.
    package static func selected(
        _ identities: [IdentityListing], labels: [String], used: Bool
    ) -> [IdentityListing] {
        identities.filter { identity in
            (!used || identity.users > 0) && labels.allSatisfy { identity.has($0) }
        }
    }

    /// By number, or by the name of a reserved one.
    package static func find(_ text: String, in identities: [IdentityListing]) -> IdentityListing? {
        let name = text.hasPrefix("reserved:") ? text : "reserved:" + text
        return identities.first { $0.number == UInt32(text) || $0.labels == [name] }
    }

    /// Sentences about what is wrong.
    package static func remarks(_ report: IdentityReport) -> [String] {
        var remarks: [String] = []
        if !report.problem.isEmpty { remarks.append("\(report.store): \(report.problem)") }
        if report.waiting > 0 { remarks.append("\(report.waiting) cgroups wait for a number") }
        if report.unconfirmed > 0 {
            remarks.append("\(report.unconfirmed) numbers in use have yet to be confirmed")
        }
        if report.changed > 0 {
            remarks.append("\(report.changed) cgroups have another number since \(report.store) said so")
        }
        if report.unusable > 0 {
            remarks.append("\(report.unusable) cgroups have too many labels for an identity")
        }
        return remarks
    }
}

extension IdentityListing {
    /// Whether it has a label: `k8s:app=web`, or `app=web` or `any:app=web` from any source.
    fileprivate func has(_ label: String) -> Bool {
        if labels.contains(label) { return true }
        let head = label.prefix { $0 != "=" }
        guard !head.contains(":") || label.hasPrefix("any:") else { return false }
        let wanted = label.hasPrefix("any:") ? label.dropFirst(4) : label[...]
        return labels.contains { own in
            own.firstIndex(of: ":").map { own[own.index(after: $0)...] == wanted } ?? false
        }
    }
}
