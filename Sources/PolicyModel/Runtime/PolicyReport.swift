/// What a running policy acts by.
public struct PolicyReport: Sendable, Hashable {
    /// `RunnablePolicy.id`.
    public var id: UInt64
    /// One for each attach point of each entry, in the order of the file.
    public var hooks: [HookReport]
    /// What this policy adds to the kernel's memory.
    public var kernelBytes: UInt64

    public init(id: UInt64, hooks: [HookReport], kernelBytes: UInt64) {
        self.id = id
        self.hooks = hooks
        self.kernelBytes = kernelBytes
    }
}

/// An entry of a policy at one attach point.
public struct HookReport: Sendable, Hashable {
    /// Whether the entry is attached there.
    public enum State: String, Sendable, CaseIterable {
        case loaded
        /// The kernel lacks the function, and the entry says that it is then skipped.
        case callNotFound = "call_not_found"
        /// The file has another digest than the entry asks for.
        case digestRejected = "digest_rejected"
    }

    /// `spec.kprobes[2]`.
    public var path: String
    /// Where the policy wants it.
    public var point: AttachPoint
    /// Whether it is attached there.
    public var state: State
    /// What it is attached to: `tracepoint/sys_enter_openat`, `lsm/file_open`.
    public var mechanism: String
    /// What actions of the entry can do at most.
    public var effect: EffectClass
    /// As long as what; empty = as long as the policy runs.
    public var condition: String
    /// What the mechanism does not see, or sees otherwise, in sentences.
    public var blindSpots: [String]
    /// Weaker than the policy asks for, which its author accepts.
    public var isDegraded: Bool

    public init(
        path: String, point: AttachPoint, state: State = .loaded, mechanism: String, effect: EffectClass,
        condition: String = "", blindSpots: [String] = [], isDegraded: Bool = false
    ) {
        self.path = path
        self.point = point
        self.state = state
        self.mechanism = mechanism
        self.effect = effect
        self.condition = condition
        self.blindSpots = blindSpots
        self.isDegraded = isDegraded
    }
}

/// What an action can still change at a mechanism: it belongs to the pair of mechanism and call.
public enum EffectClass: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Nothing: the call has had its effect, or only a report is possible.
    case observe
    /// The process is killed after the call's effect, before it sees the result.
    case killBeforeReturn = "kill-before-return"
    /// The process is killed before the call has an effect.
    case killBeforeEffect = "kill-before-effect"
    /// The call fails, and has no effect.
    case prevent

    public static func < (left: EffectClass, right: EffectClass) -> Bool {
        left.strength < right.strength
    }

    private var strength: Int {
        switch self {
        case .observe: 0
        case .killBeforeReturn: 1
        case .killBeforeEffect: 2
        case .prevent: 3
        }
    }
}
