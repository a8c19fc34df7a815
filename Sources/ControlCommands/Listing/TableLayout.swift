/// Widths of the columns of a table, and cells brought to them.
struct TableLayout {
    private static let gap = 2
    /// A column is not made narrower than this, and where cells wrap, not than its longest word …
    private static let narrowest = 12
    /// … of a length that words have.
    private static let longestWord = 30

    private let columns: [Column]
    private let widths: [Int]
    private let isNarrowed: Bool

    init(_ columns: [Column], _ rows: [[String]], width: Int?, _ overflow: CellOverflow) {
        self.columns = columns
        var widths = columns.indices.map { index in
            rows.reduce(columns[index].title.count) { max($0, index < $1.count ? $1[index].count : 0) }
        }
        var excess = widths.reduce(-Self.gap) { $0 + $1 + Self.gap } - (width ?? .max)
        isNarrowed = excess > 0
        let least = columns.indices.map { index in
            overflow == .cut
                ? Self.narrowest
                : Self.longestWord(of: rows.compactMap { index < $0.count ? $0[index] : nil })
        }
        while excess > 0 {
            let widest = columns.indices.filter { !columns[$0].right && widths[$0] > least[$0] }
                .max { widths[$0] < widths[$1] }
            guard let widest else { break }
            widths[widest] -= 1
            excess -= 1
        }
        self.widths = widths
    }

    private static func longestWord(of cells: [String]) -> Int {
        let longest = cells.flatMap { $0.split(separator: " ") }.reduce(0) { max($0, $1.count) }
        return max(narrowest, min(longest, longestWord))
    }

    /// One line of cells that fit.
    func line(_ cells: [String]) -> String {
        let padded = columns.indices.map { index in
            let cell = index < cells.count ? cells[index] : ""
            if columns[index].right { return cell.paddedLeft(to: widths[index]) }
            return index == columns.count - 1 ? cell : cell.padded(to: widths[index])
        }
        var text = padded.joined(separator: String(repeating: " ", count: Self.gap))
        while text.hasSuffix(" ") { text.removeLast() }
        return text
    }

    func cut(_ row: [String]) -> [String] {
        guard isNarrowed else { return row }
        return zip(row, widths).map { TerminalText.cut($0, to: $1) }
    }

    /// A row over as many lines as its longest cell needs.
    func wrapped(_ row: [String]) -> [[String]] {
        guard isNarrowed else { return [row] }
        let cells = zip(row, widths).map { Self.lines($0, width: $1) }
        let height = cells.map(\.count).max() ?? 0
        return (0..<height).map { line in cells.map { line < $0.count ? $0[line] : "" } }
    }

    /// Words on lines of a width; a longer word is broken.
    private static func lines(_ text: String, width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            var rest = word
            let last = lines[lines.count - 1]
            if !last.isEmpty, last.count + 1 + rest.count <= width {
                lines[lines.count - 1] += " \(rest)"
                continue
            }
            if !last.isEmpty { lines.append("") }
            while rest.count > width {
                lines[lines.count - 1] = String(rest.prefix(width))
                lines.append("")
                rest = rest.dropFirst(width)
            }
            lines[lines.count - 1].append(contentsOf: rest)
        }
        return lines
    }
}
