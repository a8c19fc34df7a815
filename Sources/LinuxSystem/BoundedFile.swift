import Glibc
package import SystemPackage

/// Files that others wrote: regular ones only, and no more of them than there is room for.
package enum BoundedFile {
    /// The content; nil where there is no such regular file, or a longer one than `limit` bytes.
    package static func read(_ path: String, limit: Int) -> [UInt8]? {
        try? content(of: path, limit: limit)
    }

    /// The same for those who must know why there is none.
    /// - Throws: `.invalidArgument` where it is no regular file, `.fileTooLarge` beyond the limit, and the kernel's errors.
    package static func content(of path: String, limit: Int) throws(Errno) -> [UInt8] {
        // O_NONBLOCK: somebody may have put a pipe there.
        let file = try OwnedFD.open(path, O_RDONLY | O_NONBLOCK)
        let status = try FileStatus(file)
        guard status.kind == .regular else { throw .invalidArgument }
        guard status.size <= UInt64(limit) else { throw .fileTooLarge }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while content.count <= limit {
            let count = try file.read(into: &chunk)
            if count == 0 { return content }
            content += chunk[..<count]
        }
        throw .fileTooLarge
    }
}
