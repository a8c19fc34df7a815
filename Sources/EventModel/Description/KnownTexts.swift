import TextEncoding

/// Texts of messages that were encoded before, found again by the bytes that they were made from.
///
/// Direct-mapped: a text that falls into a slot replaces what was there. The whole source is
/// compared, so a wrong text is impossible, and the memory is bounded by the slots.
struct KnownTexts: ~Copyable {
    /// Users of one machine that run programs at the same time, times three messages, roomily.
    private static let slots = 64

    private struct Entry {
        var field: Int32 = 0
        var source: [UInt8] = []
        var text: [UInt8] = []
    }

    private var entries = [Entry](repeating: Entry(), count: KnownTexts.slots)

    /// Appends the text of a field that was made from these bytes; false where it is not known.
    @inline(__always)
    func append<Source: BitwiseCopyable>(_ field: Int32, _ source: Source, to json: inout JSONWriter) -> Bool
    {
        unsafe withUnsafeBytes(of: source) { bytes in
            let slot = unsafe Self.slot(field, bytes)
            guard entries[slot].field == field, entries[slot].source.count == bytes.count,
                unsafe entries[slot].source.withUnsafeBytes({ unsafe Self.isSame($0, bytes) })
            else { return false }
            // Lent, not copied: a reference that is counted costs as much as the comparison.
            unsafe entries[slot].text.withUnsafeBytes { unsafe json.encoded(RawSpan(_unsafeBytes: $0)) }
            return true
        }
    }

    /// Keeps a text.
    mutating func keep<Source: BitwiseCopyable>(_ text: [UInt8], _ field: Int32, _ source: Source) {
        unsafe withUnsafeBytes(of: source) { bytes in
            let slot = unsafe Self.slot(field, bytes)
            entries[slot] = unsafe Entry(field: field, source: Array(bytes), text: text)
        }
    }

    /// Whether two pieces of the same length hold the same; by words, because `elementsEqual` goes
    /// byte by byte (a sixth of an exec's cost, measured).
    @inline(__always)
    private static func isSame(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index + 8 <= one.count {
            let left = unsafe one.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = unsafe other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if left != right { return false }
            index += 8
        }
        while index < one.count {
            if unsafe one[index] != other[index] { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    private static func slot(_ field: Int32, _ source: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(truncatingIfNeeded: field)
        var index = 0
        while index + 8 <= source.count {
            let word = unsafe source.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            // Knuth's multiplier. A step is a bijection, so words that differ in one place never fall together;
            // the high bits of a product depend on all bits below.
            hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            index += 8
        }
        return Int(truncatingIfNeeded: hash >> 32) & (slots - 1)
    }
}
