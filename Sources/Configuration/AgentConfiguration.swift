public import YAMLReader

/// Everything that an operator can choose, validated: what `secd` runs with.
///
/// The table in `SettingTable` says how each value is written; the defaults stand here, and a test
/// compares the two.
public struct AgentConfiguration: Sendable, Equatable {
    /// Unix socket of the API.
    public internal(set) var control = Control()
    /// The API over the network; off by default.
    public internal(set) var tcp = TCP()
    /// Sinks and their queues.
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
    /// In every event; empty = the field is left out.
    public internal(set) var clusterName = ""
    /// Of the daemon's own log on stderr, not of events.
    public internal(set) var logLevel = LogLevel.info
    /// What part of the machine is watched.
    public internal(set) var scope = Scope()
    /// Which events are made, and what they show.
    public internal(set) var events = Events()
    /// Where names of containers come from.
    public internal(set) var workloads = Workloads()
    /// Numbers of sets of labels.
    public internal(set) var identity = Identity()
    /// Policies may make the daemon ask over the network.
    public internal(set) var policyOutreach = false
    /// Room between kernel and daemon.
    public internal(set) var rings = Rings()
    /// Bytes that the process tree may use; beyond it cached encodings go, then ended ancestors.
    public internal(set) var processMemory: UInt64 = 16 << 20
    /// Where each value came from, by the setting's name.
    public internal(set) var origins: [String: SettingOrigin] = [:]
    /// Where each item of a list of the file stands, by the setting's name.
    var itemRanges: [String: [YAMLNode.Range]] = [:]
    /// What is suspicious but not wrong (a variable that looks like a misspelt one of ours).
    public internal(set) var warnings: [Diagnostic] = []

    /// Settings of a file without a path, until one comes.
    var pendingFile = Export.File()

    public init() {}

    /// The control socket.
    public struct Control: Sendable, Equatable {
        /// Absolute path; its directory is made where it is missing.
        public internal(set) var socket = "/run/secd/secd.sock"
        /// Group that may connect (mode 0660); where it does not exist, root alone may.
        public internal(set) var group = "secd"
    }

    /// The API over TCP with mutual TLS. All set, or none.
    public struct TCP: Sendable, Equatable {
        /// Where to listen; nil = TCP is off.
        public internal(set) var address: NetworkAddress?
        /// PEM files: the server's chain and key, and the authorities that clients' certificates come from.
        public internal(set) var certificate = ""
        /// PEM file of the key to `certificate`.
        public internal(set) var key = ""
        /// PEM file of the authorities that sign clients' certificates.
        public internal(set) var clientAuthorities = ""
        /// Subjects or common names of clients' certificates that may change policies.
        public internal(set) var administrators: [String] = []
    }

    /// Where events go.
    public struct Export: Sendable, Equatable {
        /// The JSON lines file; nil = none.
        public internal(set) var file: File? = File()
        /// Whether events go to the journal as well.
        public internal(set) var journald = false
        /// Bytes that may wait for each sink before events for it are lost (and counted).
        public internal(set) var queueBytes: UInt64 = 16 << 20

        /// The JSON lines file and its rotation.
        public struct File: Sendable, Equatable {
            /// Absolute; the directory is made where it is missing.
            public internal(set) var path = "/var/log/secd/events.json"
            /// Bytes at which a file is rotated; 0 = never.
            public internal(set) var maxBytes: UInt64 = 100 << 20
            /// Seconds after which a file is rotated; 0 = never.
            public internal(set) var maxSeconds: UInt64 = 0
            /// Rotated files that are kept; 0 = all.
            public internal(set) var maxBackups = 5
            /// Whether rotated files are gzipped.
            public internal(set) var compress = true
            /// Mode bits of the file and its backups; none for others.
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

    /// Kinds of events that can be switched, and optional fields.
    public struct Events: Sendable, Equatable {
        /// `process_fork` events; every process is known without them.
        public internal(set) var fork = false
        /// The environment of every exec, redacted.
        public internal(set) var environment = false
        /// SHA-256 of every executable.
        public internal(set) var sha256 = false
        /// Regular expressions; what their groups match in arguments and environment becomes `*****`.
        public internal(set) var redact: [String] = []
        /// Events of sockets; off = the sensor is not loaded.
        public internal(set) var sockets = true
        /// Unix sockets among them.
        public internal(set) var unixSockets = true
        /// Watched paths; empty = the file sensor is not loaded.
        public internal(set) var files: [WatchedPath] = []
    }

