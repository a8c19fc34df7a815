internal import PolicyModel
internal import YAMLReader

/// Puts the filters of macros into a selector. A filter must come from one place only.
struct MacroMerge {
    let macros: [String: MacroSpec]
    let problems: Problems

    func merged(_ selector: SelectorSpec, _ path: String) -> SelectorSpec {
        var result = selector
        for (index, name) in selector.macros.enumerated() {
            let place = "\(path).macros[\(index)]"
            guard let macro = macros[name.value] else {
                problems.error(
                    place, "there is no macro \"\(name.value)\"", at: name.place,
                    hint: Spelling.suggestion(for: name.value, among: macros.keys.sorted()) ?? "")
                continue
            }
            if !macro.selector.macros.isEmpty {
                problems.error(
                    place, "the macro \"\(name.value)\" names macros itself",
                    at: macro.selector.macros[0].place)
            }
            merge(macro, into: &result, name, place)
        }
        return result
    }

    private func merge(
        _ macro: MacroSpec, into result: inout SelectorSpec, _ name: Located<String>, _ path: String
    ) {
        let from = macro.selector
        take(\.pids, "matchPIDs", from, &result, name, path)
        take(\.binaries, "matchBinaries", from, &result, name, path)
        take(\.parentBinaries, "matchParentBinaries", from, &result, name, path)
        take(\.ancestorBinaries, "matchAncestorBinaries", from, &result, name, path)
        take(\.commandArguments, "matchCmdArgs", from, &result, name, path)
        take(\.arguments, "matchArgs", from, &result, name, path)
        take(\.data, "matchData", from, &result, name, path)
        take(\.returnArguments, "matchReturnArgs", from, &result, name, path)
        take(\.namespaces, "matchNamespaces", from, &result, name, path)
        take(\.namespaceChanges, "matchNamespaceChanges", from, &result, name, path)
        take(\.capabilities, "matchCapabilities", from, &result, name, path)
        take(\.capabilityChanges, "matchCapabilityChanges", from, &result, name, path)
        take(\.actions, "matchActions", from, &result, name, path)
        take(\.returnActions, "matchReturnActions", from, &result, name, path)
        if let workloads = from.workloads {
            if result.workloads != nil { conflict("matchWorkloads", name, path) }
            result.workloads = workloads
        }
        if let onUnknown = from.onUnknown {
            if result.onUnknown != nil { conflict("onUnknown", name, path) }
            result.onUnknown = onUnknown
        }
    }

    private func take<Element>(
        _ field: WritableKeyPath<SelectorSpec, [Element]>, _ key: String, _ macro: SelectorSpec,
        _ result: inout SelectorSpec, _ name: Located<String>, _ path: String
    ) {
        guard !macro[keyPath: field].isEmpty else { return }
        if !result[keyPath: field].isEmpty { conflict(key, name, path) }
        result[keyPath: field] = macro[keyPath: field]
    }

    private func conflict(_ key: String, _ name: Located<String>, _ path: String) {
        problems.error(
            path, "\(key) of the macro \"\(name.value)\" is set already, in the selector or in another macro",
            at: name.place)
    }
}
