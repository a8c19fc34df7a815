/// A filter as a client writes it: the fields of `tetragon.Filter`. Inside one filter all fields
/// must match; inside one field any value does.
public struct FilterSpec: Sendable, Equatable {
    /// Expressions (RE2) of which one matches somewhere in the process's binary.
    public var binaryRegex: [String] = []
    /// Namespaces of the pod, compared whole.
    public var namespace: [String] = []
    /// Process or parent is (true), or neither is (false), a probe of its container.
    public var healthCheck: Bool?
    /// Of the process, in the initial pid namespace.
    public var pid: [UInt32] = []
    /// The process or one of its ancestors has one of these pids.
    public var pidSet: [UInt32] = []
    /// Kinds by number; numbers without a kind never match.
    public var eventSet: [Int32] = []
    /// Expressions on the pod's name, or on `namespace/name` where they have a slash; outside of pods on the
    /// container's.
    public var podRegex: [String] = []
    /// Expressions on the arguments as one string.
    public var argumentsRegex: [String] = []
    /// Kubernetes label selectors, on the labels of the pod, outside of pods on those of the container.
    public var labels: [String] = []
    /// Names of policies of which one made the event, alone or with others.
    public var policyNames: [String] = []
    /// Conditions on the process's capability sets.
    public var capabilities: CapabilitiesSpec?
    /// Expressions on the parent's binary.
    public var parentBinaryRegex: [String] = []
    /// CEL; one that fails on an event ends the search without a match, as in Tetragon.
    public var celExpression: [String] = []
    /// Expressions on the parent's arguments as one string.
    public var parentArgumentsRegex: [String] = []
    /// Expressions on the container's id.
    public var containerID: [String] = []
    /// Whether the process descends from its container's first process.
    public var inInitTree: Bool?
    /// Expressions of which one matches the binary of one of the event's ancestors.
    public var ancestorBinaryRegex: [String] = []
    /// Expressions on the container's name.
    public var containerNameRegex: [String] = []
    /// Expressions on the namespace of the pod.
    public var namespaceRegex: [String] = []
    /// Expressions on the name of the container, unit or machine, or on `kind/name`.
    public var workloadRegex: [String] = []
    /// Expressions on the innermost unit of systemd.
    public var unitRegex: [String] = []

    public init() {}
}

/// Conditions on the three capability sets, as bit masks.
public struct CapabilitiesSpec: Sendable, Equatable {
    /// The condition on one set: exactly one of the four masks is given.
    public struct SetSpec: Sendable, Equatable {
        /// At least one of these bits is set.
        public var any: UInt64?
        /// Each of these bits is set.
        public var all: UInt64?
        /// The set is this one.
        public var exactly: UInt64?
        /// None of these bits is set.
        public var none: UInt64?
        public init() {}
    }
    /// Condition on the permitted set.
    public var permitted: SetSpec?
    /// Condition on the effective set.
    public var effective: SetSpec?
    /// Condition on the inheritable set.
    public var inheritable: SetSpec?
    public init() {}
}

/// `tetragon.FieldFilter`: which fields of which events are sent.
public struct FieldFilterSpec: Sendable, Equatable {
    /// Kinds it applies to; empty = all.
    public var eventSet: [Int32] = []
    /// It applies to all kinds but those of `eventSet`.
    public var invertEventSet = false
    /// Field paths (`process.exec_id`); a path covers everything below it.
    public var fields: [String] = []
    /// True: only these fields; false: all but these.
    public var include = true

    public init() {}
}
