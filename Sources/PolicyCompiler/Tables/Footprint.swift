/// How large the tables of a generation are.
public struct Footprint: Sendable, Hashable {
    /// Attach points.
    public var hooks = 0
    /// Selectors at attach points.
    public var rules = 0
    /// Keys of lookups.
    public var entries = 0
    /// Distinct sets of rules.
    public var rows = 0
    /// Memory of one generation in the kernel: an estimate from the sizes that a prototype had.
    public var bytes = 0

    /// A key with its class in a hash of the kernel.
    private static let entryBytes = 80

    /// Adds up the tables of a generation; an estimate of what the kernel will charge, not a measurement.
    public init(_ generation: Generation) {
        for table in generation.processTables { entries += table.table.entryCount }
        for table in generation.lineageTables { entries += table.table.entryCount }
        var sets = 0
        for hook in generation.hooks {
            hooks += 1
            rules += hook.rules.count
            rows += hook.rows.count
            // Rows have 16 words, and 64 at hooks with more than 1,024 rules.
            let rowBytes = 8 + 8 * (hook.rules.count > 1024 ? 64 : 16)
            for dimension in hook.dimensions + hook.returnDimensions {
                switch dimension {
                case .classes(let classes):
                    sets += (classes.rows.count + 3) * rowBytes
                    if case .column(_, _, let table) = classes.input { entries += table.entryCount }
                case .bits(let bits): sets += (bits.members.count + 4) * rowBytes
                }
            }
        }
        bytes = entries * Self.entryBytes + sets
    }
}
