/// A line under construction. Every text that is added is made safe for a terminal first.
struct StyledLine {
    private(set) var text = ""
    let palette: Palette

    init(_ palette: Palette) {
        self.palette = palette
    }

    mutating func add(_ piece: String, _ style: Style = .plain) {
        text += palette.paint(TerminalText.escaped(piece), style)
    }

    /// Adds a column: padded to a width, with two spaces behind a text that is too long for it.
    mutating func column(_ piece: String, width: Int, _ style: Style = .plain) {
        let safe = TerminalText.escaped(piece)
        text += palette.paint(safe, style)
        text += String(repeating: " ", count: max(2, width - safe.count))
    }

    /// Adds a piece behind a wider gap: it comments on what stands before.
    mutating func note(_ piece: String, _ style: Style = .faint) {
        text += "   "
        add(piece, style)
    }
}
