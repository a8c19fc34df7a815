public import ArgumentParser

/// `secctl policy`: what is done with policies; Tetragon's names of the verb work, too.
public struct PolicyCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check policies, give them to the daemon, and see what they do.",
        subcommands: [
            PolicyCheckCommand.self, PolicyAddCommand.self, PolicyDeleteCommand.self, PolicyListCommand.self,
            PolicyStatusCommand.self, PolicyEnableCommand.self, PolicyDisableCommand.self,
            PolicySetModeCommand.self, PolicyExplainCommand.self,
        ],
        aliases: ["tracingpolicy", "tp"])

    public init() {}
}
