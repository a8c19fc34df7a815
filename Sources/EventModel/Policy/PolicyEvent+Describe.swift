import TextEncoding

extension PolicyEvent {
    /// Describes a `tetragon.ProcessKprobe`, `ProcessTracepoint`, `ProcessLsm`, `ProcessUprobe` or `ProcessUsdt`.
    func describe<V: FieldVisitor & ~Copyable>(
        _ process: ProcessObject?, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = PolicyFields
        visitor.process(EventFields.process, process, .standard)
        visitor.process(EventFields.parent, process?.parent, .standard)
        let fields = describeTarget(&visitor)
        visitor.arguments(fields.arguments, arguments, context)
        let returned = returned
        visitor.message(fields.returned, present: returned != nil) { visitor in
            returned?.describe(context, &visitor)
        }
        visitor.arguments(fields.data, data, context)
        visitor.action(fields.action, action)
        visitor.action(fields.returnAction, returnAction)
        let first = matches.first?.rule
        visitor.string(fields.policyName, first?.policy ?? "")
        visitor.string(fields.message, first?.message ?? "")
        visitor.strings(fields.tags, first?.tags ?? [])
        visitor.stack(fields.kernelStack, kernelStack)
        visitor.stack(fields.userStack, userStack)
        visitor.string(fields.imaHash, imaHash)
        visitor.ancestors(fields.ancestors, of: process)
        describeJudgement(&visitor)
        visitor.string(F.fileHash, fileHash)
        let asksRights = V.showsShape || matches.contains { $0.rule.asksRights }
        visitor.message(F.rights, present: asksRights && process != nil) { visitor in
            process?.describeRights(&visitor)
        }
        visitor.uint64(F.count, count)
        visitor.uint64(F.interval, interval)
        visitor.uint64(F.duration, duration)
        visitor.bool(F.returnMissed, returnMissed)
        visitor.bool(F.signalFailed, signalFailed)
        visitor.text(F.abi, abi?.name)
        visitor.wrapped(F.tid, tid)
        visitor.text(F.attribution, attribution?.name)
    }

    /// What was hooked. Returns the fields of its kind.
    private func describeTarget<V: FieldVisitor & ~Copyable>(_ visitor: inout V) -> PolicyHookFields {
        typealias F = PolicyFields
        switch hook.target {
        case .function(let name):
            visitor.string(F.function, name)
            return .kprobe
        case .lsm(let name):
            visitor.string(F.function, name)
            return .lsm
        case .tracepoint(let subsystem, let event):
            visitor.string(F.subsystem, subsystem)
            visitor.string(F.tracepoint, event)
            return .tracepoint
        case .uprobe(let path, let symbol, let offset, let counterOffset):
            visitor.string(F.path, path)
            visitor.string(F.symbol, symbol)
            visitor.uint64(F.offset, offset)
            visitor.uint64(F.counterOffset, counterOffset)
            return .uprobe
        case .usdt(let path, let provider, let name):
            visitor.string(F.path, path)
            visitor.string(F.provider, provider)
            visitor.string(F.probe, name)
            visitor.text(F.probeFlags, nil)
            return .usdt
        // Told by a LoaderEvent instead.
        case .mapping: return .kprobe
        }
    }

    /// Who matched, and what came of it.
    private func describeJudgement<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyFields
        let matches = matches
        visitor.messages(F.policies, count: matches.count) { visitor, index in
            let rule = matches[index].rule
            visitor.string(F.name, rule.policy)
            visitor.string(F.namespace, rule.namespace)
            visitor.wrapped(F.selector, rule.selector)
            visitor.string(F.selectorLabel, rule.label)
            visitor.text(F.mode, rule.mode.name)
            visitor.text(F.matchAction, rule.action.name)
            // The first one's stand outside, where Tetragon's readers look for them.
            visitor.string(F.matchMessage, index == 0 ? "" : rule.message)
            visitor.strings(F.matchTags, index == 0 ? [] : rule.tags)
            visitor.strings(F.unknown, matches[index].unknown)
        }
        visitor.text(F.verdict, verdict.name)
        visitor.text(F.expected, expected == .none ? nil : expected.name)
        visitor.text(F.error, error == 0 ? nil : ErrorNames.name(error))
        visitor.string(F.mechanism, hook.mechanism)
        visitor.text(F.effect, hook.effect.name)
        visitor.uint64(F.generation, generation)
        visitor.bool(F.uncertain, isUncertain)
        visitor.uint64(F.heldBack, heldBack)
    }
}

extension FieldVisitor where Self: ~Copyable {
    /// An action as Tetragon's readers know it; a schema sees them all.
    fileprivate mutating func action(_ field: Field, _ action: PolicyAction?) {
        if Self.showsShape {
            for action in PolicyAction.allCases { enumeration(field, action.tetragon) }
        } else {
            enumeration(field, action?.tetragon)
        }
    }

    /// Texts of our own.
    fileprivate mutating func strings(_ field: Field, _ list: [String]) {
        strings(field, count: list.count) { index, append in unsafe append(list[index].utf8.span.bytes) }
    }

    /// Functions of a stack.
    fileprivate mutating func stack(_ field: Field, _ frames: [PolicyStackFrame]) {
        typealias F = PolicyFields
        messages(field, count: frames.count) { visitor, index in
            visitor.uint64(F.address, frames[index].address)
            visitor.uint64(F.symbolOffset, frames[index].offset)
            visitor.string(F.stackSymbol, frames[index].symbol)
            visitor.string(F.stackModule, frames[index].module)
        }
    }
}
