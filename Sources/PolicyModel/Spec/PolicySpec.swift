/// A policy as it was written: one document of a YAML stream, every element with its place.
///
/// Nothing is resolved here: macros are not merged, lists not expanded, values still text.
public struct PolicySpec: Sendable, Hashable {
    /// `kind:` of the document.
    public enum Kind: String, Sendable, CaseIterable {
        case cluster = "TracingPolicy"
        case namespaced = "TracingPolicyNamespaced"
    }

    /// Name of the file for diagnostics.
    public var file: String
    /// Place of the document.
    public var place: SourcePlace
    /// `kind`.
    public var kind: Located<Kind>
    /// `metadata.name`.
    public var name: Located<String>
    /// Namespace of a `TracingPolicyNamespaced`.
    public var namespace: Located<String>?
    /// `metadata.labels`; shown, not judged.
    public var labels: [String: String] = [:]
    /// `metadata.annotations`; the checker knows `secd/force`.
    public var annotations: [String: String] = [:]

    /// Entries of all hook sections, in the order of the file.
    public var hooks: [HookSpec] = []
    /// Entries that were written, also those that could not be read.
    public var entryCount = 0
    /// Events of mapped executable files.
    public var loader: Located<Bool>?
    /// Pods that the policy is about. Without this and `hostSelector` it is about all processes.
    public var podSelector: LabelSelectorSpec?
    /// Containers that the policy is about, by name and repository; nil = all of the pods.
    public var containerSelector: LabelSelectorSpec?
    /// Where it is given, processes outside of containers are meant, too.
    public var hostSelector: LabelSelectorSpec?
    /// Nodes that the policy is about; judged where it is loaded.
    public var nodeSelector: LabelSelectorSpec?
    /// `lists`: values by name.
    public var lists: [ListSpec] = []
    /// `enforcers`; at most one is of use.
    public var enforcers: [EnforcerSpec] = []
    /// `options`; the checker knows the names.
    public var options: [OptionSpec] = []
    /// `selectorsMacros`: filters by name.
    public var macros: [MacroSpec] = []
    /// What enforcing rules do where a condition cannot be decided; ours.
    public var unknown: Located<UnknownVerdict>?
    /// Whether a weaker effect than the one asked for is accepted; ours.
    public var degraded: Located<Bool>?

    public init(file: String, place: SourcePlace, kind: Located<Kind>, name: Located<String>) {
        self.file = file
        self.place = place
        self.kind = kind
        self.name = name
    }
}

/// `unknown:` of a policy.
public enum UnknownVerdict: String, Sendable, CaseIterable {
    /// Enforce as if the condition held.
    case deny
    /// Report, do not enforce.
    case allow
}

/// A named list of values.
public struct ListSpec: Sendable, Hashable {
    /// `type:` of the list: what `values` are, or where they come from.
    public enum Kind: String, Sendable, CaseIterable {
        case plain = ""
        case syscalls
        case generatedSyscalls = "generated_syscalls"
        case generatedFtrace = "generated_ftrace"
    }

    public var place: SourcePlace
    /// Unique in the policy.
    public var name = Located("")
    /// Nothing written = `plain`.
    public var kind = Located(Kind.plain)
    /// As written.
    public var values: [Located<String>] = []
    /// Regular expression of `generated_ftrace`.
    public var pattern: Located<String>?

    public init(place: SourcePlace) { self.place = place }
}

/// The calls on which enforcers act when a `NotifyEnforcer` action asks.
public struct EnforcerSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// Symbols, `sys_NAME`, or `list:NAME`.
    public var calls: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// `name` and `value` of an option.
public struct OptionSpec: Sendable, Hashable {
    /// One that the checker knows.
    public var name: Located<String>
    /// As written; the checker reads it.
    public var value: Located<String>

    public init(name: Located<String>, value: Located<String>) {
        self.name = name
        self.value = value
    }
}

/// An entry of `selectorsMacros`.
public struct MacroSpec: Sendable, Hashable {
    /// What `macros:` of a selector says.
    public var name: Located<String>
    /// Filters that are added to those of the selector.
    public var selector: SelectorSpec

    public init(name: Located<String>, selector: SelectorSpec) {
        self.name = name
        self.selector = selector
    }
}

/// A Kubernetes label selector. Without terms it selects everything.
public struct LabelSelectorSpec: Sendable, Hashable {
    /// One requirement on labels.
    public struct Term: Sendable, Hashable {
        /// Operators of Kubernetes, by their spelling.
        public enum Operator: String, Sendable, CaseIterable {
            case isIn = "In"
            case notIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"
        }

        /// Of the label.
        public var key: Located<String>
        /// How its value is judged.
        public var operation: Operator
        /// For `In` and `NotIn`; empty for the others.
        public var values: [String]

        public init(key: Located<String>, operation: Operator, values: [String]) {
            self.key = key
            self.operation = operation
            self.values = values
        }
    }

    public var place: SourcePlace
    /// All must hold; `matchLabels` are `In` terms with one value.
    public var terms: [Term] = []

    public init(place: SourcePlace) { self.place = place }
}
