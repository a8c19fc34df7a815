/// A selector: all of its filters must hold.
public struct SelectorSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var label: Located<String>?
    public var pids: [PIDFilterSpec] = []
    public var binaries: [BinaryFilterSpec] = []
    public var parentBinaries: [BinaryFilterSpec] = []
    /// Ours: any process above.
    public var ancestorBinaries: [BinaryFilterSpec] = []
    public var commandArguments: [ArgumentFilterSpec] = []
    public var arguments: [ArgumentFilterSpec] = []
    public var data: [ArgumentFilterSpec] = []
    public var returnArguments: [ArgumentFilterSpec] = []
    public var namespaces: [NamespaceFilterSpec] = []
    public var namespaceChanges: [SetFilterSpec] = []
    public var capabilities: [CapabilityFilterSpec] = []
    public var capabilityChanges: [CapabilityFilterSpec] = []
    public var workloads: WorkloadFilterSpec?
    public var actions: [ActionSpec] = []
    public var returnActions: [ActionSpec] = []
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
    public var operation = Located(MatchOperator.isIn)
    public var values: [Located<String>] = []
    public var isNamespacePID = false
    public var followForks = false

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchBinaries`, `matchParentBinaries`, `matchAncestorBinaries`.
public struct BinaryFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var operation = Located(MatchOperator.isIn)
    public var values: [Located<String>] = []
    public var followChildren = false

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchArgs`, `matchData`, `matchReturnArgs`, `matchCmdArgs`.
public struct ArgumentFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var index: Located<Int>?
    /// Positions in the list of arguments of the hook.
    public var positions: [Located<Int>] = []
    public var operation = Located(MatchOperator.equal)
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchNamespaces`.
public struct NamespaceFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var namespace = Located(NamespaceKind.mount)
    public var operation = Located(MatchOperator.isIn)
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchNamespaceChanges`.
public struct SetFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var operation = Located(MatchOperator.isIn)
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// Element of `matchCapabilities`, `matchCapabilityChanges`.
public struct CapabilityFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var set = CapabilitySet.effective
    public var operation = Located(MatchOperator.isIn)
    public var isNamespaceCapability = false
    public var values: [Located<String>] = []

    public init(place: SourcePlace) { self.place = place }
}

/// `matchWorkloads`.
public struct WorkloadFilterSpec: Sendable, Hashable {
    public var place: SourcePlace
    public var podSelector: LabelSelectorSpec?
    public var containerSelector: LabelSelectorSpec?
    public var hostSelector: LabelSelectorSpec?

    public init(place: SourcePlace) { self.place = place }
}
