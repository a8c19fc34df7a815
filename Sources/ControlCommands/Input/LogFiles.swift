/// The files of a log in the order in which they were written.
package enum LogFiles {
    /// Lines that are searched for a time, where the first ones are damaged.
    private static let searchedLines = 100

    /// Sorts files by the time of their first line: names of rotated files differ between tools.
    /// Files without a time come last, in the order given; so do those that cannot be read, which whoever
    /// reads them reports.
    package static func ordered(_ paths: [String]) -> [String] {
        var unique: [String] = []
        for path in paths where !unique.contains(path) { unique.append(path) }
        guard unique.count > 1 else { return unique }
        let times = unique.map { $0 == "-" ? nil : try? firstTime($0) }
        let order = unique.indices.sorted { left, right in
            switch (times[left], times[right]) {
            case (let a?, let b?): (a, left) < (b, right)
            case (_?, nil): true
            case (nil, _?): false
            case (nil, nil): left < right
            }
        }
        return order.map { unique[$0] }
    }

    private static func firstTime(_ path: String) throws -> Int64? {
        var reader = LineReader(try ByteSource(path: path))
        var found: Int64?
        var left = searchedLines
        try reader.readLines { line, _ in
            left -= 1
            if let facts = try? LineFacts(scanning: line) { found = Timestamp.parse(facts.time) }
            return found == nil && left > 0
        }
        return found
    }

    static func reader(_ path: String) throws(InputError) -> LineReader {
        LineReader(path == "-" ? ByteSource() : try ByteSource(path: path))
    }
}
