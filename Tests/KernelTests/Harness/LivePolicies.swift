import AgentCore
import Glibc
import Logging
import PolicyCompiler
import PolicyModel
import Sensors
import Testing

/// Policies in the kernel of this machine, beside an engine of their own.
final class LivePolicies: @unchecked Sendable {
    // @unchecked: tests of policies run one after another.

    let agent: LiveAgent
    private let runtime: KernelPolicyRuntime
    private let settings: CheckSettings

    /// One for all tests; it lives as long as the test process.
    static let shared: LivePolicies = {
        do {
            return try LivePolicies()
        } catch {
            fatalError("policies do not start: \(error)")
        }
    }()

    private init() throws {
        agent = try LiveAgent()
        try agent.start()
        runtime = KernelPolicyRuntime(agent.engine, logger: Logger(label: "policy-tests"))
        settings = try PolicyKernel.settings { _ in nil }
    }

    /// Makes these the policies that run; ids are their positions, from 1.
    @discardableResult
    func run(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> [PolicyReport] {
        try runtime.replace(with: try check(texts, sourceLocation: sourceLocation))
    }

    /// The policies as they would run.
    func check(
        _ texts: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [RunnablePolicy] {
        var batch = PolicyBatch(settings)
        for (index, text) in texts.enumerated() {
            batch.add(file: "\(index).yaml", bytes: Array(text.utf8))
        }
        try #require(!batch.hasErrors, "a policy has errors", sourceLocation: sourceLocation)
        return batch.policies.enumerated().map { RunnablePolicy(id: UInt64($0 + 1), policy: $1) }
    }

    /// Why these policies cannot run.
    func refusal(_ texts: [String]) throws -> PolicyRefusal? {
        do throws(PolicyRefusal) {
            _ = try runtime.replace(with: try Self.unchecked { try check(texts) })
            return nil
        } catch {
            return error
        }
    }

    private static func unchecked(_ body: () throws -> [RunnablePolicy]) throws(PolicyRefusal)
        -> [RunnablePolicy]
    {
        do {
            return try body()
        } catch {
            throw PolicyRefusal(reason: "\(error)")
        }
    }

    /// What the first selector of each policy did.
    func counts() -> [UInt64: ActionCounts] {
        Dictionary(
            uniqueKeysWithValues: runtime.counts().compactMap { policy in
                policy.selectors.first.map { (policy.id, $0.actions) }
            })
    }

    /// Events of policies at a process, in the order of the stream.
    func events(_ story: Story) -> [CapturedEvent] {
        story.events.filter { $0.kind == "process_kprobe" || $0.kind == "process_tracepoint" }
    }
}

/// Texts of policies.
enum PolicySample {
    /// A policy with this below `spec`.
    static func policy(_ name: String, _ spec: String) -> String {
        """
        apiVersion: cilium.io/v1alpha1
        kind: TracingPolicy
        metadata:
          name: \(name)
        spec:
        \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

        """
    }

    /// Opens below a path.
    static func opens(_ name: String, below path: String) -> String {
        policy(
            name,
            """
            kprobes:
            - call: sys_openat
              syscall: true
              args:
              - index: 0
                type: int
              - index: 1
                type: string
              selectors:
              - matchArgs:
                - index: 1
                  operator: Prefix
                  values: ["\(path)"]
            """)
    }

    /// Kills who writes to files below a path.
    static func killsWriters(_ path: String) -> String {
        policy(
            "writes",
            """
            kprobes:
            - call: sys_write
              syscall: true
              args:
              - index: 0
                type: fd
              selectors:
              - matchArgs:
                - index: 0
                  operator: Prefix
                  values: ["\(path)"]
                matchActions:
                - action: Sigkill
            """)
    }

    /// Refuses connects to an address.
    static func deniesConnects(_ address: String) -> String {
        policy(
            "connects",
            """
            kprobes:
            - call: security_socket_connect
              syscall: false
              args:
              - index: 1
                type: sockaddr
              selectors:
              - matchArgs:
                - index: 1
                  operator: SAddr
                  values: ["\(address)"]
                matchActions:
                - action: Override
                  argError: -1
            """)
    }
}
