public import YAMLReader

/// Everything that an operator can choose, validated: what `secd` runs with.
///
/// The table in `SettingTable` says how each value is written; the defaults stand here, and a test
/// compares the two.
public struct AgentConfiguration: Sendable, Equatable {
    public internal(set) var control = Control()
    public internal(set) var tcp = TCP()
    public internal(set) var export = Export()
    /// Policy files and directories of them.
    public internal(set) var policies: [String] = []
    /// Directory of Kubernetes manifests that stand in for an API server; empty = none.
    public internal(set) var manifests = ""
    /// Where `/metrics` and `/healthz` are served; nil = nowhere.
    public internal(set) var metrics: NetworkAddress?
    /// What must survive a restart; also the lock against a second daemon.
    public internal(set) var stateDirectory = "/var/lib/secd"
    /// Directory on a bpf file system for what must survive the process.
    public internal(set) var pinDirectory = "/sys/fs/bpf/secd"
    /// Part of every event and exec id; empty until `load` puts the host's name here.
    public internal(set) var nodeName = ""
    public internal(set) var clusterName = ""
    public internal(set) var logLevel = LogLevel.info
    public internal(set) var scope = Scope()
    public internal(set) var events = Events()
    public internal(set) var rings = Rings()
    /// Bytes that the process tree may use; beyond it cached encodings go, then ended ancestors.
    public internal(set) var processMemory: UInt64 = 16 << 20
    /// Where each value came from, by the setting's name.
    public internal(set) var origins: [String: SettingOrigin] = [:]
    /// What is suspicious but not wrong (a variable that looks like a misspelt one of ours).
    public internal(set) var warnings: [Diagnostic] = []

    /// Settings of a file without a path, until one comes.
    var pendingFile = Export.File()

    public init() {}

    /// The control socket.
    public struct Control: Sendable, Equatable {
        public internal(set) var socket = "/run/secd/secd.sock"
        /// Group that may connect (mode 0660); where it does not exist, root alone may.
        public internal(set) var group = "secd"
    }

    /// The API over TCP with mutual TLS. All set, or none.
    public struct TCP: Sendable, Equatable {
        public internal(set) var address: NetworkAddress?
        /// PEM files: the server's chain and key, and the authorities that clients' certificates come from.
        public internal(set) var certificate = ""
        public internal(set) var key = ""
        public internal(set) var clientAuthorities = ""
    }

    public struct Export: Sendable, Equatable {
        /// The JSON lines file; nil = none.
        public internal(set) var file: File? = File()
        public internal(set) var journald = false
        /// Bytes that may wait for each sink before events for it are lost (and counted).
        public internal(set) var queueBytes: UInt64 = 16 << 20

        public struct File: Sendable, Equatable {
            public internal(set) var path = "/var/log/secd/events.json"
            /// Bytes at which a file is rotated; 0 = never.
            public internal(set) var maxBytes: UInt64 = 100 << 20
            /// Seconds after which a file is rotated; 0 = never.
            public internal(set) var maxSeconds: UInt64 = 0
            /// Rotated files that are kept; 0 = all.
            public internal(set) var maxBackups = 5
            public internal(set) var compress = true
            public internal(set) var permissions: UInt32 = 0o600
        }
    }

    /// The part of the machine that this daemon watches.
    public struct Scope: Sendable, Equatable {
        /// A network namespace by path (`/run/netns/node1`); empty = every one.
        public internal(set) var networkNamespace = ""
        /// A cgroup directory; processes outside it are ignored; empty = the whole machine.
        public internal(set) var cgroupRoot = ""
    }

    public struct Events: Sendable, Equatable {
        /// `process_fork` events; every process is known without them.
        public internal(set) var fork = false
        /// The environment of every exec, redacted.
        public internal(set) var environment = false
        /// SHA-256 of every executable.
        public internal(set) var sha256 = false
        /// Regular expressions; what their groups match in arguments and environment becomes `*****`.
        public internal(set) var redact: [String] = []
        public internal(set) var sockets = true
        /// Unix sockets among them.
        public internal(set) var unixSockets = true
        public internal(set) var files: [WatchedPath] = []
    }

    /// A path whose changes become events.
    public struct WatchedPath: Sendable, Equatable {
        public enum Operation: String, Sendable, CaseIterable {
            case open, create, delete, rename, link, chmod, chown, map
        }

        /// A file, or a directory with everything below it.
        public internal(set) var path: String
        public internal(set) var operations: Set<Operation>
    }

    /// Sizes of the rings between kernel and daemon, bytes: powers of two.
    public struct Rings: Sendable, Equatable {
        public internal(set) var lifecycle: UInt64 = 8 << 20
        public internal(set) var verdict: UInt64 = 1 << 20
        public internal(set) var observation: UInt64 = 16 << 20
    }

    public enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
}

/// A host (a name, or an address without brackets) and a port.
public struct NetworkAddress: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
    case builtIn
    case file(String, SourcePosition)
    case environment(String)
    case flag(String)

    public var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let position): "\(path):\(position.line)"
        case .environment(let variable): variable
        case .flag(let flag): flag
        }
    }
}
