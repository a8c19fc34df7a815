/// A filter as a client writes it: the fields of `tetragon.Filter`. Inside one filter all fields
/// must match; inside one field any value does.
public struct FilterSpec: Sendable, Equatable {
    public var binaryRegex: [String] = []
    public var namespace: [String] = []
    public var healthCheck: Bool?
    public var pid: [UInt32] = []
    /// The process or one of its ancestors has one of these pids.
    public var pidSet: [UInt32] = []
    /// Kinds by number; numbers without a kind never match.
    public var eventSet: [Int32] = []
    public var podRegex: [String] = []
    public var argumentsRegex: [String] = []
    /// Kubernetes label selectors.
    public var labels: [String] = []
    public var policyNames: [String] = []
    public var capabilities: CapabilitiesSpec?
    public var parentBinaryRegex: [String] = []
    public var celExpression: [String] = []
    public var parentArgumentsRegex: [String] = []
    public var containerID: [String] = []
    public var inInitTree: Bool?
    public var ancestorBinaryRegex: [String] = []
    public var containerNameRegex: [String] = []
    public var namespaceRegex: [String] = []

    public init() {}
}

/// Conditions on the three capability sets, as bit masks.
public struct CapabilitiesSpec: Sendable, Equatable {
    public struct SetSpec: Sendable, Equatable {
        public var any: UInt64?
        public var all: UInt64?
        public var exactly: UInt64?
        public var none: UInt64?
        public init() {}
    }
    public var permitted: SetSpec?
    public var effective: SetSpec?
    public var inheritable: SetSpec?
    public init() {}
}

/// `tetragon.FieldFilter`: which fields of which events are sent.
public struct FieldFilterSpec: Sendable, Equatable {
    /// Kinds it applies to; empty = all.
    public var eventSet: [Int32] = []
    public var invertEventSet = false
    /// Field paths (`process.exec_id`); a path covers everything below it.
    public var fields: [String] = []
    /// True: only these fields; false: all but these.
    public var include = true

    public init() {}
}
