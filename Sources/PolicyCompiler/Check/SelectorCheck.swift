internal import PolicyModel
internal import YAMLReader

/// The check of one selector, macros merged.
struct SelectorCheck {
    let hookCheck: HookCheck
    let spec: SelectorSpec
    let path: String
    let references: ArgumentReferences

    init(_ hookCheck: HookCheck, _ spec: SelectorSpec, _ path: String, _ references: ArgumentReferences) {
        self.hookCheck = hookCheck
        self.spec = spec
        self.path = path
        self.references = references
    }

    private var problems: Problems { hookCheck.check.problems }
    private var hook: HookSpec { hookCheck.hook }

    func run() -> CheckedSelector {
        var selector = CheckedSelector(label: spec.label?.value ?? "", place: spec.place)
        let arguments = ArgumentConditions(self, hookCheck.check.lists)
        var conditions = [hookCheck.scope].compactMap { $0 }
        conditions += ProcessConditions(hookCheck.check, spec, path).all()
        conditions += arguments.conditions(spec.arguments, .arguments, "matchArgs")
        conditions += arguments.conditions(spec.data, .data, "matchData")
        let returned = arguments.conditions(spec.returnArguments, .returnValue, "matchReturnArgs")
        if hook.section == .lsmhooks, let first = spec.returnArguments.first {
            problems.error(
                path + ".matchReturnArgs", "an LSM hook runs before the call has a result", at: first.place)
        }
        // A filter on something that is read at return can only be judged there.
        selector.conditions = conditions.filter { !$0.needsReturn(in: references.columns) }
        selector.returnConditions = conditions.filter { $0.needsReturn(in: references.columns) } + returned
        let actions = ActionCheck(hookCheck.check, hook, references)
        selector.actions = actions.check(spec.actions, path + ".matchActions", atReturn: false)
        selector.returnActions = actions.check(
            spec.returnActions, path + ".matchReturnActions", atReturn: true)
        if !hook.returns.value, let first = spec.returnActions.first {
            problems.error(path + ".matchReturnActions", "needs return: true", at: first.place)
        }
        selector.onUnknown = onUnknown(selector)
        return selector
    }

    private func onUnknown(_ selector: CheckedSelector) -> OnUnknown {
        if let own = spec.onUnknown {
            if own.value == .report, !selector.isEnforcing {
                problems.warning(
                    path + ".onUnknown", "report means match here: the selector enforces nothing",
                    at: own.place)
                return .match
            }
            return own.value
        }
        guard selector.isEnforcing else { return .match }
        return hookCheck.check.spec.unknown?.value == .deny ? .match : .report
    }
}
