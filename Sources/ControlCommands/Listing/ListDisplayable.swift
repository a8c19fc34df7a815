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

/// What happens to cells that a terminal has no room for.
package enum CellOverflow: Sendable {
    case cut, wrap
}

/// A value that can be a row of a table or an element of a JSON array.
package protocol ListDisplayable: Encodable {
    static var columns: [Column] { get }
    static var overflow: CellOverflow { get }
    /// One text per column.
    var row: [String] { get }
}

extension ListDisplayable {
    package static var overflow: CellOverflow { .cut }
}

/// Shows rows of one kind.
package enum Listing {
    /// - Parameter width: columns of the terminal; nil = as wide as the texts.
    package static func text<Row: ListDisplayable>(
        _ rows: [Row], as format: ListFormat, _ palette: Palette, width: Int? = nil
    ) throws -> String {
        switch format {
        case .json: try json(rows)
        case .table: table(Row.columns, rows.map(\.row), palette, width: width, Row.overflow)
        }
    }

    package static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// A header and rows; columns as wide as their widest text, the last one free. Where a terminal is
    /// narrower, its widest columns give way.
    package static func table(
        _ columns: [Column], _ rows: [[String]], _ palette: Palette, width: Int? = nil,
        _ overflow: CellOverflow = .cut
    ) -> String {
        let safe = rows.map { row in row.map(TerminalText.escaped) }
        let layout = TableLayout(columns, safe, width: width, overflow)
        let header = palette.paint(layout.line(columns.map(\.title)), .strong)
        let lines = safe.flatMap { row -> [String] in
            switch overflow {
            case .cut: [layout.line(layout.cut(row))]
            case .wrap: layout.wrapped(row).map(layout.line)
            }
        }
        return ([header] + lines).joined(separator: "\n")
    }
}
