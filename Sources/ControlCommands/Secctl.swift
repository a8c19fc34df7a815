import AgentModel
public import ArgumentParser

/// The command line of secd: one verb per file in `Commands`.
public struct Secctl: AsyncParsableCommand {
    /// The version of this program.
    public static let version = Release.version

    public static let configuration = CommandConfiguration(
        commandName: "secctl",
        abstract: "Watch and question secd, the security daemon of this machine.",
        discussion: """
            Each command finds the daemon by --socket PATH, else $SECD_SOCKET, else /run/secd/secd.sock, or on \
            another machine by --server-address.

            Exit codes: 0 good, 1 bad news (problems, unexplained holes), 2 no answer (daemon or file not \
            readable), 64 wrong usage.
            """,
        version: version,
        subcommands: [
            EventsCommand.self, TreeCommand.self, PsCommand.self, SocketsCommand.self, TopCommand.self,
            StatusCommand.self, ConfigCommand.self, DoctorCommand.self, VerifyCommand.self,
            PolicyCommand.self, WorkloadCommand.self, PodsCommand.self, IdentityCommand.self,
            OCIHookCommand.self, VersionCommand.self, CompletionCommand.self,
        ])

    @OptionGroup(visibility: .hidden) var connection: ConnectionOptions

    public init() {}

    /// Runs the command of this process's arguments; for the executable, which knows nothing else.
    public static func start() async {
        await main()
    }
}
