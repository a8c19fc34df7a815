import LinuxSystem

/// Bytes that give access: a certificate, a key, a token. Those in files are read again for every connection, so
/// that whoever renews them needs to tell nobody.
package enum Secret: Sendable, Hashable {
    /// They stand in the configuration.
    case inline([UInt8])
    /// They stand in this file.
    case file(String)

    /// Bytes of a file; chains of certificates are long.
    private static let longest = 1 << 20

    /// The bytes as they are now.
    /// - Throws: `APIFailure.credentials` where there is no such file.
    package func bytes() throws(APIFailure) -> [UInt8] {
        switch self {
        case .inline(let bytes): return bytes
        case .file(let path):
            guard let bytes = BoundedFile.read(path, limit: Self.longest) else {
                throw .credentials("\(path) is no readable file of at most \(Self.longest >> 20) MiB")
            }
            return bytes
        }
    }

    /// The bytes as a token of HTTP's `Authorization: Bearer`.
    /// - Throws: `APIFailure.credentials` where they are none: they go into a header, and nobody may add lines there.
    package func token() throws(APIFailure) -> String {
        let bytes = try bytes().filter { !($0 == 0x0a || $0 == 0x0d || $0 == 0x20) }
        guard !bytes.isEmpty, bytes.count <= 65_536, bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .credentials("the token\(place) is empty, too long, or has characters that no token has")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private var place: String {
        if case .file(let path) = self { " in \(path)" } else { "" }
    }
}
