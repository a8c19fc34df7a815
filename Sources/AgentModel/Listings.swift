/// One process of `secctl ps` and `secctl tree`.
public struct ProcessListing: Codable, Sendable {
    /// As in events (`process.exec_id`).
    public var execID: String
    /// exec id of the image that forked the process; empty = unknown.
    public var parentExecID: String
    /// Of the process (tgid), in the initial pid namespace.
    public var pid: UInt32
    /// Effective user id in the initial user namespace.
    public var uid: UInt32
    /// Path of the running file, as the host sees it.
    public var binary: String
    /// Without `argv[0]`; quoted as in events, redacted by the same rules.
    public var arguments: String
    /// Working directory at the last exec; it is not followed afterwards.
    public var cwd: String
    /// RFC 3339.
    public var startTime: String
    /// Path below the root of the hierarchy.
    public var cgroup: String
    /// `namespace/name`; empty outside of pods.
    public var pod: String
    /// The runtime's id, cut to 31 characters as in events; empty outside of containers.
    public var container: String
    /// False for an ancestor that has exited and is kept for its descendants.
    public var alive: Bool
    /// The container, unit or session that it runs in; nil on the host.
    public var workload: WorkloadListing?

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
    /// The kernel's number of the socket, unique while the machine runs; 0 for families without one.
    public var cookie: UInt64
    /// exec ids; empty = unknown, and `ownerUnknown` says why.
    public var user: String
    /// exec id of the image that called `socket` or `socketpair`.
    public var creator: String
    /// exec id of the image that accepted the connection; empty for others.
    public var acceptor: String
    /// Why `user` is not known, in the words of `socket.owner_unknown`.
    public var ownerUnknown: String
    /// Of the process in `user`; 0 = unknown.
    public var pid: UInt32
    /// Of the process in `user`; empty = unknown.
    public var binary: String
    /// `tcp`, `tcp6`, `udp`, `udp6`, `unix`, `raw`, `packet`, `netlink`, `vsock`.
    public var kind: String
    /// `listen`, `established`, … or empty.
    public var state: String
    /// `address:port` or a Unix path (`@` first for abstract names).
    public var local: String
    /// The other end, written as `local`; empty where there is none.
    public var remote: String
    /// A name under which the process found the remote address, or empty.
    public var remoteName: String
    /// Payload as of the socket's last event: 0 until one has told totals.
    public var bytesSent: UInt64
    /// Likewise, the other way.
    public var bytesReceived: UInt64
    /// Creation or accept, RFC 3339; empty = not known.
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
    /// Whether this kernel lets the daemon use it.
    public var available: Bool
    /// Why it is not, in words ("program load refused: EPERM; lockdown").
    public var reason: String
    /// What the daemon sees by it, in words.
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
