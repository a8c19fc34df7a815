/// Outcome of a condition on a value that may not be known.
public enum Truth: Sendable, Hashable {
    case no, unknown, yes

    /// For what is known for certain.
    public init(_ known: Bool) { self = known ? .yes : .no }

    /// Unknown stays unknown.
    public var negated: Truth {
        switch self {
        case .no: .yes
        case .unknown: .unknown
        case .yes: .no
        }
    }

    /// Yes only where both are; no as soon as one is.
    public func and(_ other: Truth) -> Truth {
        if self == .no || other == .no { return .no }
        return self == .yes && other == .yes ? .yes : .unknown
    }

    /// Yes as soon as one is; no only where both are.
    public func or(_ other: Truth) -> Truth {
        negated.and(other.negated).negated
    }
}
