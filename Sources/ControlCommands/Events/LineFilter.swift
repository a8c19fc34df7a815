import EventFilters
import EventModel

/// Judges lines that were read back by the filters of the command line.
struct LineFilter {
    private let filters: FilterSet
    /// Kinds that can pass; empty = any. Asked first, because it costs nothing.
    private let kinds: Set<Int32>

    /// - Throws: `FilterError` where a filter cannot be compiled.
    init(_ spec: FilterSpec?) throws(FilterError) {
        kinds = Set(spec?.eventSet ?? [])
        filters = try FilterSet(allow: spec.map { [$0] } ?? [])
    }

    var isEmpty: Bool { filters.isEmpty }

    /// Events of a kind that secd does not make match no filter.
    func passes(_ event: EventLine, _ line: Span<UInt8>) -> Bool {
        if filters.isEmpty { return true }
        guard let kind = event.kind, kinds.isEmpty || kinds.contains(kind.rawValue) else { return false }
        guard let event = try? JSONEvent(line.indices.map { line[$0] }) else { return false }
        return filters.passes(event)
    }
}
