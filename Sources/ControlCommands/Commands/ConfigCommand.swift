public import ArgumentParser

/// `secctl config`: the settings that the daemon runs with.
public struct ConfigCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the settings that the daemon runs with.",
        discussion: "secd --show-config shows what a daemon started now would take, and where from.",
        aliases: ["info"])

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let settings = try await connection.daemon().configuration()
            let rows = settings.sorted { $0.key < $1.key }.map { Setting(name: $0.key, value: $0.value) }
            switch display.output {
            case .json: try out.line(try Listing.json(settings))
            case .table:
                try out.line(
                    try Listing.text(rows, as: .table, display.palette(for: out), width: out.columns))
            }
            try out.flush()
        }
    }
}

private struct Setting: ListDisplayable {
    let name: String
    let value: String

    static var columns: [Column] { [Column("setting"), Column("value")] }
    var row: [String] { [name, value] }
}
