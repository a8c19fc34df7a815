/// What became of containers of which runtimes told before they began, since the start.
public struct AdmissionCounts: Sendable, Equatable {
    /// Policies held for them before their first instruction.
    public var held: UInt64 = 0
    /// They started, and policies may not have held at first.
    public var unheld: UInt64 = 0
    /// They were not to start, because policies could not hold.
    public var refused: UInt64 = 0

    public init() {}
}
