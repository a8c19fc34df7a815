/// A policy as it was written: one document of a YAML stream, every element with its place.
///
/// Nothing is resolved here: macros are not merged, lists not expanded, values still text.
public struct PolicySpec: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case cluster = "TracingPolicy"
        case namespaced = "TracingPolicyNamespaced"
    }

    /// Name of the file for diagnostics.
    public var file: String
    /// Place of the document.
    public var place: SourcePlace
    public var kind: Located<Kind>
    public var name: Located<String>
    /// Namespace of a `TracingPolicyNamespaced`.
    public var namespace: Located<String>?
    public var labels: [String: String] = [:]
    public var annotations: [String: String] = [:]

    /// Entries of all hook sections, in the order of the file.
    public var hooks: [HookSpec] = []
    /// Entries that were written, also those that could not be read.
    public var entryCount = 0
    /// Events of mapped executable files.
    public var loader: Located<Bool>?
    public var podSelector: LabelSelectorSpec?
    public var containerSelector: LabelSelectorSpec?
    public var hostSelector: LabelSelectorSpec?
    public var nodeSelector: LabelSelectorSpec?
    public var lists: [ListSpec] = []
    public var enforcers: [EnforcerSpec] = []
    public var options: [OptionSpec] = []
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
    public enum Kind: String, Sendable, CaseIterable {
        case plain = ""
        case syscalls
        case generatedSyscalls = "generated_syscalls"
        case generatedFtrace = "generated_ftrace"
    }

    public var place: SourcePlace
    public var name = Located("")
    public var kind = Located(Kind.plain)
    public var values: [Located<String>] = []
    /// Regular expression of `generated_ftrace`.
    public var pattern: Located<String>?

    public init(place: SourcePlace) { self.place = place }
}

/// The calls on which enforcers act when a `NotifyEnforcer` action asks.
public struct EnforcerSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var calls: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// `name` and `value` of an option.
public struct OptionSpec: Sendable, Hashable {
    public var name: Located<String>
    public var value: Located<String>

    public init(name: Located<String>, value: Located<String>) {
        self.name = name
        self.value = value
    }
}

/// An entry of `selectorsMacros`.
public struct MacroSpec: Sendable, Hashable {
    public var name: Located<String>
    public var selector: SelectorSpec

    public init(name: Located<String>, selector: SelectorSpec) {
        self.name = name
        self.selector = selector
    }
}

/// A Kubernetes label selector. Without terms it selects everything.
public struct LabelSelectorSpec: Sendable, Hashable {
    public struct Term: Sendable, Hashable {
        public enum Operator: String, Sendable, CaseIterable {
            case isIn = "In"
            case notIn = "NotIn"
            case exists = "Exists"
            case doesNotExist = "DoesNotExist"
        }

        public var key: Located<String>
        public var operation: Operator
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
