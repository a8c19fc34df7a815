/// Finds what somebody meant.
public enum Spelling {
    /// `did you mean "…"?` for the nearest of `known`, or nil where none is near.
    public static func suggestion(for word: String, among known: [String]) -> String? {
        nearest(to: word, among: known).map { "did you mean \"\($0)\"?" }
    }

    /// The nearest of `known`: at most a third of the letters away, and at least one may be.
    public static func nearest(to word: String, among known: [String]) -> String? {
        // A hostile key of a megabyte is not worth a square of comparisons.
        guard word.utf8.count <= 64 else { return nil }
        let bound = max(1, word.count / 3)
        return known.map { (distance(word.lowercased(), $0.lowercased()), $0) }
            .filter { $0.0 <= bound }
            .min { $0.0 < $1.0 }?.1
    }

    /// Insertions, deletions, replacements and swaps of neighbours between two words
    /// (optimal string alignment distance).
    public static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var best = previous[column] + (left[row] == right[column] ? 0 : 1)
                best = min(best, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, older[column - 1] + 1)
                }
                current.append(best)
            }
            (older, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
