import TextEncoding

/// Texts of messages that were encoded before, found again by the bytes that they were made from.
///
/// Direct-mapped: a text that falls into a slot replaces what was there. The whole source is
/// compared, so a wrong text is impossible, and the memory is bounded by the slots.
struct KnownTexts: ~Copyable {
    /// Users of one machine that run programs at the same time, times three messages, roomily.
    private static let slots = 64
    /// Bytes of sources and texts, with those that were replaced; then all are forgotten. A text has up to 3 KiB.
    private static let limit = 512 << 10

    private struct Entry {
        var field: Int32 = 0
        /// In `memory`: the source, and the text behind it.
        var start = 0
        var textStart = 0
        var end = 0
    }

    private var entries = [Entry](repeating: Entry(), count: KnownTexts.slots)
    // One piece of memory and not an array each: references that are counted cost as much as the comparison.
    private var memory = OutputBuffer(capacity: 16 << 10)

    /// Appends the text of a field that was made from these bytes; false where it is not known.
    @inline(__always)
    func append<Source: BitwiseCopyable>(_ field: Int32, _ source: Source, to json: inout JSONWriter) -> Bool
    {
        unsafe withUnsafeBytes(of: source) { bytes in
            let entry = unsafe entries[Self.slot(field, bytes)]
            guard entry.field == field, entry.textStart - entry.start == bytes.count else { return false }
            let known = memory.bytes
            guard
                unsafe known.extracting(entry.start..<entry.textStart).withUnsafeBytes({
                    unsafe Self.isSame($0, bytes)
                })
            else { return false }
            json.encoded(known.extracting(entry.textStart..<entry.end))
            return true
        }
    }

    /// Keeps a text: what stands in `output` from `position` on.
    mutating func keep<Source: BitwiseCopyable>(
        _ field: Int32, _ source: Source, _ output: borrowing OutputBuffer, from position: Int
    ) {
        let text = output.bytes.extracting(position..<output.count)
        unsafe withUnsafeBytes(of: source) { bytes in
            if memory.count + bytes.count + text.byteCount > Self.limit {
                memory.removeAll()
                for slot in entries.indices { entries[slot] = Entry() }
            }
            let start = memory.count
            unsafe memory.append(RawSpan(_unsafeBytes: bytes))
            let textStart = memory.count
            memory.append(text)
            entries[unsafe Self.slot(field, bytes)] = Entry(
                field: field, start: start, textStart: textStart, end: memory.count)
        }
    }

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
