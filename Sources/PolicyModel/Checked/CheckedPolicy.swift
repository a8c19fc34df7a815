/// A policy without open questions: macros merged, lists expanded, values parsed, types known.
public struct CheckedPolicy: Sendable, Hashable {
    /// As it was named to the compiler.
    public var file: String
    public var place: SourcePlace
    /// `metadata.name`.
    public var name: String
    /// Empty for cluster-wide policies.
    public var namespace: String
    /// From the option `policy-mode`.
    public var mode: PolicyMode
    /// `degraded: true`: a weaker effect than the one asked for is better than none.
    public var acceptsDegraded: Bool
    /// Whether mapped executable files give events (`loader`).
    public var reportsLoads: Bool
    /// In the order of the file.
    public var hooks: [CheckedHook]
    /// Calls on which enforcers act.
    public var enforcers: [AttachPoint]
    /// `nodeSelector`: labels that the node must have, all of them; empty = any node.
    public var nodeTerms: [WorkloadTest.Term]
    /// The annotation `secd/force: "true"`: it may act on the daemon and the first process, too.
    public var isForced: Bool

    public init(
        file: String, place: SourcePlace, name: String, namespace: String = "", mode: PolicyMode = .enforce,
        acceptsDegraded: Bool = false, reportsLoads: Bool = false, hooks: [CheckedHook] = [],
        enforcers: [AttachPoint] = [], nodeTerms: [WorkloadTest.Term] = [], isForced: Bool = false
    ) {
        self.file = file
        self.place = place
        self.name = name
        self.namespace = namespace
        self.mode = mode
        self.acceptsDegraded = acceptsDegraded
        self.reportsLoads = reportsLoads
        self.hooks = hooks
        self.enforcers = enforcers
        self.nodeTerms = nodeTerms
        self.isForced = isForced
    }

    /// Whether any selector does more than report.
    public var isEnforcing: Bool {
        hooks.contains { $0.selectors.contains { $0.isEnforcing } }
    }

    /// Whole paths of programs that conditions compare.
    public var binaries: Set<String> {
        var found: Set<String> = []
        for condition in hooks.flatMap({ $0.selectors.flatMap(\.conditions) }) {
            guard case .equal(let texts) = condition.test else { continue }
            switch condition.subject {
            case .process(.binary), .process(.parentBinary), .process(.lineage(.binary, _)):
                found.formUnion(texts.map { String(decoding: $0, as: UTF8.self) })
            default: continue
            }
        }
        return found
    }

    /// Whether events carry the kernel's stack.
    public var asksKernelStacks: Bool {
        hooks.contains { hook in
            hook.selectors.contains { ($0.actions + $0.returnActions).contains { $0.kernelStackTrace } }
        }
    }

    /// Seconds of the shortest interval that calls are counted for by key (`Count`); nil = none are.
    public var countInterval: UInt32? {
        let actions = hooks.flatMap { $0.selectors.flatMap { $0.actions + $0.returnActions } }
        return actions.filter { $0.kind.value == .count }.compactMap { $0.interval?.value }.min()
    }

    /// Whether it ties sockets to processes (`TrackSock`), by an action or by `returnArgAction`.
    public var tiesSockets: Bool {
        has(.trackSocket) || hooks.contains { $0.event.returnAction == .trackSocket }
    }

    /// Whether any selector has such an action.
    public func has(_ kind: ActionKind) -> Bool {
        hooks.contains { hook in
            hook.selectors.contains { selector in
                selector.actions.contains { $0.kind.value == kind }
                    || selector.returnActions.contains { $0.kind.value == kind }
            }
        }
    }
}

/// An entry of a hook section, resolved. A list of calls gives several points.
public struct CheckedHook: Sendable, Hashable {
    /// `spec.kprobes[2]`.
    public var path: String
    public var place: SourcePlace
    /// The section that the entry stands in.
    public var section: HookSpec.Section
    /// More than one where the entry names a list of calls.
    public var points: [AttachPoint]
    /// What is read; conditions and events name it by position.
    public var columns: [Column]
    /// In the order of the file: the first that matches decides.
    public var selectors: [CheckedSelector]
    /// What events of this entry show.
    public var event: EventShape
    /// A function that the kernel lacks is skipped.
    public var ignoresCallNotFound: Bool
    /// Calls that there are not here, which is why they are skipped.
    public var skippedCalls: [String] = []
    /// Places in a program that are skipped, because it has another digest.
    public var rejectedPoints: [AttachPoint] = []
    /// Of a program: it must have one of these; empty = any. `sha256:…`, `build-id:…`.
    public var digests: [String] = []
    /// A program with another digest is skipped.
    public var ignoresDigestMismatch = false

    public init(
        path: String, place: SourcePlace, section: HookSpec.Section, points: [AttachPoint], columns: [Column],
        selectors: [CheckedSelector], event: EventShape, ignoresCallNotFound: Bool = false
    ) {
        self.path = path
        self.place = place
        self.section = section
        self.points = points
        self.columns = columns
        self.selectors = selectors
        self.event = event
        self.ignoresCallNotFound = ignoresCallNotFound
    }
}

/// What an event of a hook shows.
public struct EventShape: Sendable, Hashable {
    /// Empty = none.
    public var message: String
    /// At most 16.
    public var tags: [String]
    /// Positions in `CheckedHook.columns`, and the labels.
    public var arguments: [Field]
    /// Likewise, of `data`.
    public var data: [Field]
    /// Likewise, of `returnArg`; nil = not asked for.
    public var returnValue: Field?
    /// Whether the event waits for the return.
    public var waitsForReturn: Bool
    /// `returnArgAction`: the returned socket is tracked, or no longer.
    public var returnAction: ActionKind?

    /// One value that events show.
    public struct Field: Sendable, Hashable {
        /// Position in `CheckedHook.columns`.
        public var column: Int
        /// Name that the policy gives it; empty = none.
        public var label: String

        public init(column: Int, label: String) {
            self.column = column
            self.label = label
        }
    }

    public init(
        message: String = "", tags: [String] = [], arguments: [Field] = [], data: [Field] = [],
        returnValue: Field? = nil, waitsForReturn: Bool = false, returnAction: ActionKind? = nil
    ) {
        self.message = message
        self.tags = tags
        self.arguments = arguments
        self.data = data
        self.returnValue = returnValue
        self.waitsForReturn = waitsForReturn
        self.returnAction = returnAction
    }
}

/// A selector, resolved: its conditions must all hold.
public struct CheckedSelector: Sendable, Hashable {
    /// Name that the policy gives it; empty = none.
    public var label: String
    public var place: SourcePlace
    /// Decided when the call is made.
    public var conditions: [Condition]
    /// Decided when it returns.
    public var returnConditions: [Condition]
    /// When the call is made.
    public var actions: [ActionSpec]
    /// When the call returns.
    public var returnActions: [ActionSpec]
    /// What an undecided condition leads to.
    public var onUnknown: OnUnknown

    public init(
        label: String = "", place: SourcePlace = .nowhere, conditions: [Condition] = [],
        returnConditions: [Condition] = [], actions: [ActionSpec] = [], returnActions: [ActionSpec] = [],
        onUnknown: OnUnknown = .match
    ) {
        self.label = label
        self.place = place
        self.conditions = conditions
        self.returnConditions = returnConditions
        self.actions = actions
        self.returnActions = returnActions
        self.onUnknown = onUnknown
    }

    /// Whether it does more than report.
    public var isEnforcing: Bool { (actions + returnActions).contains { $0.kind.value.isEnforcing } }
}
