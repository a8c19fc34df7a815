/// Every kind of event: its JSON key and its number in `GetEventsResponse` and `EventType`.
///
/// Numbers below 50,000 are Tetragon's and mean the same; ours start there.
public enum EventKind: Int32, Sendable, CaseIterable {
    case processExec = 1
    case processExit = 5
    case processKprobe = 9
    case processTracepoint = 10
    case processLoader = 11
    case processUprobe = 12
    case processThrottle = 27
    case processLsm = 28
    case processUsdt = 29
    case processFork = 50_001
    case processCredentials = 50_002

    case socketCreate = 50_010
    case socketBind = 50_011
    case socketListen = 50_012
    case socketConnect = 50_013
    case socketAccept = 50_014
    case socketClose = 50_015
    case socketHandover = 50_016
    case socketDatagram = 50_017

    case fileOpen = 50_030
    case fileCreate = 50_031
    case fileDelete = 50_032
    case fileRename = 50_033
    case fileLink = 50_034
    case fileChmod = 50_035
    case fileChown = 50_036
    case fileMap = 50_037

    /// First event of a run of the daemon.
    case streamStart = 50_050
    /// Events that were lost, and why.
    case streamGap = 50_051
    /// Last event of a run that ended in order.
    case streamStop = 50_052

    /// The name of a container of which events left without one.
    case workloadNamed = 50_055

    /// The JSON key: the protobuf field's name.
    public var name: StaticString {
        switch self {
        case .processExec: "process_exec"
        case .processExit: "process_exit"
        case .processKprobe: "process_kprobe"
        case .processTracepoint: "process_tracepoint"
        case .processLoader: "process_loader"
        case .processUprobe: "process_uprobe"
        case .processThrottle: "process_throttle"
        case .processLsm: "process_lsm"
        case .processUsdt: "process_usdt"
        case .processFork: "process_fork"
        case .processCredentials: "process_credentials"
        case .socketCreate: "socket_create"
        case .socketBind: "socket_bind"
        case .socketListen: "socket_listen"
        case .socketConnect: "socket_connect"
        case .socketAccept: "socket_accept"
        case .socketClose: "socket_close"
        case .socketHandover: "socket_handover"
        case .socketDatagram: "socket_datagram"
        case .fileOpen: "file_open"
        case .fileCreate: "file_create"
        case .fileDelete: "file_delete"
        case .fileRename: "file_rename"
        case .fileLink: "file_link"
        case .fileChmod: "file_chmod"
        case .fileChown: "file_chown"
        case .fileMap: "file_map"
        case .streamStart: "stream_start"
        case .streamGap: "stream_gap"
        case .streamStop: "stream_stop"
        case .workloadNamed: "workload_named"
        }
    }

    /// Kinds that policies make.
    public static let ofPolicies: [EventKind] = [
        .processKprobe, .processTracepoint, .processLoader, .processUprobe, .processThrottle, .processLsm,
        .processUsdt,
    ]

    /// The kind with a JSON key, or nil. Capitals are accepted: Tetragon's flags use both.
    public init?(name: String) {
        let wanted = name.lowercased()
        guard let kind = Self.allCases.first(where: { $0.name.description == wanted }) else { return nil }
        self = kind
    }
}
