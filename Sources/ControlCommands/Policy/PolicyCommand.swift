public import ArgumentParser

/// `secctl policy`: what is done with policies.
public struct PolicyCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Check policies. The daemon does not enforce them yet.",
        subcommands: [PolicyCheckCommand.self])

    public init() {}
}
