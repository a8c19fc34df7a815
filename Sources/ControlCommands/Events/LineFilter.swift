import EventFilters
import EventModel

/// Judges lines that were read back by the filters of the command line.
struct LineFilter {
    let isEmpty: Bool

    init(_ spec: FilterSpec?) throws {
        isEmpty = spec == nil
    }

    func passes(_ event: EventLine) -> Bool {
        true
    }
}
