/// A call that policies matched: one event, however many they are.
public struct PolicyEvent: Sendable {
    /// What was called.
    public var hook: PolicyHook
    /// Every rule that matched, those that acted first; the first one gives `policy_name`, `message` and `tags`.
    public var matches: [PolicyMatch]
    /// In the order of the policy.
    public var arguments: [PolicyArgument] = []
    /// What the policy reads beside the arguments.
    public var data: [PolicyArgument] = []
    /// What the call returned; nil = not asked for, or not returned yet.
    public var returned: PolicyArgument?
    /// The action that decided; in monitor mode the one that would have.
    public var action = PolicyAction.post
    /// The same of the return; nil = the event does not wait for it.
    public var returnAction: PolicyAction?
    /// What became of the call.
    public var verdict = PolicyVerdict.none
    /// What would have become of it if all that matched were enforced; `none` = nothing else.
    public var expected = PolicyVerdict.none
    /// errno of a call that was denied, or would have been; 0 = none.
    public var error: UInt32 = 0
    /// Number of the policies' generation that judged the call.
    public var generation: UInt64
    /// Innermost first.
    public var kernelStack: [PolicyStackFrame] = []
    /// Innermost first.
    public var userStack: [PolicyStackFrame] = []
    /// Events like this one that the rate limit held back since the last that was sent.
    public var heldBack: UInt64 = 0
    /// Calls that the event stands for (action Count); 0 = it is one call.
    public var count: UInt64 = 0
    /// Span of the count, nanoseconds.
    public var interval: UInt64 = 0
    /// From the call to its return, nanoseconds; 0 = it was not waited for.
    public var duration: UInt64 = 0
    /// The event was to wait for the return, and there was no room to wait.
    public var returnMissed = false
    /// The kernel refused to send the signal.
    public var signalFailed = false
    /// The entry of a syscall that did not come by the usual one; nil = it did, or is none.
    public var abi: PolicyArgument.SyscallABI?
    /// Whose process the event shows, where that is not who made the call; nil = it is.
    public var attribution: Attribution?
    /// Thread that made the call; nil = unknown.
    public var tid: UInt32?
    /// `algorithm:value`, of IMA; empty = not asked for.
    public var imaHash = ""
    /// `algorithm:value`, computed by the daemon; empty = not asked for.
    public var fileHash = ""

    /// Where nobody made a call: packets arrive and timers run in interrupts, and in threads of the kernel.
    public enum Attribution: Sendable, CaseIterable {
        /// The process is whoever ran when the interrupt came; it has no part in the event.
        case interrupted
        /// The process is the one that TrackSock has tied the socket to.
        case tracked

        /// As events say it.
        public var name: StaticString {
            switch self {
            case .interrupted: "interrupted"
            case .tracked: "tracked"
            }
        }
    }

    public init(hook: PolicyHook, matches: [PolicyMatch], generation: UInt64) {
        self.hook = hook
        self.matches = matches
        self.generation = generation
    }

    /// Names of the policies that matched, each once, in their order.
    public var policyNames: [String] {
        var known: Set<String> = []
        return matches.compactMap { known.insert($0.rule.policy).inserted ? $0.rule.policy : nil }
    }

    /// Whether a condition could not be decided.
    public var isUncertain: Bool { matches.contains { !$0.unknown.isEmpty } }
}

/// One function of a stack.
public struct PolicyStackFrame: Sendable {
    /// Where it runs; 0 = not shown.
    public var address: UInt64
    /// Inside the symbol, or the module where there is none.
    public var offset: UInt64
    /// Empty = unknown.
    public var symbol: String
    /// File or kernel module; empty = the kernel itself.
    public var module: String

    public init(address: UInt64, offset: UInt64, symbol: String, module: String) {
        self.address = address
        self.offset = offset
        self.symbol = symbol
        self.module = module
    }
}
