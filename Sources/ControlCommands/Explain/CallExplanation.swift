package import PolicyModel
import PolicyReference

/// Why an entry of a policy matches a call, or does not.
package struct CallExplanation: Encodable, Sendable {
    /// A condition and how it came out.
    struct Condition: Encodable, Sendable {
        /// `matchArgs[0]`.
        var field: String
        var line: UInt32
        /// `holds`, `fails`, `unknown`.
        var result: String
    }

    /// A selector and how it came out.
    struct Selector: Encodable, Sendable {
        var index: Int
        var label: String
        var line: UInt32
        /// `matches`, `fails`, `unknown`.
        var result: String
        var conditions: [Condition]
    }

    var file: String
    var policy: String
    var namespace: String
    /// `spec.kprobes[0]`.
    var hook: String
    var point: String
    /// The selector that decides; nil where none matches.
    var deciding: Int?
    /// A condition of the deciding selector is unknown.
    var uncertain: Bool
    /// What the deciding selector does, by name; empty for the usual event.
    var actions: [String]
    var selectors: [Selector]

    /// Whether the entry acts on the call.
    package var isMatch: Bool { deciding != nil }

    /// The explanations of all entries that meet the call; those of policies that the line names first.
    package static func all(_ call: RecordedCall, _ policies: [CheckedPolicy]) -> [CallExplanation] {
        let named = policies.filter { call.policies.contains($0.name) }
        let others = policies.filter { !call.policies.contains($0.name) }
        return (named + others).flatMap { policy in
            policy.hooks.compactMap { hook in
                call.point(of: hook).map { CallExplanation(policy, hook, call.event(at: $0, hook)) }
            }
        }
    }

    private init(_ policy: CheckedPolicy, _ hook: CheckedHook, _ event: HookEvent) {
        let explanation =
            event.hasReturned
            ? ReferenceInterpreter.explainReturn(hook, event) : ReferenceInterpreter.explain(hook, event)
        file = policy.file
        self.policy = policy.name
        namespace = policy.namespace
        self.hook = hook.path
        point = event.point.name
        deciding = explanation.deciding
        uncertain = explanation.isUncertain
        actions =
            explanation.deciding.map { position in
                let selector = hook.selectors[position]
                return (selector.actions + selector.returnActions).filter { action in
                    explanation.enforces || !action.kind.value.isEnforcing
                }.map(\.kind.value.rawValue)
            } ?? []
        selectors = explanation.selectors.enumerated().map { index, selector in
            Selector(
                index: index, label: selector.label, line: selector.place.line,
                result: Self.word(selector.truth, "matches"),
                conditions: selector.conditions.map {
                    Condition(field: $0.field, line: $0.place.line, result: Self.word($0.truth, "holds"))
                })
        }
    }

    private static func word(_ truth: Truth, _ yes: String) -> String {
        switch truth {
        case .yes: yes
        case .no: "fails"
        case .unknown: "unknown"
        }
    }
}

extension CallExplanation {
    /// For people: the entry, then each selector with the condition that decides.
    package func lines(_ palette: Palette) -> [String] {
        let name = namespace.isEmpty ? policy : "\(namespace)/\(policy)"
        var head = "\(file): policy \(name), \(hook) at \(point): "
        if let deciding {
            head += "selector \(deciding) decides"
            if uncertain { head += ", though not everything is known" }
            if !actions.isEmpty { head += ": " + actions.joined(separator: ", ") }
        } else {
            head += "no selector matches"
        }
        return [palette.paint(TerminalText.escaped(head), .strong)] + selectors.flatMap { lines($0, palette) }
    }

    private func lines(_ selector: Selector, _ palette: Palette) -> [String] {
        let label = selector.label.isEmpty ? "" : " \(TerminalText.escaped(selector.label))"
        let style: Style =
            selector.result == "matches" ? .good : selector.result == "fails" ? .alarm : .warning
        let head =
            "  selector \(selector.index)\(label) (line \(selector.line)) "
            + palette.paint(selector.result, style)
        let width = selector.conditions.map(\.field.count).max() ?? 0
        return [head]
            + selector.conditions.map { condition in
                let style: Style =
                    condition.result == "holds" ? .plain : condition.result == "fails" ? .alarm : .warning
                return "    \(condition.field.padded(to: width))  line \(condition.line)  "
                    + palette.paint(condition.result, style)
            }
    }
}
