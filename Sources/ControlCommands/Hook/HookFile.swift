import Foundation

/// Files that runtimes and engines wrote: regular ones only, and no more of them than is expected.
enum HookFile {
    /// The content; nil where there is no such regular file, or a longer one.
    static func read(_ path: String, limit: Int) -> Data? {
        // O_NONBLOCK: somebody may have put a pipe there.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let content = try? file.read(upToCount: limit + 1), content.count <= limit
        else { return nil }
        return content
    }

    /// A file of JSON; nil also where it is something else.
    static func decode<Value: Decodable>(_: Value.Type, _ path: String, limit: Int) -> Value? {
        read(path, limit: limit).flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }
}
