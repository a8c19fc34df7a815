import JSONTree

extension EventRenderer {
    /// `bash[15080] → dash[15154] → /usr/bin/wget -q http://db.lan/`. The new image has a pid of its
    /// own only where it differs from the parent's: an exec in place keeps it.
    func exec(_ body: JSONValue, _ chain: ProcessChain, _ line: inout StyledLine) {
        above(wide ? chain.above : chain.above.suffix(2), &line)
        guard let process = chain.process else {
            line.add("unknown", .warning)
            return
        }
        line.add(process.binary.isEmpty ? process.name : process.binary, .strong)
        if process.pid != chain.parent?.pid { line.add("[\(process.pid)]") }
        let arguments = process.value["arguments"].textOrEmpty
        if !arguments.isEmpty {
            line.add(" ")
            line.add(TerminalText.escaped(arguments, limit: wide ? .max : Self.compactArguments))
        }
        if let bytes = process.value["argv_missing_bytes"].unsigned, bytes > 0 {
            line.note("arguments cut by \(Quantity.bytes(bytes))", .warning)
        }
        if let bytes = process.value["environment_missing_bytes"].unsigned, bytes > 0 {
            line.note("environment cut by \(Quantity.bytes(bytes))", .warning)
        }
        if process.value["fileless"].isTrue { line.note("from memory", .alarm) }
        if process.value["binary_deleted"].isTrue { line.note("binary deleted", .warning) }
        if let script = process.value["script"]["path"].text { line.note("script \(script)") }
        privileges(process.value["binary_properties"], &line)
        guard wide else { return }
        var details: [String] = []
        if let uid = process.value["uid"].text { details.append("uid \(uid)") }
        if let cwd = process.value["cwd"].text { details.append("in \(cwd)") }
        if let tty = process.value["tty"].text { details.append(tty) }
        if let path = process.value["cgroup"]["path"].text { details.append("cgroup \(path)") }
        if !details.isEmpty { line.note(details.joined(separator: "  ")) }
    }

    /// What the file gave the process beyond its caller's rights.
    private func privileges(_ properties: JSONValue, _ line: inout StyledLine) {
        if let uid = properties["setuid"].text { line.note("setuid \(uid)", .privilege) }
        if let gid = properties["setgid"].text { line.note("setgid \(gid)", .privilege) }
    }

    /// `container web (nginx:1.27), of 3 events before`.
    func named(_ body: JSONValue, _ chain: ProcessChain, _ line: inout StyledLine) {
        let workload = body["process"]["workload"]
        line.add("\(workload["kind"].textOrEmpty) ", .plain)
        let name = workload["name"].text ?? workload["id"].textOrEmpty
        line.add(TerminalText.escaped(name), .strong)
        if let image = workload["image"].text { line.add(" (\(TerminalText.escaped(image)))") }
        if let events = body["events"].unsigned {
            line.note("of \(Quantity.counted(events, "event")) before")
        }
    }

    /// `wget[15155] 0   46 ms`, `wget[15155] SIGTERM   1.2 s`.
    func exit(_ body: JSONValue, _ chain: ProcessChain, _ line: inout StyledLine) {
        actor(chain, &line)
        line.add(" ")
        if let signal = body["signal"].text, !signal.isEmpty {
            line.add(signal, .alarm)
        } else {
            let status = body["status"].text ?? "0"
            line.add(status, status == "0" ? .plain : .warning)
        }
        if body["core_dumped"].isTrue {
            line.add(" (core dumped)", .alarm)
        }
        if let duration = body["duration_ns"].unsigned {
            line.note(Quantity.duration(nanoseconds: duration), .plain)
        }
        guard wide else { return }
        var details: [String] = []
        let usage = body["usage"]
        if let cpu = usage["cpu_ns"].unsigned { details.append("cpu " + Quantity.duration(nanoseconds: cpu)) }
        if let rss = usage["rss_bytes"].unsigned { details.append("memory " + Quantity.bytes(rss)) }
        if let read = usage["read_bytes"].unsigned { details.append("read " + Quantity.bytes(read)) }
        if let written = usage["write_bytes"].unsigned {
            details.append("written " + Quantity.bytes(written))
        }
        if !details.isEmpty { line.note(details.joined(separator: "  ")) }
    }

    /// `sudo[77]   uid 1000 → 0  effective +CAP_SYS_ADMIN   setuid`.
    func credentials(_ body: JSONValue, _ chain: ProcessChain, _ line: inout StyledLine) {
        actor(chain, &line)
        let changes =
            Self.changes(from: body["old"], to: body["new"])
            + Self.changes(from: body["old_cap"], to: body["new_cap"])
        line.note(changes.isEmpty ? "no visible change" : changes.joined(separator: "  "), .privilege)
        if let call = body["syscall"].text { line.note(call) }
    }

    /// Members that differ between two objects, nested ones by their own name: `uid 0 → 1000`,
    /// lists as `effective +CAP_A -CAP_B`.
    static func changes(from old: JSONValue, to new: JSONValue) -> [String] {
        var names = old.members.map(\.key)
        for (key, _) in new.members where !names.contains(key) { names.append(key) }
        var result: [String] = []
        for name in names {
            let before = old[name]
            let after = new[name]
            if case .object = before.exists ? before : after {
                result += changes(from: before, to: after)
                continue
            }
            if case .array = before.exists ? before : after {
                let had = before.elements.map(\.textOrEmpty)
                let has = after.elements.map(\.textOrEmpty)
                let signs = difference(had, has)
                if !signs.isEmpty { result.append(name + " " + signs.joined(separator: " ")) }
                continue
            }
            // A number that is 0 may be left out of the line.
            let from = before.text ?? "0"
            let to = after.text ?? "0"
            if from != to { result.append("\(name) \(from) → \(to)") }
        }
        return result
    }

    private static func difference(_ had: [String], _ has: [String]) -> [String] {
        let before = Set(had)
        let after = Set(has)
        let added = has.filter { !before.contains($0) }.map { "+" + $0 }
        let removed = had.filter { !after.contains($0) }.map { "-" + $0 }
        if added.count + removed.count > 6 { return ["+\(added.count)", "-\(removed.count)"] }
        return added + removed
    }
}
