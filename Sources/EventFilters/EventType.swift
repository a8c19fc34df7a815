public import EventModel

/// What sort of event something is: one of secd's kinds, one that only Tetragon makes (its logs are read
/// as well), or one that is known to neither.
public struct EventType: Sendable, Equatable {
    /// The JSON key (`process_exec`).
    public let name: String
    /// The number in `tetragon.EventType`; 0 = none that is known here.
    public let number: Int32

    init(name: String, number: Int32) {
        self.name = name
        self.number = number
    }

    /// The type of a kind.
    public init(_ kind: EventKind) {
        self = Self.ofKind[kind] ?? EventType(name: kind.name.description, number: kind.rawValue)
    }

    /// The type with a JSON key; number 0 where nobody knows it.
    public init(key: String) {
        self = Self.byName[key] ?? EventType(name: key, number: 0)
    }

    /// Whether filters can ask for it.
    public var isKnown: Bool { number != 0 }

    /// Tetragon's types that secd does not make, with their numbers in its API.
    public static let foreign = [
        EventType(name: "test", number: 40_000), EventType(name: "rate_limit_info", number: 40_001),
    ]

    /// All types that have a number.
    public static let known = EventKind.allCases.map { ofKind[$0] ?? EventType($0) } + foreign

    // Made once: filters ask for every event.
    private static let ofKind = Dictionary(
        uniqueKeysWithValues: EventKind.allCases.map {
            ($0, EventType(name: $0.name.description, number: $0.rawValue))
        })
    private static let byName = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0) })
}
