import CEventABI
import TextEncoding

/// Exec ids that were made lately: the same image is named as process, parent and previous image in
/// event after event, and the text costs a base64 and two long numbers.
///
/// Direct-mapped and of fixed size.
struct ExecIDCache: ~Copyable {
    /// Images that run at the same time and have children, roomily.
    private static let slots = 256
    /// Bytes of a text that is kept: enough for a node name of 50 letters; longer ones are made anew.
    private static let textLimit = 112

    private struct Entry {
        var image = secd_image()
        var length = 0
    }

    private var entries = [Entry](repeating: Entry(), count: ExecIDCache.slots)
    private var texts = [UInt8](repeating: 0, count: ExecIDCache.slots * ExecIDCache.textLimit)

    @inline(__always)
    private static func slot(_ image: secd_image) -> Int {
        let mixed = (image.start_ns ^ UInt64(image.pid) << 40) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: mixed >> 48) & (slots - 1)
    }

    /// Lends the text of an image to `body`; false where it is not here.
    @inline(__always)
    func lend(_ image: secd_image, _ body: (RawSpan) -> Void) -> Bool {
        let slot = Self.slot(image)
        let entry = entries[slot]
        guard entry.length > 0, entry.image.pid == image.pid, entry.image.start_ns == image.start_ns else {
            return false
        }
        let start = slot * Self.textLimit
        unsafe body(texts.span.bytes.extracting(start..<start + entry.length))
        return true
    }

    /// Keeps the text of an image.
    mutating func keep(_ image: secd_image, _ text: RawSpan) {
        guard text.byteCount <= Self.textLimit else { return }
        let slot = Self.slot(image)
        entries[slot] = Entry(image: image, length: text.byteCount)
        unsafe texts.withUnsafeMutableBytes { texts in
            unsafe text.withUnsafeBytes { text in
                let place = unsafe UnsafeMutableRawBufferPointer(rebasing: texts[(slot * Self.textLimit)...])
                unsafe place.copyMemory(from: text)
            }
        }
    }
}
