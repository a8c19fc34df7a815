/// A policy without open questions: macros merged, lists expanded, values parsed, types known.
public struct CheckedPolicy: Sendable, Hashable {
    public var file: String
    public var place: SourcePlace
    public var name: String
    /// Empty for cluster-wide policies.
    public var namespace: String
    public var mode: PolicyMode
    public var acceptsDegraded: Bool
    public var reportsLoads: Bool
    public var hooks: [CheckedHook]
    /// Calls on which enforcers act.
    public var enforcers: [AttachPoint]

    public init(
        file: String, place: SourcePlace, name: String, namespace: String = "", mode: PolicyMode = .enforce,
        acceptsDegraded: Bool = false, reportsLoads: Bool = false, hooks: [CheckedHook] = [],
        enforcers: [AttachPoint] = []
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
    }
}

/// An entry of a hook section, resolved. A list of calls gives several points.
public struct CheckedHook: Sendable, Hashable {
    /// `spec.kprobes[2]`.
    public var path: String
    public var place: SourcePlace
    public var section: HookSpec.Section
    public var points: [AttachPoint]
    public var columns: [Column]
    public var selectors: [CheckedSelector]
    public var event: EventShape
    /// A function that the kernel lacks is skipped.
    public var ignoresCallNotFound: Bool

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
    public var message: String
    public var tags: [String]
    /// Positions in `CheckedHook.columns`, and the labels.
    public var arguments: [Field]
    public var data: [Field]
    public var returnValue: Field?
    /// Whether the event waits for the return.
    public var waitsForReturn: Bool
    public var returnAction: ActionKind?

    public struct Field: Sendable, Hashable {
        public var column: Int
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
    public var label: String
    public var place: SourcePlace
    /// Decided when the call is made.
    public var conditions: [Condition]
    /// Decided when it returns.
    public var returnConditions: [Condition]
    public var actions: [ActionSpec]
    public var returnActions: [ActionSpec]
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
