import EventModel
import JSONTree

extension EventRenderer {
    /// What a policy saw and did, of secd's lines and of Tetragon's:
    /// `cat[77] security_file_open /etc/shadow   policy shadow +2   denied EPERM`.
    func policy(_ event: EventLine, _ chain: ProcessChain, _ line: inout StyledLine) {
        let body = event.body
        guard event.kind != .processThrottle else { return throttle(body, &line) }
        actor(chain, &line)
        for name in Self.hook(body) { line.add(" " + name, .strong) }
        for argument in body["args"].elements { add(argument, " ", &line) }
        if body["return"].exists { add(body["return"], " = ", &line) }
        for value in body["data"].elements { add(value, "  ", &line) }
        if let message = body["message"].text { line.note(message) }
        policies(body, &line)
        outcome(body, &line)
        if wide { details(body, &line) }
        guard hashes else { return }
        for key in ["ima_hash", "file_hash"] {
            if let hash = body[key].text { line.note(hash) }
        }
    }

    private func add(_ argument: JSONValue, _ gap: String, _ line: inout StyledLine) {
        let text = PolicyArgumentText.text(argument)
        line.add(gap + (wide ? text : TerminalText.escaped(text, limit: Self.compactArguments)))
    }

    /// What was hooked.
    private static func hook(_ body: JSONValue) -> [String] {
        var names: [String] = []
        if let function = body["function_name"].text { names.append(function) }
        if let subsystem = body["subsys"].text { names.append("\(subsystem)/\(body["event"].textOrEmpty)") }
        for key in ["path", "symbol", "provider", "name"] {
            if let text = body[key].text { names.append(text) }
        }
        if let offset = body["offset"].unsigned { names.append("+0x" + String(offset, radix: 16)) }
        return names
    }

    /// The policies that matched: the first by its name, of the others how many (wide lines name them, too).
    private func policies(_ body: JSONValue, _ line: inout StyledLine) {
        var names: [String] = []
        for name in [body["policy_name"].text] + body["policies"].elements.map({ $0["name"].text }) {
            if let name, !name.isEmpty, !names.contains(name) { names.append(name) }
        }
        guard let first = names.first else { return }
        let others = names.count - 1
        if wide || others == 0 {
            line.note((others == 0 ? "policy " : "policies ") + names.joined(separator: ", "))
        } else {
            line.note("policy \(first) +\(others)")
        }
    }

    /// What came of it: what was done, what would have been, what is not sure.
    private func outcome(_ body: JSONValue, _ line: inout StyledLine) {
        let error = body["error"].text.map { " " + $0 } ?? ""
        if let verdict = body["verdict"].text {
            if verdict != "none" { line.note(verdict + (verdict == "denied" ? error : ""), .alarm) }
        } else {
            // Tetragon tells the action alone.
            let action = body["action"].textOrEmpty.trimmingPrefix("KPROBE_ACTION_").lowercased()
            if !["", "unknown", "post", "nopost"].contains(action) { line.note(action, .alarm) }
        }
        if let expected = body["would_be"].text {
            line.note("would be \(expected)" + (expected == "denied" ? error : ""), .warning)
        }
        if body["signal_failed"].isTrue { line.note("the kernel refused the signal", .alarm) }
        if body["uncertain"].isTrue { line.note("uncertain", .warning) }
        switch body["process_is"].text {
        case "tracked": line.note("its socket, by TrackSock", .plain)
        case "interrupted": line.note("interrupted, not its doing", .warning)
        default: break
        }
        if let count = body["count"].unsigned {
            let span = body["interval_ns"].unsigned.map { " in " + Quantity.duration(nanoseconds: $0) } ?? ""
            line.note(Quantity.counted(count, "call") + span, .plain)
        }
        if let count = body["held_back"].unsigned {
            line.note("\(Quantity.counted(count, "event")) held back", .warning)
        }
    }

    private func details(_ body: JSONValue, _ line: inout StyledLine) {
        var pieces: [String] = []
        if let mechanism = body["mechanism"].text {
            pieces.append(mechanism + (body["effect"].text.map { " (\($0))" } ?? ""))
        }
        let unknown = body["policies"].elements.flatMap { $0["unknown"].elements.compactMap(\.text) }
        if !unknown.isEmpty { pieces.append("not decided: " + unknown.joined(separator: ", ")) }
        if let abi = body["abi"].text { pieces.append("\(abi) entry") }
        if let duration = body["duration_ns"].unsigned {
            pieces.append("took " + Quantity.duration(nanoseconds: duration))
        }
        if body["return_missed"].isTrue { pieces.append("return not waited for") }
        if body["args"].elements.contains(where: { $0["source"].text == "user" }) {
            pieces.append("path from user")
        }
        if let buildID = body["buildid"].text { pieces.append("build id \(Base64Text.hexadecimal(buildID))") }
        if !pieces.isEmpty { line.note(pieces.joined(separator: "  ")) }
    }

    /// `policy logins at sys_openat: events are held back`.
    private func throttle(_ body: JSONValue, _ line: inout StyledLine) {
        if let policy = body["policy_name"].text {
            line.add("policy \(policy) at \(body["hook"].textOrEmpty): ", .strong)
        }
        if let cgroup = body["cgroup"].text { line.add("\(cgroup): ", .strong) }
        guard body["type"].text == "THROTTLE_STOP" else {
            return line.add("events are held back", .warning)
        }
        line.add("events are sent again")
        if let count = body["held_back"].unsigned {
            line.note("\(Quantity.counted(count, "event")) held back", .warning)
        }
    }
}
