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
        let bytes = base64.withUTF8Buffer { unsafe Self.decode($0) }
        release()
        return bytes
    }

    /// Base64 (RFC 4648, section 4) as the build writes it: whole words, without line breaks. A megabyte a millisecond,
    /// because every start waits for it.
    private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let digits = unsafe text.prefix { $0 != UInt8(ascii: "=") }.count
        return unsafe [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3) { bytes, count in
            unsafe values.withUnsafeBufferPointer { values in
                for start in stride(from: 0, to: digits & ~3, by: 4) {
                    let high = unsafe values[Int(text[start])] << 18 | values[Int(text[start + 1])] << 12
                    let word = unsafe high | values[Int(text[start + 2])] << 6 | values[Int(text[start + 3])]
                    unsafe bytes[count] = UInt8(truncatingIfNeeded: word >> 16)
                    unsafe bytes[count + 1] = UInt8(truncatingIfNeeded: word >> 8)
                    unsafe bytes[count + 2] = UInt8(truncatingIfNeeded: word)
                    count += 3
                }
                var word: UInt32 = 0
                for index in (digits & ~3)..<digits { unsafe word = word << 6 | values[Int(text[index])] }
                // Two digits are left for one byte, three for two.
                word <<= UInt32(6 * (4 - digits & 3))
                if digits & 3 > 1 {
                    unsafe bytes[count] = UInt8(truncatingIfNeeded: word >> 16)
                    count += 1
                }
                if digits & 3 > 2 {
                    unsafe bytes[count] = UInt8(truncatingIfNeeded: word >> 8)
                    count += 1
                }
            }
        }
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

    /// Digit → its value.
    private static let values: [UInt32] = {
        var values = [UInt32](repeating: 0, count: 256)
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt32(value) }
        return values
    }()
}
