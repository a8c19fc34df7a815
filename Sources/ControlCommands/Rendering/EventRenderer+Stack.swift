import EventModel
import JSONTree

extension EventRenderer {
    /// The stack traces of an event as `tetra` shows them, innermost function first:
    ///
    ///     Kernel:
    ///       do_sys_openat2+0x1b
    ///     User space:
    ///       0x7f00ab34: fopen64+0x30 (/usr/lib/libc.so.6)
    func stackLines(of body: JSONValue) -> [String] {
        var lines: [String] = []
        for (key, title) in [("kernel_stack_trace", "Kernel:"), ("user_stack_trace", "User space:")] {
            let frames = body[key].elements
            if frames.isEmpty { continue }
            var line = StyledLine(palette)
            line.add("    " + title, .faint)
            lines.append(line.text)
            lines += frames.map(frame)
        }
        return lines
    }

    private func frame(_ frame: JSONValue) -> String {
        var line = StyledLine(palette)
        line.add("      ")
        let address = frame["address"].unsigned
        if let address { line.add(Self.hexadecimal(address) + ": ", .faint) }
        let module = frame["module"].textOrEmpty
        let symbol = frame["symbol"].textOrEmpty
        // Without a symbol the offset is the module's.
        let place = symbol.isEmpty ? module : symbol
        if place.isEmpty {
            line.add("unknown")
        } else {
            line.add(place, .strong)
            line.add("+" + Self.hexadecimal(frame["offset"].unsigned ?? 0))
        }
        if !symbol.isEmpty, !module.isEmpty { line.add(" (\(module))", .faint) }
        return line.text
    }

    private static func hexadecimal(_ number: UInt64) -> String { "0x" + String(number, radix: 16) }
}
