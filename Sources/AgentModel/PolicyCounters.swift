/// How often actions of a policy acted; names as in Tetragon's `TracingPolicyActionCounters`, and ours.
public struct PolicyCounters: Codable, Sendable, Equatable {
    /// Events sent.
    public var post: UInt64 = 0
    /// Events that a rate limit held back; ours.
    public var heldBack: UInt64 = 0
    /// Matches that send no event.
    public var noPost: UInt64 = 0
    /// Signals sent.
    public var signal: UInt64 = 0
    /// Calls refused.
    public var override: UInt64 = 0
    /// Enforcers notified.
    public var notifyEnforcer: UInt64 = 0
    /// Values written.
    public var set: UInt64 = 0
    /// What mode `monitor` kept from happening, by action.
    public var monitorSignal: UInt64 = 0
    /// Likewise, refusals.
    public var monitorOverride: UInt64 = 0
    /// Likewise, notifications.
    public var monitorNotifyEnforcer: UInt64 = 0
    /// Likewise, values.
    public var monitorSet: UInt64 = 0

    public init() {}

    /// Actions that changed something.
    public var enforced: UInt64 { signal &+ override &+ notifyEnforcer &+ set }

    /// Actions that would have.
    public var monitored: UInt64 {
        monitorSignal &+ monitorOverride &+ monitorNotifyEnforcer &+ monitorSet
    }

    /// Adds up.
    public static func += (left: inout PolicyCounters, right: PolicyCounters) {
        left.post &+= right.post
        left.heldBack &+= right.heldBack
        left.noPost &+= right.noPost
        left.signal &+= right.signal
        left.override &+= right.override
        left.notifyEnforcer &+= right.notifyEnforcer
        left.set &+= right.set
        left.monitorSignal &+= right.monitorSignal
        left.monitorOverride &+= right.monitorOverride
        left.monitorNotifyEnforcer &+= right.monitorNotifyEnforcer
        left.monitorSet &+= right.monitorSet
    }
}
