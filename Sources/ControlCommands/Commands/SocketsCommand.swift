package import AgentModel
public import ArgumentParser

/// `secctl sockets`: open sockets and who uses them.
public struct SocketsCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "sockets", abstract: "List open sockets with the processes that use them.")

    @OptionGroup(title: "Daemon") var connection: ConnectionOptions
    @OptionGroup var display: DisplayOptions

    @Option(help: "Only sockets of this process.")
    var pid: UInt32?

    @Option(help: ArgumentHelp("Only these kinds: tcp, tcp6, udp, unix, …", valueName: "kind,…"))
    var kind: [String] = []

    @Flag(help: "Only sockets that wait for connections.")
    var listening = false

    public init() {}

    public func run() async throws {
        try await Failures.reported {
            let out = Output()
            let kinds = kind.flatMap(EventFilterOptions.words)
            let rows = try await connection.daemon().sockets()
                .filter { pid == nil || $0.pid == pid }
                .filter { kinds.isEmpty || kinds.contains($0.kind) }
                .filter { !listening || $0.state == "listen" }
                .sorted { ($0.kind, $0.local, $0.cookie) < ($1.kind, $1.local, $1.cookie) }
            try out.line(try Listing.text(rows, as: display.output, display.palette(for: out)))
            try out.flush()
        }
    }
}

extension SocketListing: ListDisplayable {
    package static var columns: [Column] {
        [
            Column("kind"), Column("state"), Column("local"), Column("remote"), Column("sent", right: true),
            Column("received", right: true), Column("process"),
        ]
    }

    package var row: [String] {
        [
            kind, state, local, remoteText, Quantity.bytes(bytesSent), Quantity.bytes(bytesReceived),
            userText,
        ]
    }

    var remoteText: String { remoteName.isEmpty ? remote : "\(remote) (\(remoteName))" }

    var userText: String {
        if user.isEmpty { return ownerUnknown.isEmpty ? "unknown" : "unknown (\(ownerUnknown))" }
        return "\(binary.lastPathComponent)[\(pid)]"
    }
}
