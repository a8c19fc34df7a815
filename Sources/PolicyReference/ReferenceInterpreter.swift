public import PolicyModel

/// What policies mean, said as directly as possible: each condition of each selector is judged by itself. No tables,
/// no sharing. The tables of a generation must agree with this on every event.
public enum ReferenceInterpreter {
    /// Judges a hook entry when the call is made.
    public static func explain(_ hook: CheckedHook, _ event: HookEvent) -> Explanation {
        explain(hook, event) { $0.conditions }
    }

    /// Judges it when the call returns: what held at the call must hold, too.
    public static func explainReturn(_ hook: CheckedHook, _ event: HookEvent) -> Explanation {
        explain(hook, event) { $0.conditions + $0.returnConditions }
    }

    private static func explain(
        _ hook: CheckedHook, _ event: HookEvent, _ conditions: (CheckedSelector) -> [Condition]
    ) -> Explanation {
        let judge = ConditionJudge(event: event, columns: hook.columns)
        let results = hook.selectors.map { selector -> Explanation.SelectorResult in
            let judged = conditions(selector).map { condition in
                Explanation.ConditionResult(
                    field: condition.field, place: condition.place, truth: judge.truth(of: condition))
            }
            return Explanation.SelectorResult(
                label: selector.label, place: selector.place,
                truth: judged.reduce(.yes) { $0.and($1.truth) }, conditions: judged)
        }
        // A selector that only reports what it could not decide gives way to one that acts.
        var acting: Int?
        var reporting: Int?
        for (index, result) in results.enumerated() {
            switch (result.truth, hook.selectors[index].onUnknown) {
            case (.yes, _), (.unknown, .match): acting = acting ?? index
            case (.unknown, .report): reporting = reporting ?? index
            case (.no, _), (.unknown, .mismatch): continue
            }
        }
        let deciding = acting ?? reporting
        return Explanation(
            selectors: results, deciding: deciding,
            isUncertain: deciding.map { results[$0].truth == .unknown } ?? false, enforces: acting != nil)
    }
}
