import AgentModel
public import ArgumentParser
package import Configuration
import ControlAPI
import Foundation

/// `secctl oci-hook`: between a container and its first instruction, so that policies hold for all of it.
public struct OCIHookCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "oci-hook",
        abstract: "Tell the daemon of a container before it starts; for hooks of runtimes.",
        discussion: """
            A runtime (runc, crun) starts it as a createRuntime hook, with the state of the container on stdin. It \
            ends when the policies that select the container hold for it, by name, image or pod.

            Where that cannot be had (no daemon, no name) within --timeout (2s unless said), the container starts \
            all the same, with a warning, unless --fail-closed names its namespace: * is every one, - is what is \
            in no pod, !name is an exception. Without the option workloads.hook-fail-closed of the daemon's \
            configuration file counts.

            Exit codes: 0 the container may start, 1 it may not.
            """)

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions

    @Option(
        help: ArgumentHelp(
            "Namespaces whose containers do not start without their policies.", valueName: "name,…"))
    var failClosed: [String] = []

    @Option(
        help: ArgumentHelp(
            "The daemon's configuration file (else $SECD_CONFIG, else \(AgentConfiguration.defaultFile)).",
            valueName: "path"))
    var config: String?

    /// For all of it: a container waits.
    private static let patience = Duration.seconds(2)

    public init() {}

    /// Refuses what means nothing before anything runs.
    public mutating func validate() throws {
        if connection.serverAddress != nil {
            throw ValidationError("a hook speaks to the daemon of its own machine: give --socket PATH")
        }
        for entry in failClosed.flatMap(Self.words) {
            if let problem = NamespaceList.problem(of: entry) {
                throw ValidationError("--fail-closed: \(problem)")
            }
        }
    }

    public func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let settings = settings(environment)
        let closed = NamespaceList(
            failClosed.isEmpty ? settings.workloads.hookFailClosed : failClosed.flatMap(Self.words))
        let given = connection.socket ?? environment["SECD_SOCKET"] ?? ""
        let patience = connection.timeout.flatMap(Timestamp.parseSpan).map { Duration.nanoseconds($0) }
        let hook = OCIHook(
            closed: closed, socket: given.isEmpty ? settings.control.socket : given,
            patience: patience ?? Self.patience)
        guard await hook.run(STDIN_FILENO) else { throw Failures.badNews }
    }

    /// The daemon's settings; its defaults where the file cannot be used.
    private func settings(_ environment: [String: String]) -> AgentConfiguration {
        do throws(ConfigurationError) {
            return try AgentConfiguration.load(
                environment: environment.filter { $0.key == "SECD_CONFIG" }, file: config)
        } catch {
            HookWarning.send(
                "oci-hook: settings of the daemon are not used, their file is wrong: \(error)",
                isRefusal: false)
            return AgentConfiguration()
        }
    }

    private static func words(_ list: String) -> [String] { list.split(separator: ",").map(String.init) }
}

/// One call of the hook.
package struct OCIHook: Sendable {
    /// Whose containers do not start without their policies.
    let closed: NamespaceList
    let socket: String
    /// For all of it.
    let patience: Duration

    package init(closed: NamespaceList, socket: String, patience: Duration) {
        self.closed = closed
        self.socket = socket
        self.patience = patience
    }

    /// Registers the container whose state comes by a descriptor.
    /// - Returns: whether the container may start.
    package func run(_ input: Int32) async -> Bool {
        let end = ContinuousClock.now + patience
        let state: HookState
        do throws(InputError) {
            state = try HookState(
                HookState.receive(descriptor: input, within: patience), isInside: HookState.runsInside)
        } catch {
            // Whose it is, is not known: the strictest rule counts.
            return failed("a container", closed.isEmpty ? nil : "some namespaces", "\(error)")
        }
        let name = state.container.name.isEmpty ? state.container.id : state.container.name
        do {
            let left = max(ContinuousClock.now.duration(to: end), .milliseconds(1))
            try await AgentClient(socketPath: socket, timeout: left).register(state.container)
            return true
        } catch {
            let namespace = state.namespace.isEmpty ? "containers in no pod" : "namespace \(state.namespace)"
            return failed(
                "container \(name)", closed.holds(state.namespace) ? namespace : nil, "\(error)")
        }
    }

    /// - Parameter rule: whom the rule is for that forbids to start it; nil = there is none.
    private func failed(_ container: String, _ rule: String?, _ reason: String) -> Bool {
        let outcome =
            rule.map { "\(container) does not start (fail-closed for \($0))" }
            ?? "\(container) starts, and policies may not hold for it at first"
        HookWarning.send("oci-hook: \(outcome): \(reason)", isRefusal: rule != nil)
        return rule == nil
    }
}
