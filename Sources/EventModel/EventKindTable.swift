/// One value for each kind of event, found without hashing: what every event looks up.
public struct EventKindTable<Value: Sendable>: Sendable {
    /// Kinds of ours follow Tetragon's, whose numbers stay below this.
    private static var own: Int { 64 }
    /// Kinds of ours start at this number.
    private static var ownNumber: Int { 50_000 }
    /// Our kinds stay below `ownNumber` + 64.
    private static var slots: Int { 128 }

    private var values: [Value]

    /// The same value for all kinds.
    public init(repeating value: Value) {
        values = Array(repeating: value, count: Self.slots)
    }

    /// The value of a kind.
    public subscript(kind: EventKind) -> Value {
        get { values[Self.slot(kind)] }
        set { values[Self.slot(kind)] = newValue }
    }

    private static func slot(_ kind: EventKind) -> Int {
        let number = Int(kind.rawValue)
        return number < own ? number : number - ownNumber + own
    }
}
