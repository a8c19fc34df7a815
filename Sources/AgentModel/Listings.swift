/// One process of `secctl ps` and `secctl tree`.
public struct ProcessListing: Codable, Sendable {
    public var execID: String
    public var parentExecID: String
    public var pid: UInt32
    public var uid: UInt32
    public var binary: String
    public var arguments: String
    public var cwd: String
    /// RFC 3339.
    public var startTime: String
    public var cgroup: String
    public var pod: String
    public var container: String
    /// False for an ancestor that has exited and is kept for its descendants.
    public var alive: Bool

    public init(
        execID: String, parentExecID: String, pid: UInt32, uid: UInt32, binary: String, arguments: String,
        cwd: String,
        startTime: String, cgroup: String, pod: String, container: String, alive: Bool
    ) {
        self.execID = execID
        self.parentExecID = parentExecID
        self.pid = pid
        self.uid = uid
        self.binary = binary
        self.arguments = arguments
        self.cwd = cwd
        self.startTime = startTime
        self.cgroup = cgroup
        self.pod = pod
        self.container = container
        self.alive = alive
    }
}

/// One open socket of `secctl sockets`.
public struct SocketListing: Codable, Sendable {
    public var cookie: UInt64
    /// exec ids; empty = unknown, and `ownerUnknown` says why.
    public var user: String
    public var creator: String
    public var acceptor: String
    public var ownerUnknown: String
    public var pid: UInt32
    public var binary: String
    /// `tcp`, `tcp6`, `udp`, `udp6`, `unix`, `raw`, `packet`, `netlink`, `vsock`.
    public var kind: String
    /// `listen`, `established`, … or empty.
    public var state: String
    /// `address:port` or a Unix path (`@` first for abstract names).
    public var local: String
    public var remote: String
    /// A name under which the process found the remote address, or empty.
    public var remoteName: String
    public var bytesSent: UInt64
    public var bytesReceived: UInt64
    public var openedTime: String

    public init(
        cookie: UInt64, user: String, creator: String, acceptor: String, ownerUnknown: String, pid: UInt32,
        binary: String, kind: String, state: String, local: String, remote: String, remoteName: String,
        bytesSent: UInt64, bytesReceived: UInt64, openedTime: String
    ) {
        self.cookie = cookie
        self.user = user
        self.creator = creator
        self.acceptor = acceptor
        self.ownerUnknown = ownerUnknown
        self.pid = pid
        self.binary = binary
        self.kind = kind
        self.state = state
        self.local = local
        self.remote = remote
        self.remoteName = remoteName
        self.bytesSent = bytesSent
        self.bytesReceived = bytesReceived
        self.openedTime = openedTime
    }
}

/// One row of `secctl doctor`.
public struct MechanismListing: Codable, Sendable {
    /// `BPF LSM`, `kprobes`, `fentry`, `tcx`, …
    public var mechanism: String
    public var available: Bool
    /// Why it is not, in words ("program load refused: EPERM; lockdown").
    public var reason: String
    public var usedBy: String
    /// What is lost without it, and what stands in.
    public var without: String

    public init(mechanism: String, available: Bool, reason: String, usedBy: String, without: String) {
        self.mechanism = mechanism
        self.available = available
        self.reason = reason
        self.usedBy = usedBy
        self.without = without
    }
}
