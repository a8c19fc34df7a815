/// Writes one JSON value after another into an `OutputBuffer`, without looking back.
///
/// Keys are literals and are not escaped. Strings come from the kernel and from strangers: they are
/// escaped, and what is not UTF-8 becomes U+FFFD, so that every line parses (RFC 8259).
public struct JSONWriter: ~Copyable {
    /// The text so far.
    public var output: OutputBuffer
    /// Whether the next member or element needs a comma before it.
    @usableFromInline var needsComma = false
    /// Whether the next member or element will have a comma before it.
    public var isInsideList: Bool { needsComma }
    /// Text of the last second that was written, up to the decimal point.
    private var known = OutputBuffer(capacity: 64)
    private var knownSecond = UInt64.max
    /// `2026-11-21T09:12:11.`
    private static let secondLength = 20

    /// - Parameter capacity: bytes to begin with; the buffer grows.
    public init(capacity: Int = 4096) {
        output = OutputBuffer(capacity: capacity)
    }

    /// Forgets the text, keeps the memory.
    public mutating func removeAll() {
        output.removeAll()
        needsComma = false
    }

    @inlinable @inline(__always)
    mutating func separate() {
        if needsComma { output.append(UInt8(ascii: ",")) }
    }

    /// Writes `"key":`; a value must follow.
    @inlinable @inline(__always)
    public mutating func key(_ name: StaticString) {
        output.append(jsonKey: name, comma: needsComma)
        needsComma = false
    }

    /// Writes a key that is data (a label's name).
    public mutating func key(utf8 name: RawSpan) {
        string(name)
        output.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes `{`, with a comma before it where one is due.
    @inlinable @inline(__always)
    public mutating func beginObject() {
        separate()
        output.append(UInt8(ascii: "{"))
        needsComma = false
    }

    /// Writes `}`. Nothing checks that an object is open.
    @inlinable @inline(__always)
    public mutating func endObject() {
        output.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes `[`, with a comma before it where one is due.
    public mutating func beginArray() {
        separate()
        output.append(UInt8(ascii: "["))
        needsComma = false
    }

    /// Writes `]`. Nothing checks that an array is open.
    public mutating func endArray() {
        output.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a number.
    @inline(__always)
    public mutating func number(_ value: UInt64) {
        separate()
        output.append(decimal: value)
        needsComma = true
    }

    /// Writes a signed number.
    @inline(__always)
    public mutating func number(_ value: Int64) {
        separate()
        output.append(decimal: value)
        needsComma = true
    }

    /// Writes a number as a string: what JSON readers cannot hold exactly (64 bits).
    @inline(__always)
    public mutating func quoted(_ value: UInt64) {
        separate()
        output.append(UInt8(ascii: "\""))
        output.append(decimal: value)
        output.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a member whose value is a number in quotes.
    public mutating func member(_ name: StaticString, quoted value: UInt64) {
        output.append(jsonKey: name, quoted: value, comma: needsComma)
        needsComma = true
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) {
        separate()
        if value { output.append("true") } else { output.append("false") }
        needsComma = true
    }

    /// Writes a literal as a string; it must need no escape.
    public mutating func literal(_ text: StaticString) {
        separate()
        output.append(UInt8(ascii: "\""))
        output.append(text)
        output.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a string from bytes that may be anything.
    public mutating func string(_ bytes: RawSpan) {
        output.append(jsonString: bytes, comma: needsComma)
        needsComma = true
    }

    /// Writes a string.
    public mutating func string(_ text: String) {
        unsafe string(text.utf8.span.bytes)
    }

    /// Begins a string whose pieces are appended to `output`, escaped.
    @inline(__always)
    public mutating func beginString() {
        separate()
        output.append(UInt8(ascii: "\""))
    }

    /// Ends a string that was written in pieces.
    @inline(__always)
    public mutating func endString() {
        output.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a value that was encoded before.
    @inlinable @inline(__always)
    public mutating func encoded(_ json: RawSpan) {
        separate()
        output.append(json)
        needsComma = true
    }

    /// Writes bytes in base64.
    public mutating func base64(_ bytes: RawSpan) {
        separate()
        output.append(UInt8(ascii: "\""))
        output.append(base64: bytes)
        output.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a time as RFC 3339 in UTC with nanoseconds.
    public mutating func timestamp(_ time: UnixTime) {
        separate()
        let second = time.nanoseconds / 1_000_000_000
        if second != knownSecond {
            // Events come in the order of time: date and second are the same for thousands of them.
            known.removeAll()
            known.append(rfc3339: UnixTime(nanoseconds: second * 1_000_000_000))
            known.truncate(to: Self.secondLength)
            knownSecond = second
        }
        output.append(second: known, nanoseconds: time.nanoseconds &- second &* 1_000_000_000)
        needsComma = true
    }
}
