import EventModel
import JSONTree

extension EventRenderer {
    /// `wget[15155] → 192.0.2.8:80 (db.lan)   established in 54 µs`.
    func socket(_ event: EventLine, _ chain: ProcessChain, _ line: inout StyledLine) {
        let socket = event.body["socket"]
        actor(chain, unknown: socket["owner_unknown"].textOrEmpty, &line)
        let local = SocketText.endpoint(socket["local"], of: socket)
        let remote = SocketText.endpoint(socket["remote"], of: socket)
        switch event.kind {
        case .socketConnect:
            peer(remote, arrow: "→", socket, &line)
            connectResult(socket, &line)
        case .socketAccept:
            peer(remote, arrow: "←", socket, &line)
            if !local.isEmpty { line.note("on \(local)") }
        case .socketClose:
            if remote.isEmpty {
                line.add(
                    " " + (local.isEmpty ? SocketText.kind(socket) : "\(local) \(SocketText.kind(socket))"))
            } else {
                peer(remote, arrow: socket["direction"].text == "incoming" ? "←" : "→", socket, &line)
            }
            traffic(socket, &line)
        case .socketDatagram:
            let received = socket["direction"].text == "received"
            peer(
                remote.isEmpty ? SocketText.kind(socket) : remote, arrow: received ? "←" : "→", socket, &line)
            line.note("\(SocketText.kind(socket)) \(received ? "received" : "sent")", .plain)
        case .socketHandover:
            let what = remote.isEmpty ? local : remote
            line.add(" took over \(what.isEmpty ? SocketText.kind(socket) : what)")
            if let previous = socket["previous"].text { line.add(" from \(ExecID.readable(previous))") }
        case .socketBind, .socketListen:
            line.add(" on ", .faint)
            line.add("\(local.isEmpty ? "?" : local) \(SocketText.kind(socket))")
        default:
            line.add(" " + SocketText.kind(socket))
        }
        if let error = socket["error"].text, event.kind != .socketConnect {
            line.note("failed \(error)", .alarm)
        }
        if wide { details(socket, local: local, event.kind, &line) }
    }

    private func peer(_ remote: String, arrow: String, _ socket: JSONValue, _ line: inout StyledLine) {
        line.add(" \(arrow) ", .faint)
        line.add(remote.isEmpty ? "?" : remote)
        if let name = socket["remote"]["name"].text { line.add(" (\(name))", .faint) }
    }

    private func connectResult(_ socket: JSONValue, _ line: inout StyledLine) {
        let time = socket["latency_ns"].unsigned.map { Quantity.duration(nanoseconds: $0) }
        switch socket["result"].text {
        case "established": line.note("established" + (time.map { " in \($0)" } ?? ""), .good)
        case "failed":
            let error = socket["error"].text.map { " " + $0 } ?? ""
            line.note("failed\(error)" + (time.map { " after \($0)" } ?? ""), .alarm)
        case "attempt": line.note("attempt")
        case let other: if let other { line.note(other) }
        }
    }

    /// `↑ 78 B ↓ 612 B  rtt 0.1 ms`.
    private func traffic(_ socket: JSONValue, _ line: inout StyledLine) {
        let sent = Quantity.bytes(socket["bytes_sent"].unsigned ?? 0)
        let received = Quantity.bytes(socket["bytes_received"].unsigned ?? 0)
        var pieces = ["↑ \(sent) ↓ \(received)"]
        if let rtt = socket["rtt_us"].unsigned, rtt > 0 {
            pieces.append(
                "rtt "
                    + Quantity.duration(nanoseconds: rtt.multipliedReportingOverflow(by: 1000).partialValue))
        }
        line.note(pieces.joined(separator: "  "), .plain)
        if let count = socket["retransmits"].unsigned, count > 0 {
            line.add("  \(Quantity.counted(count, "retransmit"))", .warning)
        }
        if socket["totals_partial"].isTrue { line.add("  since secd began to watch", .faint) }
        if wide {
            let packets =
                "\(socket["packets_sent"].text ?? "0")/\(socket["packets_received"].text ?? "0") packets"
            let duration =
                socket["duration_ns"].unsigned.map { "  open " + Quantity.duration(nanoseconds: $0) } ?? ""
            line.note(packets + duration)
        }
    }

    private func details(_ socket: JSONValue, local: String, _ kind: EventKind?, _ line: inout StyledLine) {
        var pieces: [String] = []
        if kind == .socketConnect || kind == .socketClose, !local.isEmpty, socket["remote"].exists {
            pieces.append("from \(local)")
        }
        for role in ["creator", "acceptor"] {
            if let id = socket[role].text, id != socket["user"].text {
                pieces.append("\(role) \(ExecID.readable(id))")
            }
        }
        if let cookie = socket["cookie"].text { pieces.append("cookie \(cookie)") }
        if !pieces.isEmpty { line.note(pieces.joined(separator: "  ")) }
    }
}

/// Parts of a socket as text.
enum SocketText {
    /// `10.0.0.7:80`, `[::1]:80`, the path of a Unix socket, or nothing.
    static func endpoint(_ side: JSONValue, of socket: JSONValue) -> String {
        if let path = side["path"].text ?? (side.exists || isUnix(socket) ? socket["path"].text : nil) {
            return path
        }
        guard let address = side["address"].text else {
            return side["port"].text.map { "*:\($0)" } ?? ""
        }
        return endpoint(address: address, port: side["port"].text)
    }

    static func endpoint(address: String, port: String?) -> String {
        let host = address.contains(":") ? "[\(address)]" : address
        return port.map { "\(host):\($0)" } ?? address
    }

    private static func isUnix(_ socket: JSONValue) -> Bool { socket["family"].text == "AF_UNIX" }

    /// `tcp`, `udp6`, `unix`, `unix dgram`, `netlink raw`.
    static func kind(_ socket: JSONValue) -> String {
        let family = short(socket["family"], "AF_")
        let type = short(socket["type"], "SOCK_")
        let suffix = family == "inet6" ? "6" : ""
        switch (family, type) {
        case ("inet", "stream"), ("inet6", "stream"):
            let name = short(socket["protocol"], "IPPROTO_")
            return (name.isEmpty || name == "ip" ? "tcp" : name) + suffix
        case ("inet", "dgram"), ("inet6", "dgram"):
            let name = short(socket["protocol"], "IPPROTO_")
            return (name.isEmpty || name == "ip" ? "udp" : name) + suffix
        case ("inet", "raw"), ("inet6", "raw"): return "raw" + suffix
        case ("unix", "stream"), ("unix", ""): return "unix"
        case ("", ""): return "socket"
        default: return type.isEmpty ? family : "\(family) \(type)"
        }
    }

    private static func short(_ value: JSONValue, _ prefix: String) -> String {
        String(value.textOrEmpty.trimmingPrefix(prefix)).lowercased()
    }
}
