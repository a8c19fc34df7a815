import Glibc
import YAMLReader

/// Reads a configuration file as text.
enum ConfigurationFile {
    /// Bytes; what is longer is no configuration.
    static let limit = 1 << 20

    /// The file's text; nil where it does not exist and `mayBeAbsent`.
    static func read(_ path: String, mayBeAbsent: Bool) throws(ConfigurationError) -> SourceText? {
        // Non-blocking, so that a FIFO by mistake is an error and not a daemon that never starts.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let number = errno
            if number == ENOENT, mayBeAbsent { return nil }
            let hint =
                switch number {
                case ENOENT: "create it, or leave --config out"
                case EACCES: "it must be readable for the user that secd runs as"
                default: ""
                }
            throw failure(path, number, hint)
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var length = 0
        while length < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe Glibc.read(descriptor, $0.baseAddress.map { unsafe $0 + length }, $0.count - length)
            }
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(
                    path, errno,
                    errno == EISDIR ? "--config takes a file; policies are named with --policy" : "")
            }
            length += count
        }
        bytes.removeSubrange(length...)
        return SourceText(file: path, bytes: bytes)
    }

    /// The directory that relative paths of flags start from.
    static var workingDirectory: String? {
        guard let path = unsafe getcwd(nil, 0) else { return nil }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func failure(_ path: String, _ number: Int32, _ hint: String) -> ConfigurationError {
        let reason = unsafe strerror(number).map { unsafe String(cString: $0) } ?? "error \(number)"
        return ConfigurationError([Diagnostic(file: path, message: "cannot be read: \(reason)", hint: hint)])
    }
}
