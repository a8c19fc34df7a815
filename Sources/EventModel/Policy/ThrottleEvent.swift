import TextEncoding

/// A policy's rate limit began to hold events back, or ended.
public struct ThrottleEvent: Sendable {
    /// Held back from here on; otherwise they are sent again.
    public var begins: Bool
    /// Path of the control group whose limit it is; empty = the limit is of threads, or of the whole node.
    public var cgroup: [UInt8]
    /// The policy with the limit.
    public var policy: String
    /// Its hook.
    public var hook: String
    /// How many were held back in between; 0 at the begin.
    public var heldBack: UInt64

    public init(begins: Bool, cgroup: [UInt8] = [], policy: String, hook: String, heldBack: UInt64 = 0) {
        self.begins = begins
        self.cgroup = cgroup
        self.policy = policy
        self.hook = hook
        self.heldBack = heldBack
    }
}

extension ThrottleEvent {
    private static let start = EnumCase("THROTTLE_START", 1)
    private static let stop = EnumCase("THROTTLE_STOP", 2)

    func describe<V: FieldVisitor & ~Copyable>(_ visitor: inout V) {
        typealias F = PolicyFields
        visitor.enumeration(F.throttle, begins ? Self.start : Self.stop)
        unsafe visitor.string(F.throttledCgroup, cgroup.span.bytes)
        visitor.string(F.throttledPolicy, policy)
        visitor.string(F.throttledHook, hook)
        visitor.uint64(F.throttledCount, heldBack)
    }
}
