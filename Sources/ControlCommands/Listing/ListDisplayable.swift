import Foundation

/// How a listing is shown.
package enum ListFormat: String, CaseIterable, Sendable {
    case table, json
}

/// A column of a table.
package struct Column: Sendable {
    package let title: String
    /// Numbers stand to the right.
    package let right: Bool

    package init(_ title: String, right: Bool = false) {
        self.title = title
        self.right = right
    }
}

/// A value that can be a row of a table or an element of a JSON array.
package protocol ListDisplayable: Encodable {
    static var columns: [Column] { get }
    /// One text per column.
    var row: [String] { get }
}

/// Shows rows of one kind.
package enum Listing {
    package static func text<Row: ListDisplayable>(_ rows: [Row], as format: ListFormat, _ palette: Palette)
        throws
        -> String
    {
        switch format {
        case .json: try json(rows)
        case .table: table(Row.columns, rows.map(\.row), palette)
        }
    }

    package static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A header and rows; columns as wide as their widest text, the last one free.
    package static func table(_ columns: [Column], _ rows: [[String]], _ palette: Palette) -> String {
        let safe = rows.map { row in row.map(TerminalText.escaped) }
        let widths = columns.indices.map { index in
            safe.reduce(columns[index].title.count) { max($0, index < $1.count ? $1[index].count : 0) }
        }
        func line(_ cells: [String]) -> String {
            let padded = columns.indices.map { index in
                let cell = index < cells.count ? cells[index] : ""
                if columns[index].right { return cell.paddedLeft(to: widths[index]) }
                return index == columns.count - 1 ? cell : cell.padded(to: widths[index])
            }
            var text = padded.joined(separator: "  ")
            while text.hasSuffix(" ") { text.removeLast() }
            return text
        }
        let header = palette.paint(line(columns.map(\.title)), .strong)
        return ([header] + safe.map(line)).joined(separator: "\n")
    }
}
