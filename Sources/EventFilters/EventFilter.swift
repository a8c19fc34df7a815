/// A filter, ready to be asked about events: all of its conditions must hold, and a condition holds
/// when one of its values does. The semantics are Tetragon's.
public struct EventFilter: Sendable {
    private let conditions: [FilterCondition]

    /// - Throws: `FilterError` for the first field that cannot be compiled.
    public init(_ spec: FilterSpec) throws(FilterError) {
        conditions = try FilterCondition.list(of: spec)
    }

    /// Whether the event matches. A filter without conditions matches every event.
    public func matches(_ subject: some FilterSubject) -> Bool {
        for condition in conditions where !condition.holds(for: subject) { return false }
        return true
    }
}

/// Which events pass: those that match a filter of the allow list (or any, where it is empty) and
/// none of the deny list.
public struct FilterSet: Sendable {
    /// Every filter costs every event.
    static let mostFilters = 1_000

    private let allow: [EventFilter]
    private let deny: [EventFilter]

    /// - Throws: `FilterError` for the first filter that cannot be compiled.
    public init(allow: [FilterSpec] = [], deny: [FilterSpec] = []) throws(FilterError) {
        self.allow = try Self.compiled(allow, "allow_list")
        self.deny = try Self.compiled(deny, "deny_list")
    }

    /// True where every event passes.
    public var isEmpty: Bool { allow.isEmpty && deny.isEmpty }

    /// Whether the event goes to the client. Deny filters are asked first.
    public func passes(_ subject: some FilterSubject) -> Bool {
        for filter in deny where filter.matches(subject) { return false }
        if allow.isEmpty { return true }
        for filter in allow where filter.matches(subject) { return true }
        return false
    }

    private static func compiled(_ specs: [FilterSpec], _ name: String) throws(FilterError) -> [EventFilter] {
        guard specs.count <= mostFilters else {
            throw FilterError(field: name, text: "", reason: "more than \(mostFilters) filters")
        }
        var filters: [EventFilter] = []
        for spec in specs { filters.append(try EventFilter(spec)) }
        return filters
    }
}
