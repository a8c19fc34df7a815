/// One policy of `secctl policy list` and `status`.
public struct PolicyStatus: Codable, Sendable, Equatable {
    /// The same while it runs, also with another text; 0 = it does not run.
    public var id: UInt64
    /// `metadata.name`.
    public var name: String
    /// Empty for cluster-wide policies.
    public var namespace: String
    /// As Tetragon names where a policy is from: `static` (a file) or `grpc` (the API).
    public var domain: String
    /// The file, or `API` with the name that its sender gave.
    public var source: String
    /// Whether it acts.
    public var state: PolicyState
    /// Whether its enforcing actions act.
    public var mode: PolicyRunMode
    /// What the operator wants; `state` says what is.
    public var enabled: Bool
    /// Why it does not run, or why an older text of it does; empty = all is well.
    public var error: String
    /// What its text makes one suspect, with place.
    public var warnings: [String]
    /// Where it is attached, in the order of the file; empty where it does not run.
    public var hooks: [PolicyHookStatus]
    /// What its selectors did since it began to run; those that did nothing are left out.
    public var selectors: [PolicySelectorStatus]
    /// What it adds to the kernel's memory.
    public var kernelBytes: UInt64

    public init(
        id: UInt64, name: String, namespace: String, domain: String, source: String, state: PolicyState,
        mode: PolicyRunMode, enabled: Bool, error: String = "", warnings: [String] = [],
        hooks: [PolicyHookStatus] = [], selectors: [PolicySelectorStatus] = [], kernelBytes: UInt64 = 0
    ) {
        self.id = id
        self.name = name
        self.namespace = namespace
        self.domain = domain
        self.source = source
        self.state = state
        self.mode = mode
        self.enabled = enabled
        self.error = error
        self.warnings = warnings
        self.hooks = hooks
        self.selectors = selectors
        self.kernelBytes = kernelBytes
    }

    /// All selectors together.
    public var counters: PolicyCounters { selectors.reduce(into: PolicyCounters()) { $0 += $1.counters } }
}

/// States of Tetragon's `TracingPolicyState`.
public enum PolicyState: String, Codable, Sendable, CaseIterable {
    case enabled, disabled
    /// Its text or its hooks cannot be used.
    case loadError = "load_error"
    case error, loading, unloading
    /// Its `nodeSelector` means other nodes.
    case skipped
    /// Some of its hooks are not in this kernel, which it accepts.
    case partiallyEnabled = "partially_enabled"
}

/// Modes of Tetragon's `TracingPolicyMode`.
public enum PolicyRunMode: String, Codable, Sendable, CaseIterable {
    case enforce
    /// Enforcing actions are only counted.
    case monitor
    /// There is nothing to enforce.
    case monitorOnly = "monitor_only"
}

/// An entry of a policy at one attach point.
public struct PolicyHookStatus: Codable, Sendable, Equatable {
    /// `spec.kprobes[2]`.
    public var path: String
    /// `kprobes`, `tracepoints`, …
    public var section: String
    /// Position in the section.
    public var index: Int
    /// `sys_openat`, `security_file_open`, `/usr/bin/bash:readline`.
    public var point: String
    /// `loaded`, `call_not_found`, `digest_rejected`.
    public var state: String
    /// What it is attached to.
    public var mechanism: String
    /// `prevent`, `kill-before-effect`, `kill-before-return` or `observe`.
    public var effect: String
    /// What the mechanism does not see, or sees otherwise, in sentences.
    public var blindSpots: [String]
    /// Weaker than the policy asks for, which its author accepts.
    public var degraded: Bool

    public init(
        path: String, section: String, index: Int, point: String, state: String, mechanism: String,
        effect: String, blindSpots: [String], degraded: Bool
    ) {
        self.path = path
        self.section = section
        self.index = index
        self.point = point
        self.state = state
        self.mechanism = mechanism
        self.effect = effect
        self.blindSpots = blindSpots
        self.degraded = degraded
    }
}

/// What one selector of a policy did.
public struct PolicySelectorStatus: Codable, Sendable, Equatable {
    /// The entry's target, as the policy names it: `sys_openat`, or the first of a list.
    public var hook: String
    /// Position of the entry in the policy.
    public var hookIndex: Int
    /// Position in the entry.
    public var selectorIndex: Int
    /// Name that the policy gives it; empty = none.
    public var label: String
    /// What it did.
    public var counters: PolicyCounters

    public init(hook: String, hookIndex: Int, selectorIndex: Int, label: String, counters: PolicyCounters) {
        self.hook = hook
        self.hookIndex = hookIndex
        self.selectorIndex = selectorIndex
        self.label = label
        self.counters = counters
    }
}
