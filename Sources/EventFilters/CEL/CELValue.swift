/// A value of a filter expression (Common Expression Language), and of an event's field as
/// expressions see it.
public enum CELValue: Sendable, Equatable {
    /// A field that has its default and is therefore not written: it equals `""`, `0`, `false`,
    /// `[]` and `null`, as an unset protobuf field does.
    case unset
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case list([CELValue])
    /// A message or a map.
    case map([String: CELValue])
    case address(IPAddress)
    case network(IPNetwork)

    /// Follows names into messages; nil where one is missing.
    public func value(at path: some Sequence<String>) -> CELValue? {
        var value = self
        for name in path {
            guard case .map(let members) = value, let member = members[name] else { return nil }
            value = member
        }
        return value
    }
}

/// Why an expression gave no value. Payload-free, so that an event that lacks a field costs nothing.
enum CELFailure: Error {
    /// The event is of another kind, or a key or an index does not exist.
    case absent
    /// No operator or function takes such values.
    case mismatch
    /// Arithmetic left the range of its type, or divided by 0.
    case arithmetic
    /// More work than one event is worth.
    case tooExpensive
}
