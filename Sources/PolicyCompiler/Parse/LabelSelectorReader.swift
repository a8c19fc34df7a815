internal import PolicyModel
internal import YAMLReader

/// Kubernetes label selectors.
enum LabelSelectorReader {
    static func read(_ cursor: NodeCursor) -> LabelSelectorSpec {
        cursor.rejectUnknownKeys(known: ["matchLabels", "matchExpressions"])
        var selector = LabelSelectorSpec(place: cursor.place)
        if let labels = cursor.optional("matchLabels") {
            for pair in labels.pairs() {
                guard let value = labels.child(pair).string() else { continue }
                selector.terms.append(
                    LabelSelectorSpec.Term(
                        key: Located(pair.key, at: SourcePlace(pair.keyRange)), operation: .isIn,
                        values: [value]))
            }
        }
        for expression in cursor.optional("matchExpressions")?.each() ?? [] {
            if let term = term(expression) { selector.terms.append(term) }
        }
        return selector
    }

    /// A selector of containers knows two keys.
    static func readContainer(_ cursor: NodeCursor) -> LabelSelectorSpec {
        let selector = read(cursor)
        for term in selector.terms where !["name", "repo"].contains(term.key.value) {
            cursor.collector.report(
                "\(cursor.path): containers have no \"\(term.key.value)\"",
                at: YAMLNode.Range(term.key.place),
                hint: "the keys are name and repo")
        }
        return selector
    }

    /// The host has no labels: the selector is there or not.
    static func readHost(_ cursor: NodeCursor) -> LabelSelectorSpec {
        let selector = read(cursor)
        if !selector.terms.isEmpty { cursor.report("the host has no labels", hint: "write {}") }
        return selector
    }

    private static func term(_ cursor: NodeCursor) -> LabelSelectorSpec.Term? {
        cursor.rejectUnknownKeys(known: ["key", "operator", "values"])
        guard let key = cursor.requiredText("key"), let operationCursor = cursor.required("operator"),
            let operation = operationCursor.oneOf(LabelSelectorSpec.Term.Operator.self)
        else { return nil }
        let values = cursor.texts("values").map(\.value)
        switch operation {
        case .isIn, .notIn:
            if values.isEmpty { cursor.report("\(operation.rawValue) needs values") }
        case .exists, .doesNotExist:
            if !values.isEmpty { cursor.report("\(operation.rawValue) takes no values") }
        }
        return LabelSelectorSpec.Term(key: key, operation: operation, values: values)
    }
}
