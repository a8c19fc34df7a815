package import AgentModel
public import ArgumentParser

/// `secctl ps`: the processes that secd knows.
public struct PsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "ps", abstract: "List processes as secd knows them.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions
    @OptionGroup var display: DisplayOptions

    @Flag(name: .shortAndLong, help: "Exited processes too, that are kept as ancestors.")
    var all = false

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let test = try filter.test()
            let processes = try await connection.daemon().processes().filter { test($0.workload) }
            let text =
                display.output == .json
                ? try Listing.json(all ? processes : processes.filter(\.alive))
                : try Listing.text(
                    ProcessRow.rows(processes, all: all), as: .table, display.palette(for: out),
                    width: out.columns)
            try out.line(text)
            try out.flush()
        }
    }
}

/// A process with its parent's pid, which the listing has as an exec id.
package struct ProcessRow: ListDisplayable {
    let process: ProcessListing
    let parentPID: UInt32?

    package static var columns: [Column] {
        [
            Column("PID", right: true), Column("PPID", right: true), Column("UID", right: true),
            Column("STARTED"),
            Column("PLACE"), Column("COMMAND"),
        ]
    }

    package var row: [String] {
        [
            String(process.pid), parentPID.map(String.init) ?? "-", String(process.uid), process.startText,
            process.place, process.command,
        ]
    }

    package static func rows(_ processes: [ProcessListing], all: Bool) -> [ProcessRow] {
        let pids = Dictionary(processes.map { ($0.execID, $0.pid) }) { first, _ in first }
        return processes.filter { all || $0.alive }.sorted { ($0.pid, $0.execID) < ($1.pid, $1.execID) }
            .map { ProcessRow(process: $0, parentPID: pids[$0.parentExecID]) }
    }
}

extension ProcessListing {
    /// The date and time of the start, in this machine's zone.
    var startText: String {
        guard let moment = Timestamp.parse(startTime) else { return startTime }
        let seconds = moment.floorDivided(by: 1_000_000_000)
        return Timestamp.civil(seconds + Timestamp.localOffset(at: seconds)).split(separator: "T").joined(
            separator: " ")
    }

    /// `demo/web`, the name of a container or unit, or `host`.
    var place: String {
        if !pod.isEmpty { return pod }
        if let workload, !workload.name.isEmpty { return workload.name }
        return container.isEmpty ? "host" : String(container.prefix(12))
    }

    var command: String {
        let text = arguments.isEmpty ? binary : "\(binary) \(arguments)"
        return TerminalText.cut(TerminalText.escaped(text), to: 200) + (alive ? "" : " (exited)")
    }
}
