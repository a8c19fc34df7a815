internal import PolicyModel
internal import YAMLReader

/// The check of one entry of a hook section.
struct HookCheck {
    let check: PolicyCheck
    let hook: HookSpec
    let scope: Condition?

    init(_ check: PolicyCheck, _ hook: HookSpec, _ scope: Condition?) {
        self.check = check
        self.hook = hook
        self.scope = scope
    }

    private var problems: Problems { check.problems }

    /// Selectors of one hook.
    static let selectorLimit = 1024
    /// Elements of `args`, and of `data`.
    static let argumentLimit = 64

    func run() -> CheckedHook? {
        let target = resolveTarget()
        for (key, list) in [("args", hook.arguments), ("data", hook.data)]
        where list.count > Self.argumentLimit {
            problems.error(
                "\(hook.path).\(key)", "\(list.count) elements; at most \(Self.argumentLimit)",
                at: list[Self.argumentLimit].place)
            return nil
        }
        var columns = ColumnTable(check, hook, target)
        let arguments = hook.arguments.enumerated().map { index, spec in
            columns.argument(spec, "\(hook.path).args[\(index)]")
        }
        let data = hook.data.enumerated().map { index, spec in
            columns.data(spec, "\(hook.path).data[\(index)]")
        }
        let returned = hook.returnArgument.flatMap { columns.returnValue($0, hook.path + ".returnArg") }
        checkReturn()
        checkReturnAction(returned.map { columns.columns[$0].type })
        let shape = EventShape(
            message: hook.message?.value ?? "", tags: hook.tags.map(\.value),
            arguments: fields(arguments, hook.arguments), data: fields(data, hook.data),
            returnValue: returned.map {
                EventShape.Field(column: $0, label: hook.returnArgument?.label?.value ?? "")
            },
            waitsForReturn: hook.returns.value, returnAction: hook.returnAction?.value)
        let references = ArgumentReferences(
            hook: hook, arguments: arguments, data: data, returned: returned, columns: columns.columns,
            probe: target.probeArguments)
        var selectors = selectors(references)
        if selectors.isEmpty {
            // A hook without selectors posts every call.
            let conditions = [scope].compactMap { $0 }
            selectors = [CheckedSelector(place: hook.place, conditions: conditions)]
        }
        var checked = CheckedHook(
            path: hook.path, place: hook.place, section: hook.section,
            points: columns.isDeferred ? [] : target.points, columns: columns.columns, selectors: selectors,
            event: shape, ignoresCallNotFound: hook.ignoresCallNotFound)
        checked.skippedCalls = target.skipped
        if case .uprobe(let target) = hook.target {
            checked.digests = target.digests.map(\.value)
            checked.ignoresDigestMismatch = hook.ignoresDigestMismatch
        }
        return checked
    }

    private func fields(_ columns: [Int?], _ specs: [ArgumentSpec]) -> [EventShape.Field] {
        zip(columns, specs).compactMap { column, spec in
            column.map { EventShape.Field(column: $0, label: spec.label?.value ?? "") }
        }
    }

    private func checkReturn() {
        if hook.returns.value, hook.returnArgument == nil, hook.section != .uprobes {
            problems.error(
                hook.path + ".return", "needs returnArg", at: hook.returns.place,
                hint: "add returnArg with index: 0 and a type")
        }
        if !hook.returns.value, let argument = hook.returnArgument {
            problems.warning(
                hook.path + ".returnArg", "is not read without return: true", at: argument.place)
        }
    }

    /// - Parameter type: of what the call returns; nil = it is not read.
    private func checkReturnAction(_ type: ArgumentType?) {
        guard let action = hook.returnAction else { return }
        let path = hook.path + ".returnArgAction"
        guard action.value.isAboutSocket else {
            problems.error(
                path, "\(action.value.rawValue) is not possible here", at: action.place,
                hint: "TrackSock and UntrackSock are")
            return
        }
        if !hook.returns.value || hook.returnArgument == nil {
            problems.error(
                path, "\(action.value.rawValue) needs the socket that the call returns", at: action.place,
                hint: "add return: true, and returnArg with type: sock")
        } else if let type, type != .sock, type != .socket, type != .auto {
            problems.error(
                path, "\(action.value.rawValue) needs a sock; returnArg is \(type.rawValue)", at: action.place
            )
        }
    }

