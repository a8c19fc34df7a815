import EventFilters
import JSONTree
package import PolicyModel

/// A line of the export as a call at a hook: where it was met, who made it, and with what.
package struct RecordedCall: Sendable {
    /// As the line names the place: `sys_openat`, `raw_syscalls:sys_enter`.
    package let place: String
    /// Names of attach points that the place may stand for.
    private let names: Set<String>
    /// Policies that the line names; empty = it names none.
    package let policies: [String]
    private let body: JSONValue

    /// Nil for a line that is no event of a hook.
    package init?(_ line: EventLine) {
        body = line.body
        let function = body["function_name"].textOrEmpty
        switch line.type.name {
        case "process_kprobe": (place, names) = (function, Self.functions(function))
        case "process_lsm":
            let hook = Self.without(["bpf_lsm_", "security_", "lsm:"], function)
            (place, names) = (hook, ["lsm:\(hook)", "security_\(hook)"])
        case "process_tracepoint":
            let event = body["event"].textOrEmpty
            place = "\(body["subsys"].textOrEmpty):\(event)"
            names = [place, "raw:\(event)"]
        case "process_uprobe":
            place = "\(body["path"].textOrEmpty):\(body["symbol"].textOrEmpty)"
            let offset = body["offset"].unsigned.map { String($0, radix: 16) } ?? ""
            names = [
                place, "\(body["path"].textOrEmpty):+0x\(offset)", "\(body["path"].textOrEmpty):0x\(offset)",
            ]
        case "process_usdt":
            place =
                "\(body["path"].textOrEmpty):\(body["provider"].textOrEmpty):\(body["name"].textOrEmpty)"
            names = [place]
        default: return nil
        }
        let named =
            body["policies"].elements.map { $0["name"].textOrEmpty } + [body["policy_name"].textOrEmpty]
        policies = named.filter { !$0.isEmpty }
    }

    private static func without(_ prefixes: [String], _ text: String) -> String {
        for prefix in prefixes where text.hasPrefix(prefix) { return String(text.dropFirst(prefix.count)) }
        return text
    }

    /// `__x64_sys_openat` and `sys_openat` are one syscall.
    private static func functions(_ name: String) -> Set<String> {
        let bare = without(["__x64_", "__ia32_", "__arm64_", "__se_", "__do_"], name)
        return [name, bare, "lsm:\(without(["security_"], name))"]
    }

    /// Where the call meets an entry of a policy.
    package func point(of hook: CheckedHook) -> AttachPoint? {
        hook.points.first { names.contains($0.name) }
    }

    /// The call as the entry sees it.
    package func event(at point: AttachPoint, _ hook: CheckedHook) -> HookEvent {
        let returned = body["return"]
        var event = HookEvent(
            point: point, process: RecordedProcess.facts(body), hasReturned: returned.exists)
        read(body["args"], hook.event.arguments, hook, &event)
        read(body["data"], hook.event.data, hook, &event)
        if let field = hook.event.returnValue { set(returned, field, hook, &event) }
        return event
    }

    private func read(
        _ list: JSONValue, _ fields: [EventShape.Field], _ hook: CheckedHook, _ event: inout HookEvent
    ) {
        for (field, argument) in zip(fields, list.elements) { set(argument, field, hook, &event) }
    }

    private func set(
        _ argument: JSONValue, _ field: EventShape.Field, _ hook: CheckedHook, _ event: inout HookEvent
    ) {
        let column = hook.columns[field.column]
        for (facet, value) in RecordedArgument.values(argument) {
            event.values[HookEvent.Key(column, facet)] = value
        }
    }
}
