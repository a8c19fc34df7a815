internal import PolicyModel
internal import YAMLReader

/// The `spec` of a policy.
enum SpecReader {
    static let keys =
        HookSpec.Section.allCases.map(\.rawValue) + [
            "podSelector", "containerSelector", "hostSelector", "nodeSelector", "lists",
            "enforcers",
            "options", "selectorsMacros", "unknown", "degraded",
        ]

    static func read(_ cursor: NodeCursor, into spec: inout PolicySpec) {
        cursor.rejectUnknownKeys(known: keys)
        spec.loader = cursor.locatedFlag("loader")
        spec.podSelector = cursor.optional("podSelector").map(LabelSelectorReader.read)
        spec.containerSelector = cursor.optional("containerSelector").map(LabelSelectorReader.readContainer)
        spec.hostSelector = cursor.optional("hostSelector").map { LabelSelectorReader.readHost($0) }
        spec.nodeSelector = cursor.optional("nodeSelector").map(LabelSelectorReader.read)
        spec.lists = cursor.optional("lists")?.each().compactMap(list) ?? []
        spec.enforcers = cursor.optional("enforcers")?.each().compactMap(enforcer) ?? []
        spec.options = cursor.optional("options")?.each().compactMap(option) ?? []
        spec.macros = macros(cursor.optional("selectorsMacros"))
        spec.unknown = cursor.choice("unknown", UnknownVerdict.self)
        spec.degraded = cursor.locatedFlag("degraded")
        for section in HookSpec.Section.allCases where section != .loader {
            guard let entries = cursor.optional(section.rawValue)?.each() else { continue }
            spec.entryCount += entries.count
            for (index, entry) in entries.enumerated() {
                if let hook = HookReader.read(entry, section: section, index: index) {
                    spec.hooks.append(hook)
                }
            }
        }
        if spec.kind.value == .namespaced, spec.hostSelector != nil {
            cursor.optional("hostSelector")?.report(
                "a TracingPolicyNamespaced is about the pods of its namespace, never about the host",
                hint: "use kind: TracingPolicy")
        }
    }

    private static func list(_ cursor: NodeCursor) -> ListSpec? {
        cursor.rejectUnknownKeys(known: ["name", "type", "values", "pattern", "validated"])
        guard let name = cursor.requiredText("name") else { return nil }
        var list = ListSpec(place: cursor.place)
        list.name = name
        list.kind = cursor.choice("type", ListSpec.Kind.self) ?? Located(.plain, at: cursor.place)
        list.values = cursor.texts("values")
        list.pattern = cursor.text("pattern")
        return list
    }

    private static func enforcer(_ cursor: NodeCursor) -> EnforcerSpec? {
        cursor.rejectUnknownKeys(known: ["calls"])
        guard let calls = cursor.required("calls") else { return nil }
        var enforcer = EnforcerSpec(place: cursor.place)
        enforcer.calls = calls.texts()
        return enforcer
    }

    private static func option(_ cursor: NodeCursor) -> OptionSpec? {
        cursor.rejectUnknownKeys(known: ["name", "value"])
        guard let name = cursor.requiredText("name"), let value = cursor.required("value")?.locatedString()
        else {
            return nil
        }
        return OptionSpec(name: name, value: value)
    }

    private static func macros(_ cursor: NodeCursor?) -> [MacroSpec] {
        guard let cursor else { return [] }
        return cursor.pairs().map { pair in
            MacroSpec(
                name: Located(pair.key, at: SourcePlace(pair.keyRange)),
                selector: SelectorReader.read(cursor.child(pair)))
        }
    }
}
