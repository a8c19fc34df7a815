/// Splits bytes into lines, with memory for one piece and one line.
struct LineReader {
    private static let pieceBytes = 256 * 1024
    /// A line longer than this is no event (an argv of 2 MiB, escaped twice over, fits).
    private static let longestLine = 64 * 1024 * 1024

    private let source: ByteSource
    private var buffer: [UInt8] = []
    private var start = 0
    private var end = 0
    private(set) var number: UInt64 = 0

    var name: String { source.name }

    init(_ source: ByteSource) {
        self.source = source
    }

    /// Calls `body` with each line, without its line break; `unfinished` for a last line that has
    /// none. `pieceDone` is called before every wait for more bytes. Ends when `body` returns false.
    mutating func readLines(
        _ body: (Span<UInt8>, _ unfinished: Bool) throws -> Bool, pieceDone: () throws -> Void = {}
    ) throws {
        while true {
            var searched = start
            while let lineBreak = buffer.firstIndex(ofLineBreakIn: searched..<end) {
                number += 1
                let more = try body(buffer.span.extracting(start..<lineBreak), false)
                start = lineBreak + 1
                searched = start
                guard more else { return }
            }
            try pieceDone()
            guard try fill() else { break }
        }
        guard start < end else { return }
        number += 1
        _ = try body(buffer.span.extracting(start..<end), true)
        start = end
        try pieceDone()
    }

    /// Reads one piece behind what is there. False at the end.
    private mutating func fill() throws(InputError) -> Bool {
        if start > 0 {
            let rest = end - start
            for index in 0..<rest { buffer[index] = buffer[start + index] }
            start = 0
            end = rest
        }
        guard end <= Self.longestLine else {
            throw InputError(
                "\(name):\(number + 1): a line of more than \(Self.longestLine >> 20) MiB is no event log")
        }
        if buffer.count < end + Self.pieceBytes {
            buffer.append(contentsOf: repeatElement(0, count: max(Self.pieceBytes, buffer.count)))
        }
        let count = try source.read(into: &buffer, at: end, limit: buffer.count - end)
        end += count
        return count > 0
    }
}

extension [UInt8] {
    fileprivate func firstIndex(ofLineBreakIn range: Range<Int>) -> Int? {
        let bytes = span
        var index = range.lowerBound
        while index < range.upperBound {
            if bytes[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
