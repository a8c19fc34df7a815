/// A selector of a policy at a hook, as events name it. One object for each of a generation.
public final class PolicyRule: Sendable {
    /// Whether the policy's actions act.
    public enum Mode: Sendable, CaseIterable {
        case enforce
        /// Actions are only reported.
        case monitor
        /// The policy is tried out beside the active ones; nothing of it acts.
        case shadow

        /// As events say it.
        public var name: StaticString {
            switch self {
            case .enforce: "enforce"
            case .monitor: "monitor"
            case .shadow: "shadow"
            }
        }
    }

    /// `metadata.name`.
    public let policy: String
    /// Of a namespaced policy; empty = the whole node.
    public let namespace: String
    /// Position of the selector in its hook, from 0.
    public let selector: UInt32
    /// Name that the policy gives to the selector; empty = none.
    public let label: String
    /// Whether its actions act.
    public let mode: Mode
    /// The strongest of its actions.
    public let action: PolicyAction
    /// Text that the policy gives to the hook; empty = none.
    public let message: String
    /// Tags that the policy gives to the hook.
    public let tags: [String]
    /// It has conditions on namespaces or capabilities: its events show them.
    public let asksRights: Bool

    public init(
        policy: String, namespace: String = "", selector: UInt32 = 0, label: String = "",
        mode: Mode = .enforce, action: PolicyAction = .post, message: String = "", tags: [String] = [],
        asksRights: Bool = false
    ) {
        self.policy = policy
        self.namespace = namespace
        self.selector = selector
        self.label = label
        self.mode = mode
        self.action = action
        self.message = message
        self.tags = tags
        self.asksRights = asksRights
    }
}

/// A rule that matched a call.
public struct PolicyMatch: Sendable {
    /// Shared with other events.
    public var rule: PolicyRule
    /// Conditions that could not be decided, as the policy has them: `matchArgs[0]`.
    public var unknown: [String]

    public init(_ rule: PolicyRule, unknown: [String] = []) {
        self.rule = rule
        self.unknown = unknown
    }
}

/// What a rule does.
public enum PolicyAction: Sendable, CaseIterable {
    case post, noPost, kill, signal, override, notifyEnforcer, cleanupEnforcer, trackSocket, untrackSocket
    case set, getURL, dnsLookup
    /// Ours: stop the process, kill its descendants too, kill its container, count in the kernel.
    case freeze, killTree, killContainer, count

    /// The word in policies.
    public var name: StaticString {
        switch self {
        case .post: "Post"
        case .noPost: "NoPost"
        case .kill: "Sigkill"
        case .signal: "Signal"
        case .override: "Override"
        case .notifyEnforcer: "NotifyEnforcer"
        case .cleanupEnforcer: "CleanupEnforcerNotification"
        case .trackSocket: "TrackSock"
        case .untrackSocket: "UntrackSock"
        case .set: "Set"
        case .getURL: "GetUrl"
        case .dnsLookup: "DnsLookup"
        case .freeze: "Freeze"
        case .killTree: "KillTree"
        case .killContainer: "KillContainer"
        case .count: "Count"
        }
    }

    /// The case of `tetragon.KprobeAction`. Its readers refuse names that they do not know, so our own
    /// actions are shown as the one that comes nearest; `policies` has their own names.
    var tetragon: EnumCase {
        switch self {
        case .post, .count: EnumCase("KPROBE_ACTION_POST", 1)
        case .kill, .killTree, .killContainer: EnumCase("KPROBE_ACTION_SIGKILL", 3)
        case .override: EnumCase("KPROBE_ACTION_OVERRIDE", 5)
        case .getURL: EnumCase("KPROBE_ACTION_GETURL", 7)
        case .dnsLookup: EnumCase("KPROBE_ACTION_DNSLOOKUP", 8)
        case .noPost: EnumCase("KPROBE_ACTION_NOPOST", 9)
        case .signal, .freeze: EnumCase("KPROBE_ACTION_SIGNAL", 10)
        case .trackSocket: EnumCase("KPROBE_ACTION_TRACKSOCK", 11)
        case .untrackSocket: EnumCase("KPROBE_ACTION_UNTRACKSOCK", 12)
        case .notifyEnforcer: EnumCase("KPROBE_ACTION_NOTIFYENFORCER", 13)
        case .cleanupEnforcer: EnumCase("KPROBE_ACTION_CLEANUPENFORCERNOTIFICATION", 14)
        case .set: EnumCase("KPROBE_ACTION_SET", 15)
        }
    }
}

/// What became of a call.
public enum PolicyVerdict: Sendable, CaseIterable {
    /// Nothing was done to it.
    case none
    /// It got an error instead.
    case denied
    /// Its process was killed.
    case killed
    /// Its process got another signal.
    case signalled
    /// The program got another value, or went on elsewhere.
    case changed

    /// As events say it.
    public var name: StaticString {
        switch self {
        case .none: "none"
        case .denied: "denied"
        case .killed: "killed"
        case .signalled: "signalled"
        case .changed: "changed"
        }
    }
}
