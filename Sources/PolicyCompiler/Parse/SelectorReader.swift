internal import PolicyModel
internal import YAMLReader

/// Selectors and their filters.
enum SelectorReader {
    static let keys = [
        "label", "matchPIDs", "matchBinaries", "matchParentBinaries", "matchAncestorBinaries", "matchCmdArgs",
        "matchArgs", "matchData", "matchReturnArgs", "matchNamespaces", "matchNamespaceChanges",
        "matchCapabilities", "matchCapabilityChanges", "matchWorkloads", "matchActions", "matchReturnActions",
        "macros", "onUnknown",
    ]

    static func read(_ cursor: NodeCursor) -> SelectorSpec {
        cursor.rejectUnknownKeys(known: keys)
        var selector = SelectorSpec(place: cursor.place)
        selector.label = cursor.text("label")
        selector.pids = filters(cursor, "matchPIDs", pid)
        selector.binaries = filters(cursor, "matchBinaries", binary)
        selector.parentBinaries = filters(cursor, "matchParentBinaries", binary)
        selector.ancestorBinaries = filters(cursor, "matchAncestorBinaries", ancestor)
        selector.commandArguments = filters(cursor, "matchCmdArgs", argument)
        selector.arguments = filters(cursor, "matchArgs", argument)
        selector.data = filters(cursor, "matchData", argument)
        selector.returnArguments = filters(cursor, "matchReturnArgs", argument)
        selector.namespaces = filters(cursor, "matchNamespaces", namespace)
        selector.namespaceChanges = filters(cursor, "matchNamespaceChanges", namespaceChange)
        selector.capabilities = filters(cursor, "matchCapabilities", capability)
        selector.capabilityChanges = filters(cursor, "matchCapabilityChanges", capability)
        selector.workloads = cursor.optional("matchWorkloads").map(workload)
        selector.actions = filters(cursor, "matchActions", ActionReader.read)
        selector.returnActions = filters(cursor, "matchReturnActions", ActionReader.read)
        selector.macros = cursor.texts("macros")
        selector.onUnknown = cursor.choice("onUnknown", OnUnknown.self)
        return selector
    }

    private static func filters<Filter>(
        _ cursor: NodeCursor, _ key: String, _ read: (NodeCursor) -> Filter?
    ) -> [Filter] {
        cursor.optional(key)?.each().compactMap(read) ?? []
    }

    private static func pid(_ cursor: NodeCursor) -> PIDFilterSpec? {
        cursor.rejectUnknownKeys(known: ["operator", "values", "isNamespacePID", "followForks"])
        guard let operation = membership(cursor) else { return nil }
        var filter = PIDFilterSpec(place: cursor.place)
        filter.operation = operation
        filter.values = values(cursor)
        filter.isNamespacePID = cursor.flag("isNamespacePID")
        filter.followForks = cursor.flag("followForks")
        return filter
    }

    private static func binary(_ cursor: NodeCursor) -> BinaryFilterSpec? {
        cursor.rejectUnknownKeys(known: ["operator", "values", "followChildren"])
        guard let operation = cursor.matchOperator() else { return nil }
        var filter = BinaryFilterSpec(place: cursor.place)
        filter.operation = operation
        filter.values = values(cursor)
        filter.followChildren = cursor.flag("followChildren")
        return filter
    }

    private static func ancestor(_ cursor: NodeCursor) -> BinaryFilterSpec? {
        if cursor.optional("followChildren") != nil {
            cursor.optional("followChildren")?.report("every process above counts already", hint: "remove it")
        }
        return binary(cursor)
    }

    private static func argument(_ cursor: NodeCursor) -> ArgumentFilterSpec? {
        cursor.rejectUnknownKeys(known: ["index", "args", "operator", "values"])
        guard let operation = cursor.matchOperator() else { return nil }
        var filter = ArgumentFilterSpec(place: cursor.place)
        filter.index = cursor.position("index")
        filter.positions = (cursor.optional("args")?.each() ?? []).compactMap {
            $0.number(in: 0...1023)?.map { Int($0) }
        }
        filter.operation = operation
        filter.values = values(
            cursor, required: !operation.value.isUnary && operation.value != .capabilitiesGained)
        return filter
    }

    private static func namespace(_ cursor: NodeCursor) -> NamespaceFilterSpec? {
        cursor.rejectUnknownKeys(known: ["namespace", "operator", "values"])
        _ = cursor.required("namespace")
        guard let kind = cursor.choice("namespace", NamespaceKind.self), let operation = membership(cursor)
        else {
            return nil
        }
        var filter = NamespaceFilterSpec(place: cursor.place)
        filter.namespace = kind
        filter.operation = operation
        filter.values = values(cursor)
        return filter
    }

    private static func namespaceChange(_ cursor: NodeCursor) -> SetFilterSpec? {
        cursor.rejectUnknownKeys(known: ["operator", "values"])
        guard let operation = membership(cursor) else { return nil }
        var filter = SetFilterSpec(place: cursor.place)
        filter.operation = operation
        filter.values = values(cursor)
        return filter
    }

    private static func capability(_ cursor: NodeCursor) -> CapabilityFilterSpec? {
        cursor.rejectUnknownKeys(known: ["type", "operator", "isNamespaceCapability", "values"])
        guard let operation = membership(cursor) else { return nil }
        var filter = CapabilityFilterSpec(place: cursor.place)
        filter.set = cursor.choice("type", CapabilitySet.self)?.value ?? .effective
        filter.operation = operation
        filter.isNamespaceCapability = cursor.flag("isNamespaceCapability")
        filter.values = values(cursor)
        return filter
    }

    private static func workload(_ cursor: NodeCursor) -> WorkloadFilterSpec {
        cursor.rejectUnknownKeys(known: ["podSelector", "containerSelector", "hostSelector"])
        var filter = WorkloadFilterSpec(place: cursor.place)
        filter.podSelector = cursor.optional("podSelector").map(LabelSelectorReader.read)
        filter.containerSelector = cursor.optional("containerSelector").map(LabelSelectorReader.readContainer)
        filter.hostSelector = cursor.optional("hostSelector").map(LabelSelectorReader.readHost)
        if filter.podSelector == nil, filter.containerSelector == nil, filter.hostSelector == nil {
            cursor.report("selects nothing", hint: "give podSelector, containerSelector or hostSelector")
        }
        return filter
    }

    /// `In` or `NotIn`.
    private static func membership(_ cursor: NodeCursor) -> Located<MatchOperator>? {
        guard let operation = cursor.matchOperator() else { return nil }
        guard operation.value == .isIn || operation.value == .notIn else {
            cursor.optional("operator")?.report(
                "\(operation.value.rawValue) cannot be used here", hint: "use In or NotIn")
            return nil
        }
        return operation
    }

    private static func values(_ cursor: NodeCursor, required: Bool = true) -> [Located<String>] {
        guard let list = cursor.optional("values") else {
            if required { cursor.report("\"values\" is missing") }
            return []
        }
        let values = list.texts()
        if required, values.isEmpty, list.each().isEmpty { list.report("needs at least one value") }
        return values
    }
}
