extension EventRenderer {
    /// Events that Tetragon alone makes, from its logs:
    /// `cat[77] security_file_permission /etc/shadow 4   policy shadow   sigkill`.
    func foreign(_ event: EventLine, _ chain: ProcessChain, _ line: inout StyledLine) {
        let body = event.body
        if let count = body["number_of_dropped_process_events"].unsigned {
            return line.add(
                "lost \(Quantity.counted(count, "event")) here: this client reads too slowly", .alarm)
        }
        actor(chain, &line)
        for name in Self.names(body) { line.add(" " + name, .strong) }
        for argument in body["args"].elements { line.add(" " + TetragonArgument.text(argument)) }
        if body["return"].exists { line.add(" = " + TetragonArgument.text(body["return"])) }
        if let message = body["message"].text { line.note(message) }
        if let policy = body["policy_name"].text { line.note("policy \(policy)") }
        let action = body["action"].textOrEmpty.trimmingPrefix("KPROBE_ACTION_").lowercased()
        if !["", "unknown", "post", "nopost"].contains(action) { line.note(action, .alarm) }
    }

    /// What was hooked.
    private static func names(_ body: JSONValue) -> [String] {
        var names: [String] = []
        if let function = body["function_name"].text { names.append(function) }
        if let subsystem = body["subsys"].text { names.append("\(subsystem)/\(body["event"].textOrEmpty)") }
        for key in ["path", "symbol", "provider", "name", "type", "cgroup"] {
            if let text = body[key].text { names.append(text) }
        }
        return names
    }
}

/// Arguments of a hook: objects with one member, named by its type.
enum TetragonArgument {
    static func text(_ argument: JSONValue) -> String {
        guard let (_, value) = argument.members.first(where: { $0.key != "label" }) else { return "?" }
        let text = self.text(of: value)
        return argument["label"].text.map { "\($0)=\(text)" } ?? text
    }

    private static func text(of value: JSONValue) -> String {
        if let text = value.text { return text }
        if case .bool(let truth) = value { return "\(truth)" }
        if let path = value["path"].text { return value["mount"].textOrEmpty + path }
        if let source = value["saddr"].text {
            let from = SocketText.endpoint(address: source, port: value["sport"].text)
            return from + " → "
                + SocketText.endpoint(address: value["daddr"].textOrEmpty, port: value["dport"].text)
        }
        if let address = value["addr"].text {
            return SocketText.endpoint(address: address, port: value["port"].text)
        }
        return value.members.compactMap { key, value in value.text.map { "\(key) \($0)" } }
            .joined(separator: ", ")
    }
}
