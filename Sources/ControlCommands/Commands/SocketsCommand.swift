package import AgentModel
public import ArgumentParser

/// `secctl sockets`: open sockets and who uses them.
public struct SocketsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "sockets", abstract: "List open sockets with the processes that use them.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup(title: "Filters") var filter: WorkloadFilterOptions
    @OptionGroup var display: DisplayOptions

    @Option(help: "Only sockets of this process.")
    var pid: UInt32?

    @Option(help: ArgumentHelp("Only these kinds: tcp, tcp6, udp, unix, …", valueName: "kind,…"))
    var kind: [String] = []

    @Flag(help: "Only sockets that wait for connections.")
    var listening = false

    public init() {}

    /// exec ids of the processes whose sockets are asked for; nil = all.
    private func wanted(_ daemon: any Daemon) async throws -> Set<String>? {
        guard !filter.isEmpty else { return nil }
        let test = try filter.test()
        return Set(try await daemon.processes().filter { test($0.workload) }.map(\.execID))
    }

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let kinds = kind.flatMap(EventFilterOptions.words)
            let daemon = try connection.daemon()
            let users = try await wanted(daemon)
            let sockets = try await daemon.sockets()
                .filter { users?.contains($0.user) ?? true }
                .filter { pid == nil || $0.pid == pid }
                .filter { kinds.isEmpty || kinds.contains($0.kind) }
                .filter { !listening || $0.state == "listen" }
                .sorted { ($0.kind, $0.local, $0.cookie) < ($1.kind, $1.local, $1.cookie) }
            let text =
                display.output == .json
                ? try Listing.json(sockets)
                : try Listing.text(
                    SocketRow.rows(sockets), as: .table, display.palette(for: out), width: out.columns)
            try out.line(text)
            try out.flush()
        }
    }
}

/// Sockets that look alike in one row: a program may hold hundreds of nameless pairs.
package struct SocketRow: ListDisplayable {
    private var socket: SocketListing
    private var count = 1

    package static var columns: [Column] {
        [
            Column("kind"), Column("state"), Column("local"), Column("remote"), Column("sent", right: true),
            Column("received", right: true), Column("process"),
        ]
    }

    package var row: [String] {
        [
            socket.kind, socket.stateText, socket.localText.isEmpty ? "-" : socket.localText,
            socket.remoteText, Self.total(socket.bytesSent), Self.total(socket.bytesReceived),
            socket.userText + (count > 1 ? " ×\(count)" : ""),
        ]
    }

    /// One row for each group of sockets that differ in nothing but their cookies and totals.
    package static func rows(_ sockets: [SocketListing]) -> [SocketRow] {
        var rows: [SocketRow] = []
        var places: [[String]: Int] = [:]
        for socket in sockets {
            let key = [socket.kind, socket.state, socket.local, socket.remote, socket.user, socket.userText]
            if let place = places[key] {
                rows[place].count += 1
                rows[place].socket.bytesSent &+= socket.bytesSent
                rows[place].socket.bytesReceived &+= socket.bytesReceived
            } else {
                places[key] = rows.count
                rows.append(SocketRow(socket: socket))
            }
        }
        return rows
    }

    private static func total(_ bytes: UInt64) -> String { bytes == 0 ? "-" : Quantity.bytes(bytes) }
}

extension SocketListing {
    /// What ss calls UNCONN: neither connected nor listening. The kernel's word for it is close.
    var stateText: String { state == "close" ? "unconnected" : state }

    /// Nothing where the socket was not bound.
    var localText: String { local.hasSuffix(":0") && kind != "unix" ? "" : local }

    var remoteText: String { remoteName.isEmpty ? remote : "\(remote) (\(remoteName))" }

    var userText: String {
        if user.isEmpty { return ownerUnknown.isEmpty ? "unknown" : "unknown (\(ownerUnknown))" }
        return "\(binary.lastPathComponent)[\(pid)]"
    }
}
