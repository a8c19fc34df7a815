/// A selector: all of its filters must hold.
public struct SelectorSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// Name in events and explanations; nil = none.
    public var label: Located<String>?
    /// `matchPIDs`.
    public var pids: [PIDFilterSpec] = []
    /// `matchBinaries`: the running file.
    public var binaries: [BinaryFilterSpec] = []
    /// `matchParentBinaries`: that of the parent.
    public var parentBinaries: [BinaryFilterSpec] = []
    /// Ours: any process above.
    public var ancestorBinaries: [BinaryFilterSpec] = []
    /// `matchCmdArgs`: arguments of the program.
    public var commandArguments: [ArgumentFilterSpec] = []
    /// `matchArgs`: arguments of the call.
    public var arguments: [ArgumentFilterSpec] = []
    /// `matchData`: elements of the hook's `data`.
    public var data: [ArgumentFilterSpec] = []
    /// `matchReturnArgs`: what the call returned.
    public var returnArguments: [ArgumentFilterSpec] = []
    /// `matchNamespaces`: by inode number or `host_ns`.
    public var namespaces: [NamespaceFilterSpec] = []
    /// `matchNamespaceChanges`: kinds that differ from those at exec.
    public var namespaceChanges: [SetFilterSpec] = []
    /// `matchCapabilities`: what the process has.
    public var capabilities: [CapabilityFilterSpec] = []
    /// `matchCapabilityChanges`: what differs from those at exec.
    public var capabilityChanges: [CapabilityFilterSpec] = []
    /// `matchWorkloads`; nil = as the policy says.
    public var workloads: WorkloadFilterSpec?
    /// `matchActions`: when the call is made.
    public var actions: [ActionSpec] = []
    /// `matchReturnActions`: when it returns.
    public var returnActions: [ActionSpec] = []
    /// Names of `selectorsMacros` whose filters are added.
    public var macros: [Located<String>] = []
    /// Ours: what happens where a filter cannot be decided.
    public var onUnknown: Located<OnUnknown>?

    public init(place: SourcePlace) { self.place = place }
}

/// `onUnknown:` of a selector.
public enum OnUnknown: String, Sendable, CaseIterable {
    /// As if the filters held; the event says that they were not decided.
    case match
    /// An event that says so, but no enforcing action.
    case report
    /// As if they did not hold.
    case mismatch
}

/// Element of `matchPIDs`.
public struct PIDFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// `In` or `NotIn`.
    public var operation = Located(MatchOperator.isIn)
    /// Process ids, as written.
    public var values: [Located<String>] = []
    /// Values count in the process's own pid namespace instead of the initial one.
    public var isNamespacePID = false
    /// Descendants of such a process match, too.
    public var followForks = false

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchBinaries`, `matchParentBinaries`, `matchAncestorBinaries`.
public struct BinaryFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// `In`, `Prefix`, `Postfix` or an opposite.
    public var operation = Located(MatchOperator.isIn)
    /// Absolute paths, or parts of them.
    public var values: [Located<String>] = []
    /// Descendants match, too; for parents: any process above.
    public var followChildren = false

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchArgs`, `matchData`, `matchReturnArgs`, `matchCmdArgs`.
public struct ArgumentFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// The argument's own `index`; nil where `args` gives positions.
    public var index: Located<Int>?
    /// Positions in the list of arguments of the hook.
    public var positions: [Located<Int>] = []
    /// One that the argument's type allows.
    public var operation = Located(MatchOperator.equal)
    /// As written; joined by *or*.
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchNamespaces`.
public struct NamespaceFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// Which of the process's namespaces.
    public var namespace = Located(NamespaceKind.mount)
    /// `In` or `NotIn`.
    public var operation = Located(MatchOperator.isIn)
    /// Inode numbers or `host_ns`.
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchNamespaceChanges`.
public struct SetFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// `In` or `NotIn`.
    public var operation = Located(MatchOperator.isIn)
    /// Kinds of namespaces.
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchCapabilities`, `matchCapabilityChanges`.
public struct CapabilityFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// Effective, permitted or inheritable.
    public var set = CapabilitySet.effective
    /// `In` = has one of them, `NotIn` = none.
    public var operation = Located(MatchOperator.isIn)
    /// Those in other user namespaces than the initial one count, too.
    public var isNamespaceCapability = false
    /// Names of capabilities.
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// `matchWorkloads`.
public struct WorkloadFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    /// Labels of the pod; nil = not asked about.
    public var podSelector: LabelSelectorSpec?
    /// Name and repository of the container; nil = not asked about.
    public var containerSelector: LabelSelectorSpec?
    /// Processes outside of containers; nil = not asked about.
    public var hostSelector: LabelSelectorSpec?

    public init(place: SourcePlace) { self.place = place }
}
