/// What a selector that matches does.
public enum ActionKind: String, Sendable, Hashable, CaseIterable {
    case post = "Post"
    case noPost = "NoPost"
    case kill = "Sigkill"
    case signal = "Signal"
    case override = "Override"
    case notifyEnforcer = "NotifyEnforcer"
    case cleanupEnforcer = "CleanupEnforcerNotification"
    case trackSocket = "TrackSock"
    case untrackSocket = "UntrackSock"
    case set = "Set"
    case getURL = "GetUrl"
    case dnsLookup = "DnsLookup"
    /// Stops the process and keeps it for forensics; ours.
    case freeze = "Freeze"
    /// Kills the process and all of its descendants; ours.
    case killTree = "KillTree"
    /// Kills every process of the container; ours.
    case killContainer = "KillContainer"
    /// Counts in the kernel, by key and interval, instead of one event each; ours.
    case count = "Count"

    /// Whether it changes what the process may do, or ends it.
    public var isEnforcing: Bool {
        switch self {
        case .kill, .signal, .override, .notifyEnforcer, .set, .freeze, .killTree, .killContainer: true
        default: false
        }
    }

    /// Whether it is about a socket that the hook reads: its parameter is `argSock`.
    public var isAboutSocket: Bool { self == .trackSocket || self == .untrackSocket }

    /// Whether it makes the daemon reach out to the network.
    public var reachesOut: Bool { self == .getURL || self == .dnsLookup }
}

/// Names of options and what they may be.
public enum PolicyOption: String, Sendable, CaseIterable {
    case disableKprobeMulti = "disable-kprobe-multi"
    case disableUprobeMulti = "disable-uprobe-multi"
    case overrideMethod = "override-method"
    case policyMode = "policy-mode"
    case sleepablePreloadSize = "sleepable-preload-size"
}

/// Whether enforcing actions act or are only counted.
public enum PolicyMode: String, Sendable, CaseIterable { case enforce, monitor }
