/// Numbers of hooks. A hook keeps its number as long as it is wanted, and for two generations more: until
/// then a program that began before may still look for its tables.
package struct HookNumbers<Identity: Hashable> {
    private struct Entry {
        var number: UInt32
        /// The first generation without it; nil = it is wanted.
        var retired: UInt32?
    }

    /// Generations that a number rests before another hook gets it.
    private static var rest: UInt32 { 2 }

    private let limit: UInt32
    private var entries: [Identity: Entry] = [:]

    /// - Parameter limit: numbers are below it; 0 is none.
    package init(limit: UInt32) {
        self.limit = limit
    }

    /// The number of a hook of a generation that is being built; nil = there are too many.
    package mutating func number(of identity: Identity, in generation: UInt32) -> UInt32? {
        if let known = entries[identity] {
            entries[identity]?.retired = nil
            return known.number
        }
        let fresh = UInt32(entries.count + 1)
        if fresh < limit {
            entries[identity] = Entry(number: fresh)
            return fresh
        }
        let rested = entries.compactMap { identity, entry in
            entry.retired.map { (identity: identity, number: entry.number, since: $0) }
        }
        guard let oldest = rested.min(by: { ($0.since, $0.number) < ($1.since, $1.number) }),
            oldest.since &+ Self.rest <= generation
        else { return nil }
        entries[oldest.identity] = nil
        entries[identity] = Entry(number: oldest.number)
        return oldest.number
    }

    /// This generation runs, with these numbers and no others.
    package mutating func keep(_ numbers: Set<UInt32>, in generation: UInt32) {
        for (identity, entry) in entries {
            if numbers.contains(entry.number) {
                entries[identity]?.retired = nil
            } else if entry.retired == nil {
                entries[identity]?.retired = generation
            }
        }
    }
}