    private func selectors(_ references: ArgumentReferences) -> [CheckedSelector] {
        if hook.selectors.count > Self.selectorLimit {
            problems.error(
                hook.path + ".selectors", "\(hook.selectors.count) selectors; at most \(Self.selectorLimit)",
                at: hook.selectors[Self.selectorLimit].place)
        }
        let merge = MacroMerge(macros: check.macros, problems: problems)
        return hook.selectors.prefix(Self.selectorLimit).enumerated().map { index, written in
            let path = "\(hook.path).selectors[\(index)]"
            let spec = merge.merged(written, path)
            return SelectorCheck(self, spec, path, references).run()
        }
    }

    // MARK: Targets

    private func resolveTarget() -> CallResolver.Resolved {
        switch hook.target {
        case .function(let call, let isSyscall):
            let resolver = CallResolver(
                check, path: hook.path + ".call", ignoresMissing: hook.ignoresCallNotFound)
            return resolver.points(call, isSyscall: isSyscall)
        case .lsm(let name): return lsm(name)
        case .tracepoint(let subsystem, let event, let isRaw): return tracepoint(subsystem, event, isRaw)
        case .uprobe(let target): return ProgramTargets(check: check, hook: hook).uprobe(target)
        case .usdt(let target): return ProgramTargets(check: check, hook: hook).usdt(target)
        }
    }

    private func lsm(_ name: Located<String>) -> CallResolver.Resolved {
        let path = hook.path + ".hook"
        for prefix in ["security_", "bpf_lsm_"] where name.value.hasPrefix(prefix) {
            problems.error(
                path, "\"\(name.value)\" is no LSM hook", at: name.place,
                hint: "write \(name.value.dropFirst(prefix.count))")
            return CallResolver.Resolved()
        }
        var resolved = CallResolver.Resolved(points: [.lsm(name.value)])
        if let kernel = check.settings.kernel {
            resolved.prototype = kernel.lsmHook(name.value)
            if resolved.prototype == nil {
                let near = kernel.similarFunctions(to: "bpf_lsm_" + name.value).filter {
                    $0.hasPrefix("bpf_lsm_")
                }
                .map { String($0.dropFirst(8)) }
                problems.error(
                    path, "\(kernel.release) has no LSM hook \"\(name.value)\"", at: name.place,
                    hint: Spelling.suggestion(for: name.value, among: near) ?? "")
            }
        }
        return resolved
    }

    private func tracepoint(
        _ subsystem: Located<String>, _ event: Located<String>, _ isRaw: Bool
    ) -> CallResolver.Resolved {
        if isRaw {
            var resolved = CallResolver.Resolved(points: [.rawTracepoint(event.value)])
            if let kernel = check.settings.kernel {
                resolved.prototype = kernel.rawTracepoint(event.value)
                if resolved.prototype == nil { noTracepoint(kernel, subsystem, event) }
            }
            return resolved
        }
        var resolved = CallResolver.Resolved(
            points: [.tracepoint(subsystem: subsystem.value, event: event.value)])
        guard let kernel = check.settings.kernel else { return resolved }
        switch kernel.tracepoint(subsystem.value, event.value) {
        case .fields(let fields):
            resolved.prototype = KernelFunction(fields, returning: KernelType("void", .void))
        case .absent: noTracepoint(kernel, subsystem, event)
        case .unreadable: break
        }
        return resolved
    }

    private func noTracepoint(
        _ kernel: any KernelTypes, _ subsystem: Located<String>, _ event: Located<String>
    ) {
        problems.error(
            hook.path, "\(kernel.release) has no tracepoint \(subsystem.value):\(event.value)",
            at: event.place)
    }
}
