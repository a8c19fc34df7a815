import Foundation

/// Finds and reads files of policies.
package enum PolicyFiles {
    package enum Content {
        case bytes([UInt8])
        case tooLarge(Int)
    }

    /// The files of the arguments: folders give the YAML files below them, sorted.
    package static func list(_ paths: [String]) throws -> [String] {
        try paths.flatMap { path -> [String] in
            var isFolder: ObjCBool = false
            guard path != "-", unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
                isFolder.boolValue
            else { return [path] }
            guard let walk = FileManager.default.enumerator(atPath: path) else {
                throw InputError("cannot read the folder \(path)")
            }
            var found: [String] = []
            for case let name as String in walk where name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                found.append(path.hasSuffix("/") ? path + name : "\(path)/\(name)")
            }
            return found.sorted()
        }
    }

    /// At most `limit` bytes; of a larger file nothing is read but its size.
    package static func read(_ path: String, limit: Int) throws -> Content {
        let descriptor =
            path == "-" ? dup(STDIN_FILENO) : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw InputError("cannot open \(path): \(InputError.text(of: errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw InputError("cannot look at \(path): \(InputError.text(of: errno))")
        }
        let kind = status.st_mode & S_IFMT
        if kind == S_IFREG, status.st_size > limit { return .tooLarge(Int(status.st_size)) }
        guard path == "-" || kind == S_IFREG else { throw InputError("\(path) is no ordinary file") }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                unsafe Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count == 0 { return .bytes(bytes) }
            if count < 0 {
                if errno == EINTR { continue }
                throw InputError("cannot read \(path): \(InputError.text(of: errno))")
            }
            bytes += piece[..<count]
        }
        return .tooLarge(bytes.count)
    }
}
