/// Cuts a stream of bytes into lines, however they come: half a line in one chunk, the rest in the next. A line
/// that is too long is left out whole, and counted.
package struct LineCutter {
    private let longest: Int
    private var rest: [UInt8] = []
    private var isSkipping = false
    /// Lines that were left out.
    package private(set) var tooLong = 0

    /// - Parameter longest: bytes of a line.
    package init(longest: Int) { self.longest = longest }

    /// Bytes of the line that has not ended yet.
    package var waiting: Int { rest.count }

    /// Takes a chunk. Returns the lines that end in it, without their ends; empty ones are left out.
    package mutating func take(_ chunk: some Collection<UInt8>) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var chunk = chunk[...]
        while let end = chunk.firstIndex(of: 0x0a) {
            if isSkipping {
                isSkipping = false
            } else if rest.count + chunk.distance(from: chunk.startIndex, to: end) > longest {
                tooLong += 1
            } else {
                rest += chunk[..<end]
                if rest.last == 0x0d { rest.removeLast() }
                if !rest.isEmpty { lines.append(rest) }
            }
            rest.removeAll()
            chunk = chunk[chunk.index(after: end)...]
        }
        guard !isSkipping else { return lines }
        if rest.count + chunk.count > longest {
            isSkipping = true
            tooLong += 1
            rest.removeAll()
        } else {
            rest += chunk
        }
        return lines
    }
}
