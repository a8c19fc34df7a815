import Glibc
import Testing

/// Families, types and errors as the steps take them.
enum Net {
    static let unix = 1
    static let inet = 2
    static let inet6 = 10
    static let netlink = 16
    static let packet = 17
    static let vsock = 40
    static let stream = 1
    static let datagram = 2
    static let raw = 3
    static let seqpacket = 5
    /// poll(2)
    static let readable = 1
    static let writable = 4
    /// Of tcp_info, include/net/tcp_states.h.
    static let established = 1
}

/// Steps on sockets: a socket is a small number; see Tests/CTestActivity/sockets.c and messages.c.
extension Step {
    static func socket(_ number: Int, _ family: Int, _ type: Int, _ protocolNumber: Int = 0) -> Step {
        Step("socket", number, family, type, protocolNumber)
    }
    static func pair(_ first: Int, _ second: Int, _ type: Int) -> Step {
        Step("socketpair", first, second, type)
    }
    static func bind(_ socket: Int, _ address: String) -> Step { Step("bind", socket, address) }
    static func listen(_ socket: Int, _ backlog: Int = 8) -> Step { Step("listen", socket, backlog) }
    static func connect(_ socket: Int, _ address: String) -> Step { Step("connect", socket, address) }
    static func accept(_ socket: Int, as new: Int) -> Step { Step("accept", socket, new) }
    static func send(_ socket: Int, _ bytes: Int) -> Step { Step("send", socket, bytes) }
    static func receive(_ socket: Int, _ bytes: Int) -> Step { Step("receive", socket, bytes) }
    static func sendTo(_ socket: Int, _ address: String, _ bytes: Int) -> Step {
        Step("send-to", socket, address, bytes)
    }
    static func receiveDatagrams(_ socket: Int, _ count: Int) -> Step {
        Step("receive-datagrams", socket, count)
    }
    static func close(socket: Int) -> Step { Step("close-socket", socket) }
    static func ready(_ socket: Int, _ events: Int) -> Step { Step("ready", socket, events) }
    static let newNetwork = Step("new-network")

    /// A TCP listener and a connection to it: 0 listens, 1 is the client, 2 the accepted end.
    static func connection(_ family: Int = Net.inet, _ host: String = "4,127.0.0.1") -> [Step] {
        [
            .socket(0, family, Net.stream), .bind(0, host + ",0"), .listen(0), .socket(1, family, Net.stream),
            .connect(1, host + ",@0"), .accept(0, as: 2),
        ]
    }
}

extension CapturedEvent {
    var socket: JSON { body["socket"] }

    /// What happened in a word or two: `create`, `connect attempt`, `connect failed ECONNREFUSED`, …
    var doing: String {
        let words = [
            String(kind.dropFirst("socket_".count)), socket["result"].text,
            kind == "socket_connect" ? socket["error"].text : "",
            kind == "socket_datagram" ? socket["direction"].text : "",
        ]
        return words.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// `127.0.0.1:80`
    var local: String { endpoint(socket["local"]) }
    var remote: String { endpoint(socket["remote"]) }

    /// What tells a socket from others: its cookie or, where it has none, its inode number.
    var socketID: String {
        socket["cookie"].isPresent ? "c\(socket["cookie"])" : "i\(socket["inode"])"
    }

    private func endpoint(_ end: JSON) -> String {
        end.isPresent ? "\(end["address"].text):\(end["port"].number)" : ""
    }
}

extension Story {
    var socketEvents: [CapturedEvent] { events.filter { $0.kind.hasPrefix("socket_") } }
    /// Events of sockets in order, as `CapturedEvent.doing` says them.
    var doings: [String] { socketEvents.map(\.doing) }

    /// Events of each socket, in the order of their first event.
    var sockets: [[CapturedEvent]] {
        var order: [String] = []
        var groups: [String: [CapturedEvent]] = [:]
        for event in socketEvents {
            if groups[event.socketID] == nil { order.append(event.socketID) }
            groups[event.socketID, default: []].append(event)
        }
        return order.map { groups[$0] ?? [] }
    }
}

extension LiveAgent {
    /// Runs steps, and returns what every socket of the process did, softirq and audits included: closes may
    /// come after the process has ended.
    func sockets(
        _ steps: [Step], closes: Int, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Story {
        let mark = capture.count
        let activity = try Activity(steps)
        let status = try activity.wait()
        _ = try expect("process_exit", of: activity.pid, from: mark, sourceLocation: sourceLocation)
        var seen: Set<Int> = []
        while seen.count < closes {
            let event = try expect(
                "socket_close", of: activity.pid, from: mark, sourceLocation: sourceLocation
            ) {
                !seen.contains($0.json["secd"]["line"].number)
            }
            seen.insert(event.json["secd"]["line"].number)
        }
        return Story(activity, status, capture.events(of: activity.pid, from: mark))
    }
}
