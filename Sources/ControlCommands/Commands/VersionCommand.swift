import AgentModel
public import ArgumentParser

/// `secctl version`: of this program and of the daemon.
public struct VersionCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the versions of secctl and of the daemon.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @Flag(help: "Only secctl's own version.")
    var client = false

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            try out.line("secctl \(Secctl.version)")
            try out.flush()
            if client { return }
            let status = try await connection.daemon().status()
            try out.line(
                "secd   \(TerminalText.escaped(status.version)) (kernel \(TerminalText.escaped(status.kernel)))"
            )
            try out.flush()
        }
    }
}
