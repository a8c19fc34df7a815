/// How numbers are written in values: decimal, `0x…`, `0o…`, `0b…`, and `0…` as octal, as Go reads them.
enum NumberSyntax {
    /// A number that is not negative.
    static func unsigned(_ text: String) -> UInt64? {
        guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
            return nil
        }
        if text.utf8.count > 1, first == UInt8(ascii: "0") {
            let digits = text.dropFirst(2)
            // A sign behind the radix would pass otherwise.
            guard let next = digits.utf8.first else { return UInt64(text, radix: 8) }
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { return nil }
            switch text.dropFirst().first {
            case "x", "X": return UInt64(digits, radix: 16)
            case "o", "O": return UInt64(digits, radix: 8)
            case "b", "B": return UInt64(digits, radix: 2)
            default: return UInt64(text, radix: 8)
            }
        }
        return UInt64(text)
    }

    /// A number of either sign.
    static func signed(_ text: String) -> Int64? {
        guard text.hasPrefix("-") else { return unsigned(text).flatMap { Int64(exactly: $0) } }
        guard let magnitude = unsigned(String(text.dropFirst())) else { return nil }
        if magnitude == 1 << 63 { return .min }
        return Int64(exactly: magnitude).map { -$0 }
    }
}
