import AgentModel
public import ArgumentParser

/// `secctl status`: health, sensors, rings, sinks, memory.
public struct StatusCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the health of the daemon: sensors, rings, loss, sinks, memory.",
        discussion: "Exit code 0: healthy. 1: the daemon reports problems. 2: no answer.")

    @OptionGroup(title: "Daemon") package var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let status = try await connection.daemon().status()
            switch display.output {
            case .json: try out.line(try Listing.json(status))
            case .table:
                for line in StatusText(status, palette: display.palette(for: out)).lines {
                    try out.line(line)
                }
            }
            try out.flush()
            if !status.problems.isEmpty { throw Failures.badNews }
        }
    }
}
