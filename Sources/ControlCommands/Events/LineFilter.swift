import EventFilters

/// Judges lines that were read back by the filters of the command line.
struct LineFilter {
    private let filters: FilterSet
    /// Types that can pass, by number; empty = any. Asked first, because it costs nothing.
    private let types: Set<Int32>

    /// - Throws: `FilterError` where a filter cannot be compiled.
    init(_ spec: FilterSpec?) throws(FilterError) {
        types = Set(spec?.eventSet ?? [])
        filters = try FilterSet(allow: spec.map { [$0] } ?? [])
    }

    var isEmpty: Bool { filters.isEmpty }

    /// Events of Tetragon are judged like ours; a type that has no number matches no `--event-types`.
    func passes(_ event: EventLine, _ line: Span<UInt8>) -> Bool {
        if filters.isEmpty { return true }
        guard types.isEmpty || types.contains(event.type.number) else { return false }
        guard let event = try? JSONEvent(line.indices.map { line[$0] }) else { return false }
        return filters.passes(event)
    }
}
