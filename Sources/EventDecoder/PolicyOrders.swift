/// What actions leave to user space, beside what the kernel did.
public struct PolicyOrders: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The descendants of the process shall end, too.
    public static let killTree = PolicyOrders(rawValue: 1)
    /// Everything in its container shall end.
    public static let killContainer = PolicyOrders(rawValue: 2)
    /// The digest of the file shall stand in the event.
    public static let digest = PolicyOrders(rawValue: 4)
}
