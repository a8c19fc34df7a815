/// A field of a tracepoint's record, where the kernel's `format` file says that it lies.
struct TracepointField: Hashable {
    /// What stands there.
    enum Kind: Hashable {
        case number
        case pointer
        /// Characters.
        case array
        /// Offset and length of characters behind the fields.
        case dataLocation
    }

    /// As the file names it.
    var name: String
    /// From the record's begin, in bytes.
    var offset: Int
    /// In bytes.
    var size: Int
    /// What stands there.
    var kind: Kind

    /// All fields, common ones included: policies count them so.
    static func fields(of format: String) -> [TracepointField] {
        format.split(separator: "\n").compactMap { line in
            let text = line.drop { $0 == " " || $0 == "\t" }
            guard text.hasPrefix("field:") else { return nil }
            let parts = text.dropFirst(6).split(separator: ";").map { $0.drop { $0 == " " || $0 == "\t" } }
            guard let declaration = parts.first, let offset = number("offset:", parts),
                let size = number("size:", parts)
            else { return nil }
            let words = declaration.split(separator: " ")
            let name = (words.last ?? "").prefix { $0 != "[" }
            let kind: Kind =
                declaration.hasPrefix("__data_loc")
                ? .dataLocation
                : declaration.contains("[") ? .array : declaration.contains("*") ? .pointer : .number
            return TracepointField(name: String(name), offset: offset, size: size, kind: kind)
        }
    }

    private static func number(_ key: String, _ parts: [Substring]) -> Int? {
        parts.first { $0.hasPrefix(key) }.flatMap { Int($0.dropFirst(key.count)) }
    }
}
