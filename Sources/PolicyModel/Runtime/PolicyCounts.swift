/// What a policy did since it began to run.
public struct PolicyCounts: Sendable, Hashable {
    /// `RunnablePolicy.id`.
    public var id: UInt64
    /// Selectors that did anything.
    public var selectors: [SelectorCounts]

    public init(id: UInt64, selectors: [SelectorCounts]) {
        self.id = id
        self.selectors = selectors
    }
}

/// What one selector did, at all attach points of its entry together.
public struct SelectorCounts: Sendable, Hashable {
    /// Position in `CheckedPolicy.hooks`.
    public var hook: Int
    /// Position in `CheckedHook.selectors`.
    public var selector: Int
    /// What it did.
    public var actions: ActionCounts

    public init(hook: Int, selector: Int, actions: ActionCounts) {
        self.hook = hook
        self.selector = selector
        self.actions = actions
    }
}

/// Actions by what they are; in mode `monitor` those that would have enforced.
public struct ActionCounts: Sendable, Hashable {
    /// Events sent.
    public var posts: UInt64
    /// Events that a rate limit held back.
    public var heldBack: UInt64
    /// Matches that send no event (`NoPost`).
    public var noPosts: UInt64
    /// Signals of any action: `Sigkill`, `Signal`, `Freeze`, `KillTree`, `KillContainer`.
    public var signals: UInt64
    /// Calls refused.
    public var overrides: UInt64
    /// `NotifyEnforcer`.
    public var notifications: UInt64
    /// Values written.
    public var sets: UInt64
    /// Signals that were not sent because the policy only monitors.
    public var monitoredSignals: UInt64
    /// Likewise, calls that were not refused.
    public var monitoredOverrides: UInt64
    /// Likewise, notifications.
    public var monitoredNotifications: UInt64
    /// Likewise, values.
    public var monitoredSets: UInt64

    public init(
        posts: UInt64 = 0, heldBack: UInt64 = 0, noPosts: UInt64 = 0, signals: UInt64 = 0,
        overrides: UInt64 = 0, notifications: UInt64 = 0, sets: UInt64 = 0, monitoredSignals: UInt64 = 0,
        monitoredOverrides: UInt64 = 0, monitoredNotifications: UInt64 = 0, monitoredSets: UInt64 = 0
    ) {
        self.posts = posts
        self.heldBack = heldBack
        self.noPosts = noPosts
        self.signals = signals
        self.overrides = overrides
        self.notifications = notifications
        self.sets = sets
        self.monitoredSignals = monitoredSignals
        self.monitoredOverrides = monitoredOverrides
        self.monitoredNotifications = monitoredNotifications
        self.monitoredSets = monitoredSets
    }
}
