/// A value at a hook, or why there is none.
public enum Observed<Value: Sendable & Hashable>: Sendable, Hashable {
    case present(Value)
    /// The first bytes of a text that has more; as many as its column captures.
    case truncated(Value)
    /// Known not to be there: a null pointer, an address of a socket that has none.
    case absent
    /// Could not be read.
    case unreadable

    /// The same state of another value.
    public func map<Other>(_ transform: (Value) -> Other) -> Observed<Other> {
        switch self {
        case .present(let value): .present(transform(value))
        case .truncated(let value): .truncated(transform(value))
        case .absent: .absent
        case .unreadable: .unreadable
        }
    }
}

/// A value that conditions compare.
public enum FieldValue: Sendable, Hashable {
    /// Extended to 64 bits by its own sign.
    case number(UInt64)
    case text([UInt8])
    /// 4 or 16 bytes.
    case address([UInt8])
}
