import CEventABI
package import EventFilters
package import EventModel

/// Hides what must not leave the daemon: values of environment variables whose name says that they are
/// secret, and what the configured expressions find. Applied to a process before anybody encodes it, so
/// no sink, client or list has the text.
package struct Redaction: Sendable {
    /// Upper-case parts of names; Tetragon redacts nothing by itself, we would rather not export
    /// a password by default.
    package var nameParts = [
        "PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY", "PRIVATE", "CREDENTIAL",
    ]
    /// What their groups match is hidden; the whole match where they have none.
    package var rules: [CaptureRegex] = []
    static let replacement = Array("*****".utf8)

    package init() {}

    /// Hides what the rules find in the arguments.
    @inline(__always)
    package func apply(to image: inout ProcessImage) {
        if !rules.isEmpty { hideArguments(of: &image) }
    }

    private func hideArguments(of image: inout ProcessImage) {
        let range = image.argumentsRange
        let arguments = image.longArguments ?? Array(image.tail[range])
        guard let hidden = hidden(inArguments: arguments) else { return }
        image.tail.removeSubrange(range)
        image.head.arguments_length = 0
        // What is missing of argv is the difference to this total, and stays the same.
        let missing = max(0, Int(image.head.arguments_total) - arguments.count)
        image.head.arguments_total = UInt32(hidden.count + missing)
        image.longArguments = hidden
    }

    /// Arguments (NUL behind each) without what the rules find; nil = they find nothing.
    ///
    /// An expression sees argv[0], and then all others joined by spaces, as they stand in a shell and in
    /// `process.arguments`: `--password (\S+)` needs no thought about where an argument ends.
    package func hidden(inArguments bytes: [UInt8]) -> [UInt8]? {
        guard let first = bytes.firstIndex(of: 0) else { return hidden(in: bytes) }
        var text = bytes.last == 0 ? bytes.dropLast() : bytes[...]
        for index in text.indices where text[index] == 0 { text[index] = UInt8(ascii: " ") }
        var ranges = captures(in: Array(text.prefix(first)))
        let rest = first + 1
        if rest < text.endIndex {
            ranges += captures(in: Array(text[rest...])).map { $0.lowerBound + rest..<$0.upperBound + rest }
        }
        return ranges.isEmpty ? nil : Self.replace(ranges, in: bytes)
    }

    /// A text without what the rules find; nil = they find nothing.
    package func hidden(in bytes: [UInt8]) -> [UInt8]? {
        let ranges = captures(in: bytes)
        return ranges.isEmpty ? nil : Self.replace(ranges, in: bytes)
    }

    private func captures(in text: [UInt8]) -> [Range<Int>] {
        rules.flatMap { $0.captures(in: text) }
    }

    /// Each stretch becomes one replacement; the ends of arguments stay where they are.
    private static func replace(_ ranges: [Range<Int>], in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = 0
        var end = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where range.upperBound > end {
            // Two rules may have found the same.
            let begin = max(range.lowerBound, end)
            result += bytes[place..<begin]
            let pieces = bytes[begin..<range.upperBound].split(separator: 0, omittingEmptySubsequences: false)
            for (index, piece) in pieces.enumerated() {
                if index > 0 { result.append(0) }
                let continues = index == 0 && begin == end && begin > 0
                if !piece.isEmpty, !continues { result += replacement }
            }
            place = range.upperBound
            end = range.upperBound
        }
        return result + bytes[place...]
    }

    /// Replaces secret values in NUL-terminated `NAME=value` entries.
    package func apply(toEnvironment bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for entry in bytes.split(separator: 0) {
            if let equals = entry.firstIndex(of: UInt8(ascii: "=")), isSecret(entry[..<equals]) {
                result += entry[...equals] + Self.replacement
            } else {
                result += (rules.isEmpty ? nil : hidden(in: Array(entry))) ?? Array(entry)
            }
            result.append(0)
        }
        return result
    }

    private func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: name, as: UTF8.self).uppercased()
        return nameParts.contains { name.contains($0) }
    }
}
