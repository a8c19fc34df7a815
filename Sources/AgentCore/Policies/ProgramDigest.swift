import Crypto
import PolicyCompiler

/// Digests of programs that `binaryDigests` of policies name.
enum ProgramDigest {
    /// Bytes that are hashed in one piece.
    private static let piece = 1 << 18

    /// In lower-case hexadecimal; nil where the algorithm is not known, or the file cannot be read.
    static func text(_ program: OpenProgram, _ algorithm: String) -> String? {
        switch algorithm {
        case "sha1": digest(program, Insecure.SHA1())
        case "sha256": digest(program, SHA256())
        case "sha384": digest(program, SHA384())
        case "sha512": digest(program, SHA512())
        default: nil
        }
    }

    private static func digest(_ program: OpenProgram, _ begun: some HashFunction) -> String? {
        var hash = begun
        var offset: UInt64 = 0
        while offset < program.identity.size {
            let length = Int(min(UInt64(piece), program.identity.size - offset))
            guard let bytes = program.read(at: offset, count: length) else { return nil }
            hash.update(data: bytes)
            offset += UInt64(length)
        }
        return hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
