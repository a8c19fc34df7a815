import Foundation

/// Bytes of a file, of a compressed file, or of stdin, in pieces.
final class ByteSource {
    private enum Backing {
        case plain(Int32)
        case compressed(GzipFile)
    }

    let name: String
    private let backing: Backing

    /// stdin.
    init() {
        name = "stdin"
        backing = .plain(STDIN_FILENO)
    }

    /// A file; its first bytes say whether it is compressed, not its name.
    init(path: String) throws(InputError) {
        name = path
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw InputError("open", path, errno: errno) }
        var status = stat()
        if unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw InputError(
                "cannot read \(path): it is a directory; give the files in it (\(path)/events.json*)")
        }
        var magic: [UInt8] = [0, 0, 0, 0]
        let count = unsafe pread(descriptor, &magic, 4, 0)
        if count >= 2, magic[0] == 0x1F, magic[1] == 0x8B {
            backing = .compressed(try GzipFile(descriptor: descriptor, path: path))
        } else if count == 4, magic == [0x28, 0xB5, 0x2F, 0xFD] {
            close(descriptor)
            throw InputError(
                "\(path) is compressed with zstd; unpack it first: zstd -dc \(path) | secctl … -")
        } else {
            backing = .plain(descriptor)
        }
    }

    deinit {
        if case .plain(let descriptor) = backing, descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// Reads up to `limit` bytes into `buffer` from `offset` on. 0 = the end.
    func read(into buffer: inout [UInt8], at offset: Int, limit: Int) throws(InputError) -> Int {
        switch backing {
        case .compressed(let file): return try file.read(into: &buffer, at: offset, limit: limit)
        case .plain(let descriptor):
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes { bytes in
                    unsafe Foundation.read(descriptor, bytes.baseAddress?.advanced(by: offset), limit)
                }
                if count >= 0 { return count }
                guard errno == EINTR else { throw InputError("read", name, errno: errno) }
            }
        }
    }
}
