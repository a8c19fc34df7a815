import AgentModel
public import ArgumentParser

/// Which policy a command is about.
public struct PolicyNameOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Namespace of the policy.")
    var namespace = ""

    @Argument(help: "Name of the policy.")
    var name: String

    public init() {}

    var key: PolicyKey { PolicyKey(name: name, namespace: namespace) }
}

/// `secctl policy delete`: takes back what `add` gave.
public struct PolicyDeleteCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove a policy that was added. Needs root.",
        discussion: "A policy of a file is removed with its file; it can be disabled.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var policy: PolicyNameOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            try await connection.policyDaemon().delete(policy.key)
        }
    }
}

/// `secctl policy enable`: the opposite of `disable`.
public struct PolicyEnableCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let a disabled policy run again. Needs root.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var policy: PolicyNameOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            try await connection.policyDaemon().configure(policy.key, enabled: true, mode: nil)
        }
    }
}

/// `secctl policy disable`: keeps a policy and does not let it run.
public struct PolicyDisableCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Keep a policy, and do not let it run, also after a restart. Needs root.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var policy: PolicyNameOptions

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            try await connection.policyDaemon().configure(policy.key, enabled: false, mode: nil)
        }
    }
}

/// `secctl policy set-mode`: whether enforcing actions act.
public struct PolicySetModeCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "set-mode",
        abstract: "Let a policy enforce, or only count what it would do. Needs root.",
        discussion: "Goes before what the policy itself says, also after a restart.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var policy: PolicyNameOptions

    @Argument(help: "enforce or monitor.")
    var mode: PolicyModeArgument

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            try await connection.policyDaemon().configure(policy.key, enabled: nil, mode: mode.mode)
        }
    }
}
