import CZlib
import SecurityIdentity

/// One entry of the file of identities: what a number stands for, or that it stands for nothing any more.
///
///     1 byte    + or -
///     4 bytes   the number
///     4 bytes   length of the text, 0 behind a minus
///     n bytes   the canonical text of the labels
///     4 bytes   CRC-32 of all before it
///
/// Numbers are little-endian.
enum IdentityRecord: Equatable {
    case bound(IdentityBinding)
    case unbound(NumericIdentity)

    /// Bytes of a record apart from its text.
    static let frame = 13

    /// What a file begins with: the format's name and version.
    static let magic = Array("secdids1".utf8)

    /// What the bytes of a file are, one after another.
    enum Reading: Equatable {
        /// A record, and where the next one begins.
        case record(IdentityRecord, end: Int)
        /// The file ends here.
        case end
        /// From here on nothing can be read: a record that was not written to its end, or damage.
        case damaged
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .bound(let binding):
            let text = binding.labels.keyBytes
            bytes.append(UInt8(ascii: "+"))
            Self.append(binding.number.rawValue, to: &bytes)
            Self.append(UInt32(text.count), to: &bytes)
            bytes += text
        case .unbound(let number):
            bytes.append(UInt8(ascii: "-"))
            Self.append(number.rawValue, to: &bytes)
            Self.append(0, to: &bytes)
        }
        Self.append(Self.checksum(bytes[...]), to: &bytes)
        return bytes
    }

    /// Reads the record that begins at `start`.
    static func read(_ file: [UInt8], at start: Int) -> Reading {
        if start == file.count { return .end }
        guard file.count - start >= frame else { return .damaged }
        let length = Int(number(file, at: start + 5))
        guard length <= LabelSet.longestText, file.count - start >= frame + length else { return .damaged }
        let end = start + 9 + length
        guard checksum(file[start..<end]) == number(file, at: end) else { return .damaged }
        let identity = NumericIdentity(rawValue: number(file, at: start + 1))
        switch file[start] {
        case UInt8(ascii: "-") where length == 0: return .record(.unbound(identity), end: end + 4)
        case UInt8(ascii: "+"):
            guard let labels = try? LabelSet(key: file[start + 9..<end]) else { return .damaged }
            return .record(.bound(IdentityBinding(identity, labels)), end: end + 4)
        default: return .damaged
        }
    }

    /// Whether the file ends before the record at `start` does: what remains of it where a write was interrupted.
    static func isCutOff(_ file: [UInt8], at start: Int) -> Bool {
        let left = file.count - start
        guard left >= 9 else { return true }
        let length = Int(number(file, at: start + 5))
        return length <= LabelSet.longestText && left < frame + length
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        unsafe bytes.withUnsafeBytes { buffer in
            UInt32(unsafe crc32(0, buffer.bindMemory(to: UInt8.self).baseAddress, UInt32(buffer.count)))
        }
    }
}
