import Glibc
import SystemPackage

/// Files that others wrote: regular ones only, and no more of them than there is room for.
package enum BoundedFile {
    /// The content; nil where there is no such regular file, or a longer one than `limit` bytes.
    package static func read(_ path: String, limit: Int) -> [UInt8]? {
        // O_NONBLOCK: somebody may have put a pipe there.
        guard let file = try? OwnedFD.open(path, O_RDONLY | O_NONBLOCK),
            let status = try? FileStatus(file), status.kind == .regular, status.size <= UInt64(limit)
        else { return nil }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while content.count <= limit {
            guard let count = try? file.read(into: &chunk) else { return nil }
            if count == 0 { return content }
            content += chunk[..<count]
        }
        return nil
    }
}
