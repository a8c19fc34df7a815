package import AgentModel
import ArgumentParser
import Foundation

/// `secctl workload watch`.
struct WorkloadWatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show what runs, then what comes, changes and goes.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions

    @Option(help: ArgumentHelp("Seconds between looks.", valueName: "seconds"))
    var delay = 1.0

    func validate() throws {
        guard delay >= 0.1, delay <= 86_400 else {
            throw ValidationError("--delay takes 0.1 to 86400 seconds")
        }
    }

    func run() async throws {
        try await Failures.reported {
            let out = Output()
            out.whenReaderLeaves { _exit(Failures.good.rawValue) }
            let daemon = try connection.daemon()
            let test = try filter.test()
            var known = WorkloadChanges()
            while true {
                for line in known.take(try await daemon.workloads().workloads.filter(test)) {
                    try out.line(line)
                }
                try out.flush()
                try await Task.sleep(for: .seconds(delay))
            }
        }
    }
}

/// What is different from the look before.
package struct WorkloadChanges {
    private var known: [String: WorkloadListing] = [:]

    package init() {}

    /// `+ container web`, `~ container web`, `- container web`.
    package mutating func take(_ workloads: [WorkloadListing]) -> [String] {
        var lines: [String] = []
        var current: [String: WorkloadListing] = [:]
        for workload in workloads { current[workload.kind + "\u{0}" + workload.id] = workload }
        for (key, workload) in known.sorted(by: { $0.key < $1.key }) where current[key] == nil {
            lines.append(Self.line("-", workload))
        }
        for (key, workload) in current.sorted(by: { $0.key < $1.key }) where known[key] != workload {
            lines.append(Self.line(known[key] == nil ? "+" : "~", workload))
        }
        known = current
        return lines
    }

    private static func line(_ sign: String, _ workload: WorkloadListing) -> String {
        var words = [sign, workload.kind, workload.name]
        if !workload.pod.isEmpty { words.append("pod " + workload.podText) }
        if !workload.image.isEmpty { words.append(workload.image) }
        if workload.naming != "known" { words.append("(\(workload.naming))") }
        return TerminalText.escaped(words.joined(separator: " "))
    }
}
