import LinuxSystem
import SystemPackage
import TextEncoding

/// Names of rotated files: `events.json.20261120T083000.123Z`, compressed with `.gz` behind it.
///
/// The time is that of the rotation, UTC, by the clock of the machine. The name begins with the
/// file's own, so `events.json*` is the whole log, and in the order of `ls` unless the clock was set
/// back.
struct BackupFiles: Sendable {
    struct Backup: Sendable, Equatable {
        /// Without `.gz`.
        var path: String
        var isPlain: Bool
        var isCompressed: Bool
    }

    let path: String

    private var directory: String { PathText.directory(of: path) ?? "." }
    private var prefix: String { PathText.name(of: path) + "." }

    static let compressedSuffix = ".gz"
    static let unfinishedSuffix = ".gz.tmp"

    /// The name of a file that is rotated now.
    func path(for time: UnixTime) -> String {
        var text = OutputBuffer(capacity: 64)
        text.append(rfc3339: time)
        let digits = String(decoding: text.copyToArray(), as: UTF8.self).filter { $0 != "-" && $0 != ":" }
        return "\(path).\(digits.prefix(19))Z"
    }

    /// All rotated files, oldest first.
    func list() throws(Errno) -> [Backup] {
        var found: [String: Backup] = [:]
        for name in try FileTree.names(in: directory) where name.hasPrefix(prefix) {
            let isCompressed = name.hasSuffix(Self.compressedSuffix)
            let stem = isCompressed ? String(name.dropLast(Self.compressedSuffix.count)) : name
            guard Self.isStamp(stem.dropFirst(prefix.count)) else { continue }
            let path = "\(directory)/\(stem)"
            var backup = found[stem] ?? Backup(path: path, isPlain: false, isCompressed: false)
            if isCompressed { backup.isCompressed = true } else { backup.isPlain = true }
            found[stem] = backup
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What a daemon that was killed while compressing has left.
    func unfinished() throws(Errno) -> [String] {
        try FileTree.names(in: directory)
            .filter { $0.hasPrefix(prefix) && $0.hasSuffix(Self.unfinishedSuffix) }
            .map { "\(directory)/\($0)" }
    }

    /// Whether a name is one of ours: other files beside the log are left alone.
    private static func isStamp(_ text: Substring) -> Bool {
        text.utf8.count == 20
            && zip(text.utf8, "00000000T000000.000Z".utf8).allSatisfy { byte, form in
                form == UInt8(ascii: "0")
                    ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == form
            }
    }
}

/// Paths as text.
enum PathText {
    /// What is before the last slash; nil where there is none.
    static func directory(of path: String) -> String? {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
