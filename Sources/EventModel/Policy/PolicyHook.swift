/// A hook of policies as its events name it. One object for each hook of a generation; its events share it.
public final class PolicyHook: Sendable {
    /// What is hooked, in the words of the policy.
    public enum Target: Sendable {
        /// A kernel function, or a syscall by its entry function; fentries too.
        case function(String)
        case tracepoint(subsystem: String, event: String)
        case lsm(String)
        /// A place in a program: a symbol, or an offset where `symbol` is empty.
        case uprobe(path: String, symbol: String, offset: UInt64, counterOffset: UInt64)
        case usdt(path: String, provider: String, name: String)
        /// Executable files that are mapped: the event is a `LoaderEvent`.
        case mapping
    }

    /// What an action can achieve at this hook, measured by a test for each mechanism and call.
    public enum Effect: Sendable, CaseIterable {
        /// The call does not happen.
        case prevent
        /// The process dies before the call has an effect.
        case killBeforeEffect
        /// The call happens, the process dies before it sees the result.
        case killBeforeReturn
        /// Nothing can be stopped here.
        case observe

        /// As events and status say it.
        public var name: StaticString {
            switch self {
            case .prevent: "prevent"
            case .killBeforeEffect: "kill-before-effect"
            case .killBeforeReturn: "kill-before-return"
            case .observe: "observe"
            }
        }
    }

    /// What is hooked.
    public let target: Target
    /// The mechanism that the hook runs on: `kprobe`, `fentry`, `lsm`, `tracepoint`, …
    public let mechanism: String
    /// What its actions can achieve.
    public let effect: Effect

    public init(_ target: Target, mechanism: String, effect: Effect) {
        self.target = target
        self.mechanism = mechanism
        self.effect = effect
    }

    /// The kind of its events.
    public var kind: EventKind {
        switch target {
        case .function: .processKprobe
        case .tracepoint: .processTracepoint
        case .lsm: .processLsm
        case .uprobe: .processUprobe
        case .usdt: .processUsdt
        case .mapping: .processLoader
        }
    }

    /// The hook in one word, for lines that people read.
    public var name: String {
        switch target {
        case .function(let name), .lsm(let name): name
        case .tracepoint(let subsystem, let event): "\(subsystem)/\(event)"
        case .uprobe(let path, let symbol, let offset, _):
            "\(path):" + (symbol.isEmpty ? "+0x" + String(offset, radix: 16) : symbol)
        case .usdt(let path, let provider, let name): "\(path):\(provider):\(name)"
        case .mapping: "loader"
        }
    }
}
