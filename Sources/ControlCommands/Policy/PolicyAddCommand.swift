import AgentModel
public import ArgumentParser
import PolicyCompiler
import PolicyModel

/// `secctl policy add`: gives policies to the daemon.
public struct PolicyAddCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Give policies to the daemon, which keeps them over restarts. Needs root.",
        discussion: """
            A file may hold several policies; they are added together, or not at all. What was added is then shown as \
            by status.

              secctl policy add tracingpolicies/keys.yaml
              ssh build cat keys.yaml | secctl policy add -m monitor -
            """)

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Flag(help: "Replace policies of the same names that were added before.")
    var replace = false

    @Flag(help: "Also where the daemon or the first process would be killed.")
    var force = false

    @Option(name: .shortAndLong, help: ArgumentHelp("enforce or monitor, whatever the policy says."))
    var mode: PolicyModeArgument?

    @Argument(help: "Files; - is stdin.", completion: .file(extensions: ["yaml", "yml"]))
    var files: [String]

    /// Bytes of one request; the daemon takes no more.
    private static let requestLimit = (1 << 20) - 4096

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let daemon = try await connection.policyDaemon()
            var names: [PolicyKey] = []
            for file in files {
                guard case .bytes(let bytes) = try PolicyFiles.read(file, limit: Self.requestLimit) else {
                    throw InputError(
                        "\(file) has more than 1 MiB: put it into a directory that the daemon reads (policy)")
                }
                let addition = PolicyAddition(
                    yaml: bytes, source: file == "-" ? "stdin" : file, replaces: replace, isForced: force,
                    mode: mode?.mode)
                try await daemon.add(addition)
                names += Self.names(in: bytes)
            }
            let added = try await daemon.policies().filter {
                names.contains(PolicyKey(name: $0.name, namespace: $0.namespace))
            }
            switch display.output {
            case .json: try out.line(try Listing.json(added))
            case .table:
                let text = PolicyStatusText(added, palette: display.palette(for: out))
                for line in text.lines { try out.line(line) }
            }
            try out.flush()
        }
    }

    /// The names of the policies in a text.
    private static func names(in bytes: [UInt8]) -> [PolicyKey] {
        var batch = PolicyBatch()
        batch.add(file: "", bytes: bytes)
        return batch.policies.map { PolicyKey(name: $0.name, namespace: $0.namespace) }
    }
}

/// Modes that an operator can choose.
public enum PolicyModeArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    /// Enforcing actions act, or are only counted.
    case enforce, monitor

    var mode: PolicyRunMode { self == .enforce ? .enforce : .monitor }
}
