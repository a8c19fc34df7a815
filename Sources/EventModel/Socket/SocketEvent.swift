public import CEventABI
import TextEncoding

/// Something that happened to a socket: the kernel's record and what user space adds to it.
public struct SocketEvent {
    /// The kernel's record (bpf/abi/socket.h).
    public var record: secd_socket
    /// Unix name; an abstract one begins with NUL.
    public var path: [UInt8]
    /// The name under which the process looked the remote address up; empty = unknown.
    public var remoteName: [UInt8]
    /// exec ids; empty = none or unknown.
    public var user: [UInt8]
    /// Who called `socket` or `socketpair`.
    public var creator: [UInt8]
    /// Who accepted the connection.
    public var acceptor: [UInt8]
    /// Who used the socket before a hand-over.
    public var previous: [UInt8]

    /// An event whose exec ids are still empty; the worker's socket table fills them in.
    public init(record: secd_socket, path: [UInt8] = [], remoteName: [UInt8] = []) {
        self.record = record
        self.path = path
        self.remoteName = remoteName
        user = []
        creator = []
        acceptor = []
        previous = []
    }

    /// A socket that the iterator found.
    public init(seed: secd_socket_seed) {
        let length = min(Int(seed.socket.path_length), Int(SECD_UNIX_PATH_MAX))
        self.init(
            record: seed.socket,
            path: unsafe withUnsafeBytes(of: seed.path) { unsafe Array($0.prefix(length)) })
    }

    /// The kind of event for a socket record, or nil for one that only feeds the socket table.
    public static func kind(of record: secd_socket) -> EventKind? {
        switch Int32(record.event) {
        case SECD_SOCKET_CREATED: .socketCreate
        case SECD_SOCKET_BOUND: .socketBind
        case SECD_SOCKET_LISTENING: .socketListen
        case SECD_SOCKET_CONNECTING, SECD_SOCKET_CONNECTED, SECD_SOCKET_FAILED: .socketConnect
        case SECD_SOCKET_ACCEPTED: .socketAccept
        case SECD_SOCKET_CLOSED: .socketClose
        case SECD_SOCKET_HANDED_OVER: .socketHandover
        case SECD_SOCKET_DATAGRAM: .socketDatagram
        default: nil
        }
    }
}

/// Fields of a socket.
public enum SocketFields {
    public static let cookie = Field(
        "cookie", 1, .uint64, "The kernel's socket cookie: unique while the machine runs.")
    public static let family = Field("family", 2, .string, "AF_INET, AF_INET6, AF_UNIX, …")
    public static let type = Field("type", 3, .string, "SOCK_STREAM, SOCK_DGRAM, …")
    public static let protocolName = Field("protocol", 4, .string, "IPPROTO_TCP, IPPROTO_UDP, or a number.")
    public static let local = Field("local", 5, .message, "This end.")
    public static let remote = Field("remote", 6, .message, "The other end.")
    public static let address = Field("address", 1, .string, "IP address.")
    public static let port = Field("port", 2, .uint32, "Port.")
    public static let name = Field(
        "name", 3, .string, "Name whose DNS answer gave this address to the process.")
    public static let path = Field("path", 7, .string, "Unix socket name; an abstract one begins with @.")
    public static let state = Field("state", 8, .string, "TCP state after the event.")
    public static let user = Field("user", 9, .string, "exec_id of who uses the socket now.")
    public static let creator = Field(
        "creator", 10, .string, "exec_id of who created it (of an accepted one: its listener's creator).")
    public static let acceptor = Field("acceptor", 11, .string, "exec_id of who accepted it.")
    public static let previous = Field("previous", 12, .string, "exec_id of the user before a hand-over.")
    public static let ownerUnknown = Field(
        "owner_unknown", 13, .string,
        "Why the user is not known: before_start, not_yet_used, no_process, storage_full.")
    public static let result = Field("result", 14, .string, "Of a connect: attempt, established, failed.")
    public static let error = Field(
        "error", 15, .string, "errno of a failed connect, or the socket's error at close.")
    public static let direction = Field(
        "direction", 16, .string, "sent or received (datagrams); incoming or outgoing (close).")
    public static let bytesSent = Field(
        "bytes_sent", 17, .uint64, "Bytes sent; what TCP sent again counts once.")
    public static let bytesReceived = Field("bytes_received", 18, .uint64, "Bytes received.")
    public static let packetsSent = Field("packets_sent", 19, .uint64, "Segments or datagrams sent.")
    public static let packetsReceived = Field(
        "packets_received", 20, .uint64, "Segments or datagrams received.")
    public static let retransmits = Field("retransmits", 21, .uint32, "TCP segments sent again.")
    public static let rtt = Field("rtt_us", 22, .uint32, "Smoothed round-trip time, microseconds.")
    public static let duration = Field("duration_ns", 23, .uint64, "From creation or accept to close.")
    public static let latency = Field(
        "latency_ns", 24, .uint64, "From the attempt to establishment or failure.")
    public static let backlog = Field("backlog", 25, .uint32, "Of a listener.")
    public static let netns = Field("net_ns", 26, .uint32, "Inode number of the network namespace.")
    public static let totalsPartial = Field(
        "totals_partial", 27, .bool, "The totals do not cover the socket's whole life.")
    public static let inode = Field(
        "inode", 29, .uint64, "Inode number of the socket: N of socket:[N] in /proc/PID/fd.")
    public static let uid = Field("uid", 28, .uint32Value, "User id of the acting thread.")
    public static let peers = Field("peers", 30, .uint32, "UDP: peers that were told, each way counted.")
    public static let peersUntold = Field(
        "peers_untold", 31, .uint32,
        "UDP: datagrams of further peers, beyond 4096 of one socket; they are not told one by one.")
    public static let handoversCut = Field(
        "handovers_cut", 32, .bool,
        "More than 64 processes took turns with the socket; further ones are not told.")
    public static let noticedLate = Field(
        "noticed_late", 33, .bool, "No hook showed the close: an audit found it, up to a second after.")
}
