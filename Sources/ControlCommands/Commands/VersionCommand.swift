import AgentModel
public import ArgumentParser
import ControlAPI

/// `secctl version`: of this program and of the daemon.
public struct VersionCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Show the versions of secctl and of the daemon.",
        discussion: "Exit code 0 also where no daemon answers: the line of secd says why.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @Flag(help: "Only secctl's own version.")
    var client = false

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            try out.line("secctl \(Secctl.version)")
            if !client { try out.line("secd   \(try await daemonVersion())") }
            try out.flush()
        }
    }

    private func daemonVersion() async throws -> String {
        do {
            let status = try await connection.daemon().status()
            return "\(TerminalText.escaped(status.version)) (kernel \(TerminalText.escaped(status.kernel)))"
        } catch let error as ClientError {
            return "not reachable (\(TerminalText.escaped(error.description)))"
        }
    }
}
