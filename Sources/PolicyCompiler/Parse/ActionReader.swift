internal import PolicyModel
internal import YAMLReader

/// Elements of `matchActions` and `matchReturnActions`.
enum ActionReader {
    private static let keys = [
        "action", "argError", "argSig", "argSock", "argIndex", "argValue", "argRegs", "argNewSymbol",
        "argNewAddr",
        "argNewOffset", "argUrl", "argFqdn", "rateLimit", "rateLimitScope", "kernelStackTrace",
        "userStackTrace",
        "imaHash", "countBy", "interval",
    ]

    /// Actions that Tetragon once had, and what does their work now.
    private static let removed = [
        "FollowFD": "type fd resolves the path itself", "UnfollowFD": "type fd resolves the path itself",
        "CopyFD": "type fd resolves the path itself",
    ]

    static func read(_ cursor: NodeCursor) -> ActionSpec? {
        // The keys of removed actions would only add noise to the message about the action.
        if let name = cursor.optional("action"), case .scalar(let text, _) = name.node.content,
            let instead = removed[text]
        {
            name.report("there is no action \(text) any more", hint: instead)
            return nil
        }
        cursor.rejectUnknownKeys(known: keys)
        guard let kindCursor = cursor.required("action"), let kind = kind(kindCursor) else { return nil }
        var action = ActionSpec(kind: kind, place: cursor.place)
        action.rateLimit = rateLimit(cursor)
        action.kernelStackTrace = cursor.flag("kernelStackTrace")
        action.userStackTrace = cursor.flag("userStackTrace")
        action.imaHash = cursor.flag("imaHash")
        action.error = cursor.optional("argError")?.number(in: -4095...4095)
        action.signal = cursor.optional("argSig")?.number(in: 0...64)
        action.socket = cursor.position("argSock")
        action.argument = cursor.position("argIndex")
        action.value = cursor.optional("argValue")?.number(in: Int64(Int32.min)...Int64(UInt32.max))
        action.registers = cursor.texts("argRegs")
        action.newSymbol = cursor.text("argNewSymbol")
        action.newAddress = cursor.optional("argNewAddr")?.unsigned()
        action.newOffset = cursor.optional("argNewOffset")?.unsigned()
        action.url = cursor.text("argUrl")
        action.fqdn = cursor.text("argFqdn")
        action.countBy = (cursor.optional("countBy")?.each() ?? []).compactMap {
            $0.number(in: 0...1023)?.map { Int($0) }
        }
        action.interval = cursor.optional("interval").flatMap(interval)
        return action
    }

    static func kind(_ cursor: NodeCursor) -> Located<ActionKind>? {
        guard let text = cursor.string() else { return nil }
        if let kind = ActionKind.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) {
            return Located(kind, at: cursor.place)
        }
        let names = ActionKind.allCases.map(\.rawValue)
        cursor.report(
            "unknown action \"\(text)\"",
            hint: Spelling.suggestion(for: text, among: names) ?? "known: " + names.joined(separator: ", "))
        return nil
    }

    private static func rateLimit(_ cursor: NodeCursor) -> Located<ActionSpec.RateLimit>? {
        let scope = cursor.choice("rateLimitScope", ActionSpec.RateLimit.Scope.self)
        guard let limit = cursor.optional("rateLimit") else {
            if scope != nil {
                cursor.report("rateLimitScope does nothing without rateLimit", severity: .warning)
            }
            return nil
        }
        guard let seconds = interval(limit) else { return nil }
        return seconds.map { ActionSpec.RateLimit(seconds: $0, scope: scope?.value ?? .thread) }
    }

    /// `30`, `30s`, `5m`, `1h` in seconds.
    private static func interval(_ cursor: NodeCursor) -> Located<UInt32>? {
        guard let text = cursor.string() else { return nil }
        let factors: [Character: UInt32] = ["s": 1, "m": 60, "h": 3600]
        let factor = text.last.flatMap { factors[Character($0.lowercased())] }
        let digits = factor == nil ? text[...] : text.dropLast()
        guard let count = UInt32(digits), !digits.hasPrefix("+"), count > 0,
            case (let seconds, let overflow) = count.multipliedReportingOverflow(by: factor ?? 1), !overflow
        else {
            cursor.report("\"\(text)\" is no span of time", hint: "a number of seconds, or 30s, 5m, 1h")
            return nil
        }
        return Located(seconds, at: cursor.place)
    }
}
