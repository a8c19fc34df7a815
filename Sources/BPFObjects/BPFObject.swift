import Glibc

/// The compiled kernel programs of `bpf/`, embedded in the binary by the build.
///
/// Each `bpf/*/NAME.bpf.c` gives two members: `NAME` and `NAMEProbe` (see bpf/kernel/access.h).
public enum BPFObjects {}

/// One ELF object with BPF programs.
public struct BPFObject: Sendable {
    /// The source's name, `Probe` appended for the build with probe reads.
    public let name: String
    let base64: StaticString

    /// The ELF file.
    public var elf: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(base64.utf8CodeUnitCount / 4 * 3)
        var word: UInt32 = 0
        var digits = 0
        base64.withUTF8Buffer { text in
            // By index: swift-format joins the words of `for unsafe character`.
            for index in text.indices {
                guard let digit = unsafe Self.digit(text[index]) else { continue }
                word = word << 6 | digit
                digits += 1
                if digits == 4 {
                    bytes.append(UInt8(truncatingIfNeeded: word >> 16))
                    bytes.append(UInt8(truncatingIfNeeded: word >> 8))
                    bytes.append(UInt8(truncatingIfNeeded: word))
                    (word, digits) = (0, 0)
                }
            }
        }
        release()
        if digits >= 2 { bytes.append(UInt8(truncatingIfNeeded: (word << (6 * (4 - UInt32(digits)))) >> 16)) }
        if digits == 3 { bytes.append(UInt8(truncatingIfNeeded: (word << 6) >> 8)) }
        return bytes
    }

    /// Unmaps the text: it is needed once, and would count as the daemon's memory for ever.
    private func release() {
        base64.withUTF8Buffer { text in
            guard let start = text.baseAddress else { return }
            let page = 4096
            let first = (UInt(bitPattern: start) + UInt(page) - 1) & ~UInt(page - 1)
            let end = (UInt(bitPattern: start) + UInt(text.count)) & ~UInt(page - 1)
            // Whole pages inside the literal hold nothing else, and nobody ever wrote to them.
            guard first < end else { return }
            unsafe madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
        }
    }

    private static func digit(_ character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
