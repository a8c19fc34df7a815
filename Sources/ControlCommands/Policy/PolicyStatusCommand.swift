import AgentModel
public import ArgumentParser

/// `secctl policy status`: one policy or all, hook by hook.
public struct PolicyStatusCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "status",
        abstract:
            "Show what policies are attached to, what they can do there, what they do not see, and did.",
        discussion:
            "Exit code 0: all run as they are wanted. 1: some do not. 2: no answer, or no such policy.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Option(name: .shortAndLong, help: "Namespace of the policy.")
    var namespace: String?

    @Argument(help: "Only this policy.")
    var name: String?

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let policies = try await connection.policyDaemon().policies().filter {
                (name == nil || $0.name == name) && (namespace == nil || $0.namespace == namespace)
            }
            if let name, policies.isEmpty {
                throw InputError("there is no policy \(name): secctl policy list")
            }
            switch display.output {
            case .json: try out.line(try Listing.json(policies))
            case .table:
                let text = PolicyStatusText(policies, palette: display.palette(for: out))
                for line in text.lines { try out.line(line) }
            }
            try out.flush()
            if policies.contains(where: { !$0.error.isEmpty }) { throw Failures.badNews }
        }
    }
}
