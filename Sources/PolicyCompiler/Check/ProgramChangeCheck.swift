internal import PolicyModel
internal import YAMLReader

/// What `Override` and `Set` may do in programs, and with which parameters.
struct ProgramChangeCheck {
    let check: PolicyCheck
    let hook: HookSpec

    init(_ check: PolicyCheck, _ hook: HookSpec) {
        self.check = check
        self.hook = hook
    }

    private var problems: Problems { check.problems }

    /// What one selector can do: SECD_POLICY_CHANGES_MAX.
    private static let changeLimit = 32
    /// Arguments that calls pass in registers.
    private static let callArguments = 6

    /// Whether all changes of a selector have room.
    func count(_ actions: [ActionSpec], _ path: String) {
        guard hook.section == .uprobes || hook.section == .usdts else { return }
        let override = actions.first { $0.kind.value == .override }
        // Where it goes on, or what argError stands for.
        let others = override?.registers.isEmpty ?? true ? 3 : 0
        let changes =
            actions.filter { $0.kind.value == .set }.count + (override?.registers.count ?? 0) + others
        if changes > Self.changeLimit, let last = actions.last {
            problems.error(
                path, "Set and Override change \(changes) values; at most \(Self.changeLimit)", at: last.place
            )
        }
    }

    // MARK: Override

    func override(_ action: ActionSpec, _ path: String) {
        let targets = [
            action.newSymbol.map { ("argNewSymbol", $0.place) },
            action.newAddress.map { ("argNewAddr", $0.place) },
            action.newOffset.map { ("argNewOffset", $0.place) },
            action.registers.first.map { ("argRegs", $0.place) },
        ].compactMap { $0 }
        if targets.isEmpty, action.error == nil {
            problems.error(
                path + ".action", "Override needs one of argRegs, argNewSymbol, argNewAddr and argNewOffset",
                at: action.kind.place, hint: "or argError: the function returns it at once")
        } else if targets.count > 1 {
            problems.error(
                "\(path).\(targets[1].0)", "\(targets[0].0) says already how the program goes on",
                at: targets[1].1, hint: "keep one of them")
        } else if let error = action.error, let first = targets.first {
            problems.warning(path + ".argError", "does nothing beside \(first.0)", at: error.place)
        }
        var assignments: [RegisterAssignment] = []
        for (index, text) in action.registers.enumerated() {
            do throws(RegisterAssignment.Fault) {
                assignments.append(try RegisterAssignment.parse(text.value))
            } catch {
                problems.error(
                    "\(path).argRegs[\(index)]", "\"\(text.value.prefix(64))\" \(error.reason)",
                    at: text.place, hint: error.hint)
            }
        }
        if hook.returns.value, action.movesStack {
            problems.error(
                path + ".action", "Override of rsp (also by argError) is not possible beside return: true",
                at: action.kind.place,
                hint: "the kernel would put its own return address where the stack begins then")
        }
        newPlace(action, path)
    }

    /// Whether the program can go on there, where it can be looked into.
    private func newPlace(_ action: ActionSpec, _ path: String) {
        guard let (location, key, place) = action.newLocation, case .uprobe(let target) = hook.target,
            let programs = check.settings.programs, let program = try? programs.open(target.path.value)
        else { return }
        let point = AttachPoint.uprobe(path: target.path.value, location: location, counterOffset: 0)
        do throws(ProgramObstacle) {
            _ = try program.image.sites(of: point)
        } catch {
            problems.error(
                "\(path).\(key)", "\(target.path.value): \(error.reason)", at: place, hint: error.hint)
        }
    }

    // MARK: Set

    func argument(_ index: Located<Int>, _ probe: [UsdtArgument]?, _ path: String) {
        if hook.section == .uprobes, index.value >= Self.callArguments {
            problems.error(
                path,
                "argument \(index.value) is beyond the \(Self.callArguments) that calls pass in registers",
                at: index.place, hint: "they are counted from 0")
        } else if hook.section == .usdts, index.value >= UsdtArgument.limit {
            problems.error(
                path, "argument \(index.value) is beyond the \(UsdtArgument.limit) that a probe has",
                at: index.place)
        } else if let probe, index.value >= probe.count {
            problems.error(
                path, "the probe has \(probe.count) arguments, counted from 0", at: index.place)
        } else if let reason = probe?[index.value].writeObstacle {
            problems.error(path, "argument \(index.value) \(reason)", at: index.place)
        }
    }

    /// What is written: a number of a call that cannot be a pointer is set itself.
    func written(_ action: ActionSpec, _ references: ArgumentReferences) -> ActionSpec.Written {
        guard let index = action.argument?.value,
            let position = hook.arguments.firstIndex(where: { $0.index.value == index }),
            let column = references.arguments[position].map({ references.columns[$0] })
        else { return .argument }
        guard column.path.isEmpty, let shape = column.type.integer else { return .pointed }
        return hook.section == .uprobes && shape.bytes < 8 ? .register : .argument
    }
}
