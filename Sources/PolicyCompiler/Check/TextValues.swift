internal import PolicyModel
internal import YAMLReader

/// Values that are compared with text.
enum TextValues {
    static func test(_ operation: MatchOperator, _ values: [Located<String>]) -> ValueTest? {
        let bytes = unique(values.map { Array($0.value.utf8) })
        switch operation {
        case .equal, .notEqual, .inMap, .notInMap: return .equal(bytes)
        case .prefix, .notPrefix: return .prefix(bytes)
        case .postfix, .notPostfix: return .postfix(bytes)
        case .substring, .notSubstring: return .contains(bytes, ignoringCase: false)
        case .substringIgnoringCase, .notSubstringIgnoringCase:
            return .contains(unique(bytes.map { $0.map(lowercased) }), ignoringCase: true)
        default: return nil
        }
    }

    /// Text is compared whole, so a value must fit into what is captured.
    static func checkLength(_ values: [Located<String>], capacity: Int, _ path: String, _ problems: Problems)
    {
        for (index, value) in values.enumerated() {
            if value.value.utf8.count > capacity {
                problems.error(
                    "\(path)[\(index)]",
                    "has \(value.value.utf8.count) bytes; \(capacity) are compared at most",
                    at: value.place)
            } else if value.value.utf8.contains(0) {
                problems.error("\(path)[\(index)]", "text of the kernel has no zero bytes", at: value.place)
            }
        }
    }

    static func checkPaths(
        _ operation: MatchOperator, _ values: [Located<String>], _ path: String, _ problems: Problems
    ) {
        guard [.equal, .notEqual, .prefix, .notPrefix].contains(operation) else { return }
        for (index, value) in values.enumerated() {
            let text = value.value
            if !text.hasPrefix("/") {
                problems.warning(
                    "\(path)[\(index)]", "\"\(text)\" never matches: paths of files are absolute",
                    at: value.place,
                    hint: "Postfix compares the end")
            } else if operation == .equal || operation == .notEqual, text.utf8.count > 1, text.hasSuffix("/")
            {
                problems.warning(
                    "\(path)[\(index)]", "\"\(text)\" never matches: paths end without a slash",
                    at: value.place,
                    hint: "Prefix compares everything below")
            }
        }
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func unique(_ values: [[UInt8]]) -> [[UInt8]] {
        var seen: Set<[UInt8]> = []
        return values.filter { seen.insert($0).inserted }
    }
}

/// Names and numbers of capabilities.
enum CapabilityValues {
    static func number(_ text: String) -> UInt64? {
        let name = text.uppercased()
        let full = name.hasPrefix("CAP_") ? name : "CAP_" + name
        if let index = KernelNames.capabilities.firstIndex(of: full) { return UInt64(index) }
        return NumberSyntax.unsigned(text).flatMap { $0 < 64 ? $0 : nil }
    }

    static func report(_ value: Located<String>, _ path: String, _ problems: Problems) {
        problems.error(
            path, "unknown capability \"\(value.value)\"", at: value.place,
            hint: Spelling.suggestion(for: value.value, among: KernelNames.capabilities) ?? "")
    }
}

extension NumberRange {
    /// Sorted, overlapping and touching ranges joined.
    static func union(_ ranges: [NumberRange]) -> [NumberRange] {
        var result: [NumberRange] = []
        for range in ranges.sorted(by: { ($0.low, $0.high) < ($1.low, $1.high) }) {
            if let last = result.last, last.high == .max || range.low <= last.high + 1 {
                result[result.count - 1].high = max(last.high, range.high)
            } else {
                result.append(range)
            }
        }
        return result
    }
}
