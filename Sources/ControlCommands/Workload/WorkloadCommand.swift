package import AgentModel
public import ArgumentParser

/// `secctl workload`: containers, units and sessions as secd knows them.
public struct WorkloadCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "workload", abstract: "Show containers, units and sessions as secd knows them.",
        subcommands: [WorkloadListCommand.self, WorkloadGetCommand.self, WorkloadWatchCommand.self],
        defaultSubcommand: WorkloadListCommand.self, aliases: ["workloads"])

    public init() {}
}

/// `secctl workload list`.
struct WorkloadListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what runs, and how the sources of names do.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions
    @OptionGroup var display: DisplayOptions

    func run() async throws {
        try await Failures.reported {
            let out = Output()
            let report = try await connection.daemon().workloads()
            let rows = report.workloads.filter(try filter.test())
            let text =
                display.output == .json
                ? try Listing.json(WorkloadReport(workloads: rows, providers: report.providers))
                : try Listing.text(
                    rows.map(WorkloadRow.init), as: .table, display.palette(for: out), width: out.columns)
            try out.line(text)
            try out.flush()
            for (name, state) in report.providers.sorted(by: { $0.key < $1.key })
            where state != "connected" && state != "absent" && !state.hasPrefix("not asked: ") {
                Output.remark("\(name): \(TerminalText.escaped(state))")
            }
        }
    }
}

/// `secctl workload get`.
struct WorkloadGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Show all that is known of a workload, as JSON.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @Argument(help: "Its name, the begin of its id, or namespace/pod.")
    var name: String

    func run() async throws {
        try await Failures.reported {
            let out = Output()
            let found = try await connection.daemon().workloads().workloads.filter { $0.isCalled(name) }
            guard !found.isEmpty else { throw InputError("no workload is called \"\(name)\"") }
            try out.line(try Listing.json(found))
            try out.flush()
        }
    }
}

/// `secctl pods`: the pods of this machine.
public struct PodsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "pods", abstract: "List the pods of this machine with their containers.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions
    @OptionGroup var display: DisplayOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let rows = try await connection.daemon().workloads().workloads
                .filter { !$0.pod.isEmpty }.filter(try filter.test())
            let text =
                display.output == .json
                ? try Listing.json(rows)
                : try Listing.text(
                    PodRow.rows(rows), as: .table, display.palette(for: out), width: out.columns)
            try out.line(text)
            try out.flush()
        }
    }
}

/// A workload in a table.
package struct WorkloadRow: ListDisplayable {
    let workload: WorkloadListing

    package init(_ workload: WorkloadListing) { self.workload = workload }

    package static var columns: [Column] {
        [Column("KIND"), Column("NAME"), Column("POD"), Column("RUNTIME"), Column("ID"), Column("IMAGE")]
    }

    package var row: [String] {
        let id = workload.id == workload.name ? "-" : String(workload.id.prefix(12))
        let naming = workload.naming == "known" ? "" : " (\(workload.naming))"
        return [
            workload.kind, workload.name + naming, workload.podText,
            workload.runtime.isEmpty ? "-" : workload.runtime,
            id, workload.image.isEmpty ? "-" : workload.image,
        ]
    }
}

/// A pod in a table.
package struct PodRow: ListDisplayable {
    let pod: WorkloadListing
    var containers: [String]

    package static var columns: [Column] {
        [Column("NAMESPACE"), Column("NAME"), Column("CONTAINERS"), Column("LABELS")]
    }

    package var row: [String] {
        let labels = pod.podLabels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            pod.namespace.isEmpty ? "-" : pod.namespace, pod.pod, containers.sorted().joined(separator: ","),
            labels.isEmpty ? "-" : labels.joined(separator: ","),
        ]
    }

    /// One row for each pod.
    package static func rows(_ workloads: [WorkloadListing]) -> [PodRow] {
        var rows: [String: PodRow] = [:]
        for workload in workloads {
            let key = workload.podUID + "/" + workload.podText
            // The container that only holds the pod's namespaces has no name.
            let name = workload.name == workload.id ? [] : [workload.name]
            rows[key, default: PodRow(pod: workload, containers: [])].containers += name
        }
        return rows.values.sorted { ($0.pod.namespace, $0.pod.pod) < ($1.pod.namespace, $1.pod.pod) }
    }
}

extension WorkloadListing {
    /// `demo/web`, or a dash.
    var podText: String { pod.isEmpty ? "-" : namespace.isEmpty ? pod : "\(namespace)/\(pod)" }

    /// Whether somebody may mean this one.
    func isCalled(_ text: String) -> Bool {
        !text.isEmpty
            && (name == text || unit == text || pod == text || podText == text || id.hasPrefix(text))
    }
}
