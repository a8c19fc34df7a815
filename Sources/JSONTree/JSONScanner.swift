/// Why a text is not JSON, and where.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Offset of the byte that does not fit.
    package let offset: Int
    package let reason: String

    package init(offset: Int, reason: String) {
        self.offset = offset
        self.reason = reason
    }

    package var description: String { "\(reason) at byte \(offset + 1)" }
}

/// Reads JSON from bytes of unknown origin: bounded depth, no recursion beyond it, no traps.
///
/// `skip` checks a value without building anything, which is what `verify` does with most of a
/// line; `value` builds a tree and checks escapes too. Broken UTF-8 is repaired, not refused.
package enum JSONScanner {
    /// Values nest at most this deep; events need 8.
    package static let deepest = 64

    /// The one value that the whole text is.
    package static func parse(_ text: Span<UInt8>) throws(JSONError) -> JSONValue {
        var at = 0
        skipSpace(text, &at)
        let value = try value(text, &at)
        skipSpace(text, &at)
        guard at == text.count else { throw JSONError(offset: at, reason: "text behind the end") }
        return value
    }

    /// Visits the members of an object. `visit` gets the range of the key between its quotes and
    /// must move the position behind the value (`skip`, `value`).
    package static func members(
        _ text: Span<UInt8>, _ at: inout Int,
        _ visit: (Range<Int>, inout Int) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(text, &at, UInt8(ascii: "{"), "expected an object")
        skipSpace(text, &at)
        if peek(text, at) == UInt8(ascii: "}") {
            at += 1
            return
        }
        while true {
            skipSpace(text, &at)
            let key = try skipString(text, &at)
            skipSpace(text, &at)
            try expect(text, &at, UInt8(ascii: ":"), "expected ':'")
            skipSpace(text, &at)
            try visit(key, &at)
            skipSpace(text, &at)
            if peek(text, at) == UInt8(ascii: ",") {
                at += 1
                continue
            }
            try expect(text, &at, UInt8(ascii: "}"), "expected ',' or '}'")
            return
        }
    }

    /// Moves behind one value.
    package static func skip(_ text: Span<UInt8>, _ at: inout Int, depth: Int = 0) throws(JSONError) {
        guard depth < deepest else { throw JSONError(offset: at, reason: "nested too deep") }
        switch peek(text, at) {
        case UInt8(ascii: "{"):
            try members(text, &at) { (_, inner: inout Int) throws(JSONError) in
                try skip(text, &inner, depth: depth + 1)
            }
        case UInt8(ascii: "["):
            try elements(text, &at) { (inner: inout Int) throws(JSONError) in
                try skip(text, &inner, depth: depth + 1)
            }
        case UInt8(ascii: "\""): _ = try skipString(text, &at)
        default: _ = try scalar(text, &at)
        }
    }

    /// Builds one value.
    package static func value(_ text: Span<UInt8>, _ at: inout Int, depth: Int = 0) throws(JSONError)
        -> JSONValue
    {
        guard depth < deepest else { throw JSONError(offset: at, reason: "nested too deep") }
        switch peek(text, at) {
        case UInt8(ascii: "{"):
            var object: [(key: String, value: JSONValue)] = []
            try members(text, &at) { (key, inner: inout Int) throws(JSONError) in
                let name = try string(text, key)
                object.append((name, try value(text, &inner, depth: depth + 1)))
            }
            return .object(object)
        case UInt8(ascii: "["):
            var array: [JSONValue] = []
            try elements(text, &at) { (inner: inout Int) throws(JSONError) in
                array.append(try value(text, &inner, depth: depth + 1))
            }
            return .array(array)
        case UInt8(ascii: "\""):
            return .string(try string(text, try skipString(text, &at)))
        default:
            return try scalar(text, &at)
        }
    }

    /// Whether a range (between quotes, without escapes) spells `name`.
    package static func equals(_ text: Span<UInt8>, _ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        var index = range.lowerBound
        for byte in name.description.utf8 {
            guard text[index] == byte else { return false }
            index += 1
        }
        return true
    }

    package static func skipSpace(_ text: Span<UInt8>, _ at: inout Int) {
        while at < text.count, text[at] == 0x20 || text[at] == 0x09 || text[at] == 0x0A || text[at] == 0x0D {
            at += 1
        }
    }

    private static func peek(_ text: Span<UInt8>, _ at: Int) -> UInt8? {
        at < text.count ? text[at] : nil
    }

    private static func expect(
        _ text: Span<UInt8>, _ at: inout Int, _ byte: UInt8, _ otherwise: String
    ) throws(JSONError) {
        guard peek(text, at) == byte else {
            throw JSONError(offset: at, reason: at < text.count ? otherwise : "the text ends early")
        }
        at += 1
    }

    /// Visits the elements of an array. `visit` must move the position behind the element.
    package static func elements(
        _ text: Span<UInt8>, _ at: inout Int, _ visit: (inout Int) throws(JSONError) -> Void
    ) throws(JSONError) {
        try expect(text, &at, UInt8(ascii: "["), "expected an array")
        skipSpace(text, &at)
        if peek(text, at) == UInt8(ascii: "]") {
            at += 1
            return
        }
        while true {
            skipSpace(text, &at)
            try visit(&at)
            skipSpace(text, &at)
            if peek(text, at) == UInt8(ascii: ",") {
                at += 1
                continue
            }
            try expect(text, &at, UInt8(ascii: "]"), "expected ',' or ']'")
            return
        }
    }
}