    /// Sources of names, and how long events wait for them.
    public struct Workloads: Sendable, Equatable {
        /// Milliseconds that an event waits for the name of its container at most.
        public internal(set) var enrichWait: UInt64 = 200
        /// Directories in which runc or crun keep their state, beside the usual ones.
        public internal(set) var runtimeDirectories: [String] = []
        /// Docker's API; empty = it is not asked.
        public internal(set) var dockerSocket = "/run/docker.sock"
        /// Podman's; empty = it is not asked.
        public internal(set) var podmanSocket = "/run/podman/podman.sock"
        /// containerd's, with the interface of the kubelet; empty = it is not asked.
        public internal(set) var containerdSocket = "/run/containerd/containerd.sock"
        /// CRI-O's; empty = it is not asked.
        public internal(set) var crioSocket = "/run/crio/crio.sock"
        /// NRI's, of containerd or CRI-O; empty = secd is no plugin.
        public internal(set) var nriSocket = "/run/nri/nri.sock"
        /// The API of the cluster: off, in-cluster, or the path of a kubeconfig.
        public internal(set) var kubernetes = "off"
        /// The kubelet of this node, asked while that API says nothing.
        public internal(set) var kubelet = Kubelet()
        /// Namespaces (`NamespaceList`) whose containers hooks of the runtime and NRI refuse where they cannot be registered.
        public internal(set) var hookFailClosed: [String] = []

        /// How the kubelet is reached.
        public struct Kubelet: Sendable, Equatable {
            /// A URL; `auto` = the usual one where `kubernetes` is not off; `off` = it is not asked.
            public internal(set) var server = "auto"
            /// PEM file: who may have signed its certificate; empty = the cluster's authority.
            public internal(set) var authority = ""
            /// The name in its certificate; empty = that of the node.
            public internal(set) var serverName = ""
            /// File of a bearer token; empty = `certificate`, or what the API is asked with.
            public internal(set) var token = ""
            /// PEM file: our chain; empty = `token`, or what the API is asked with.
            public internal(set) var certificate = ""
            /// PEM file: the key to `certificate`.
            public internal(set) var key = ""
            /// Whether its certificate is not checked.
            public internal(set) var insecure = false
        }
    }

    /// What makes identities.
    public struct Identity: Sendable, Equatable {
        /// Which labels count, beside the standard patterns.
        public internal(set) var labels: [String] = []
        /// Seconds for which a number that nobody uses stays bound.
        public internal(set) var grace: UInt64 = 600
        /// Of this cluster among connected ones; 0 = there are no others.
        public internal(set) var clusterID = 0
        /// Where they are kept for many nodes; without endpoints in a file of the state directory.
        public internal(set) var etcd = Etcd()

        /// How etcd is reached.
        public struct Etcd: Sendable, Equatable {
            /// `http://HOST:PORT` or `https://HOST:PORT`.
            public internal(set) var endpoints: [String] = []
            /// Before all keys.
            public internal(set) var prefix = "cilium/state/identities/v1"
            /// Seconds after which the claims of a node that is gone end.
            public internal(set) var lease: UInt64 = 900
            /// PEM file: authorities of the servers; empty = those of the system.
            public internal(set) var authorities = ""
            /// PEM file: this client's chain; empty = none.
            public internal(set) var certificate = ""
            /// PEM file: the key to `certificate`.
            public internal(set) var key = ""
        }
    }

    /// A path whose changes become events.
    public struct WatchedPath: Sendable, Equatable {
        /// What can happen to a file, named as in the setting.
        public enum Operation: String, Sendable, CaseIterable {
            case open, create, delete, rename, link, chmod, chown, map
        }

        /// A file, or a directory with everything below it.
        public internal(set) var path: String
        /// Those that are told; the setting's default is all.
        public internal(set) var operations: Set<Operation>
    }

    /// Sizes of the rings between kernel and daemon, bytes: powers of two.
    public struct Rings: Sendable, Equatable {
        /// fork, exec, exit, credential changes.
        public internal(set) var lifecycle: UInt64 = 8 << 20
        /// Decisions of policies; nothing is written to it yet.
        public internal(set) var verdict: UInt64 = 1 << 20
        /// Sockets, files, long arguments, DNS answers.
        public internal(set) var observation: UInt64 = 16 << 20
    }

    /// Least severe message that is written, from the most talkative.
    public enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }
}

/// A host (a name, or an address without brackets) and a port.
public struct NetworkAddress: Sendable, Equatable, CustomStringConvertible {
    /// A name, or an address without brackets.
    public let host: String
    /// Never 0 in a setting.
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
