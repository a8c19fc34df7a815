import AgentCore
import EventFilters
import Glibc
import Logging
import PolicyCompiler
import PolicyModel
import Sensors
import Testing
import YAMLReader

/// Policies in the kernel of this machine, beside an engine of their own.
final class LivePolicies: @unchecked Sendable {
    // @unchecked: tests of policies run one after another.

    let agent: LiveAgent
    private let runtime: KernelPolicyRuntime
    /// The kernel that policies are checked against.
    let settings: CheckSettings
    /// Of the texts that run, in their order. Ids are never given twice, but kept while a text goes on.
    private var running: [(text: String, id: UInt64)] = []
    private var nextID: UInt64 = 1

    /// One for all tests; it lives as long as the test process.
    static let shared: LivePolicies = {
        do {
            let agent = try LiveAgent()
            try agent.start()
            return try LivePolicies(agent)
        } catch {
            fatalError("policies do not start: \(error)")
        }
    }()

    /// - Parameter agent: reads already; it is stopped by its owner, after the last policy has gone.
    init(_ agent: LiveAgent) throws {
        self.agent = agent
        runtime = KernelPolicyRuntime(agent.engine, logger: Logger(label: "policy-tests"))
        settings = try PolicyKernel.settings { pattern in
            (try? LinearRegex(pattern)).map { expression in { expression.matches($0) } }
        }
    }

    /// Makes these the policies that run.
    @discardableResult
    func run(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> [PolicyReport] {
        let policies = try check(texts, sourceLocation: sourceLocation)
        let reports = try runtime.replace(with: policies)
        running = zip(texts, policies).map { ($0, $1.id) }
        return reports
    }

    /// What the check of a policy refuses.
    func errors(_ text: String) -> [Diagnostic] {
        var batch = PolicyBatch(settings)
        batch.add(file: "0.yaml", bytes: Array(text.utf8))
        return batch.files[0].diagnostics.filter { $0.severity == .error }
    }

    /// The policies as they would run.
    func check(
        _ texts: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> [RunnablePolicy] {
        var batch = PolicyBatch(settings)
        for (index, text) in texts.enumerated() {
            batch.add(file: "\(index).yaml", bytes: Array(text.utf8))
        }
        // Not in the expectation itself, which shows all that its parts hold: programs, and the kernel's types.
        let errors = batch.files.flatMap(\.diagnostics).filter { $0.severity == .error }.map(\.message)
        try #require(errors.isEmpty, "a policy has errors", sourceLocation: sourceLocation)
        let known = Dictionary(running.map { ($0.text, $0.id) }, uniquingKeysWith: { first, _ in first })
        return zip(texts, batch.policies).map { text, policy in
            if let id = known[text] { return RunnablePolicy(id: id, policy: policy) }
            defer { nextID += 1 }
            return RunnablePolicy(id: nextID, policy: policy)
        }
    }

    /// Makes the policies of one text those that run.
    func replace(_ text: String, _ policies: [CheckedPolicy]) -> Result<[PolicyReport], PolicyRefusal> {
        let runnable = policies.map { policy in
            defer { nextID += 1 }
            return RunnablePolicy(id: nextID, policy: policy)
        }
        do throws(PolicyRefusal) {
            let reports = try runtime.replace(with: runnable)
            running = runnable.map { (text, $0.id) }
            return .success(reports)
        } catch {
            return .failure(error)
        }
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

    /// What the first selector of each policy did, by its position, from 1.
    func counts() -> [Int: ActionCounts] {
        var counts: [Int: ActionCounts] = [:]
        for policy in runtime.counts() {
            guard let position = running.firstIndex(where: { $0.id == policy.id }) else { continue }
            counts[position + 1] = policy.selectors.first?.actions
        }
        return counts
    }

    /// Sockets that policies have tied to processes.
    var tiedSockets: Int { runtime.tiedSockets }

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

    /// One system call with arguments by position and type, and a selector in one line.
    static func hook(
        _ name: String, _ call: String, _ arguments: [(index: Int, type: String)], selector: String,
        more: String = ""
    ) -> String {
        let args = arguments.map { "{index: \($0.index), type: \($0.type)}" }.joined(separator: ", ")
        return policy(
            name,
            """
            kprobes:
            - call: \(call)
              syscall: true
              args: [\(args)]
            \(more.isEmpty ? "" : "  " + more + "\n")  selectors:
              - \(selector)
            """)
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
