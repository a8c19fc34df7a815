public import ArgumentParser
import Configuration
import Glibc
import LinuxSystem
import Logging
import YAMLReader

/// `secd`: the command line of the daemon.
public struct DaemonCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "secd",
        abstract: "Watches the processes, sockets and files of a Linux machine.",
        discussion: """
            Settings come from flags, then from the environment (SECD_*), then from the configuration file.

            Exit codes:
              0   ended in order by SIGTERM or SIGINT
              64  wrong usage: an unknown flag, or one without its value
              69  the kernel lacks something, another secd runs, or an address is taken
              71  a system call failed that should not
              73  a directory or file cannot be made or written
              77  not enough rights
              78  the configuration is wrong
            """,
        version: Daemon.version)

    @Option(
        help: ArgumentHelp(
            "Configuration file (default: /etc/secd/secd.yaml, which may be absent).", valueName: "file"))
    var config: String?
    @Option(help: DaemonCommand.help("--socket", "path"))
    var socket: String?
    @Option(help: DaemonCommand.help("--export-file", "file"))
    var exportFile: String?
    @Flag(help: DaemonCommand.help("--export-journald"))
    var exportJournald = false
    @Option(parsing: .upToNextOption, help: DaemonCommand.help("--policy", "path"))
    var policy: [String] = []
    @Option(help: DaemonCommand.help("--manifests", "dir"))
    var manifests: String?
    @Option(help: DaemonCommand.help("--metrics", "addr"))
    var metrics: String?
    @Option(help: DaemonCommand.help("--state-dir", "dir"))
    var stateDir: String?
    @Option(help: DaemonCommand.help("--pin-dir", "dir"))
    var pinDir: String?
    @Option(help: DaemonCommand.help("--node-name", "name"))
    var nodeName: String?
    @Option(help: DaemonCommand.help("--log-level", "level"))
    var logLevel: String?
    @Option(help: DaemonCommand.help("--netns", "path"))
    var netns: String?
    @Option(help: DaemonCommand.help("--cgroup-root", "dir"))
    var cgroupRoot: String?
    @Option(help: DaemonCommand.help("--enrich-wait", "time"))
    var enrichWait: String?
    @Flag(help: "Print the configuration in force and where each value came from, then exit.")
    var showConfig = false

    public init() {}

    /// What the table of settings says about one.
    private static func help(_ flag: String, _ valueName: String? = nil) -> ArgumentHelp {
        ArgumentHelp(SettingTable.setting(flag: flag)?.documentation ?? "", valueName: valueName)
    }

    private var flags: FlagLayer {
        var layer = FlagLayer()
        let values: [(String, String?)] = [
            ("--socket", socket), ("--export-file", exportFile),
            ("--export-journald", exportJournald ? "true" : nil),
            ("--manifests", manifests), ("--metrics", metrics), ("--state-dir", stateDir),
            ("--pin-dir", pinDir),
            ("--node-name", nodeName), ("--log-level", logLevel), ("--netns", netns),
            ("--cgroup-root", cgroupRoot), ("--enrich-wait", enrichWait),
        ]
        for case (let flag, let value?) in values { layer.add(flag, value) }
        for path in policy { layer.add("--policy", path) }
        return layer
    }

    private static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            let parts = unsafe String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
            unsafe entry += 1
        }
        return result
    }

    public func run() async throws {
        do {
            try await start()
        } catch let error as ConfigurationError {
            Self.complain("\(error.description)\n")
            throw ExitCode(DaemonError.Exit.configuration.rawValue)
        } catch let error as DaemonError {
            Self.complain("secd: \(error.description)\n")
            throw ExitCode(error.exit.rawValue)
        }
    }

    private func start() async throws {
        let configuration = try Self.load(flags, config)
        if showConfig {
            // Beside the settings: their lines may be a program's input.
            for warning in configuration.warnings { Self.complain("\(warning.rendered())\n") }
            return Self.show(configuration)
        }
        let threshold = LogThreshold(Logger.Level(configuration.logLevel))
        let underJournald = Self.environment["JOURNAL_STREAM"] != nil
        let logger = Logger(label: "secd") { _ in DaemonLog(threshold, underJournald: underJournald) }
        for warning in configuration.warnings {
            logger.warning("\(warning.rendered().replacing(": warning: ", with: ": "))")
        }
        let flags = self.flags
        let file = config
        try await DaemonRun(configuration, threshold: threshold, logger: logger).run(
            reload: { () throws(ConfigurationError) in try Self.load(flags, file) })
    }

    private static func load(_ flags: FlagLayer, _ file: String?) throws(ConfigurationError)
        -> AgentConfiguration
    {
        try AgentConfiguration.load(
            flags: flags, environment: environment, file: file,
            check: {
                RedactionRules.compile($0).problems + Daemon.identityProblems($0) + Daemon.kubeletProblems($0)
            })
    }

    private static func show(_ configuration: AgentConfiguration) {
        for setting in SettingTable.all {
            let origin = configuration.origins[setting.name] ?? .builtIn
            print("\(setting.name): \(setting.text(in: configuration))  # \(origin)")
        }
    }

    private static func complain(_ text: String) {
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBytes { unsafe _ = write(2, $0.baseAddress, $0.count) }
    }
}
