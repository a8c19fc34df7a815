import CLinuxShims
import Glibc
import SystemPackage

/// Files of YAML as the operator names them (policies, manifests): files, and directories of `*.yaml` and
/// `*.yml`.
public struct ConfiguredFiles: Sendable {
    /// What a file holds.
    public enum Content: Sendable {
        case bytes([UInt8])
        /// Why not.
        case unreadable(String)
    }

    /// As configured.
    public let paths: [String]
    /// What they hold, for messages: `policies`.
    private let what: String

    public init(_ paths: [String], of what: String) {
        self.paths = paths
        self.what = what
    }

    /// The files that are there, sorted, and why some are not.
    public func list() -> (files: [String], problems: [String]) {
        var files: Set<String> = []
        var problems: [String] = []
        for path in paths {
            switch Self.kind(of: path) {
            case .directory:
                do throws(Errno) {
                    for name in try FileTree.names(in: path) where Self.isMeant(name) {
                        files.insert(Self.join(path, name))
                    }
                } catch {
                    problems.append("cannot read the \(what) in \(path): \(error)")
                }
            case .file: files.insert(path)
            case .missing(let reason): problems.append("no \(what) from \(path): \(reason)")
            }
        }
        return (files.sorted(), problems)
    }

    /// Whether a path is one of those that `list` would name if it were there.
    public func contains(_ path: String) -> Bool {
        if paths.contains(path) { return Self.kind(of: path) != .directory }
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        return Self.isMeant(name) && paths.contains { Self.join($0, name) == path }
    }

    /// Hidden files are those of editors, and of volumes that Kubernetes mounts.
    private static func isMeant(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    private enum Kind: Equatable {
        case directory, file
        case missing(String)
    }

    private static func kind(of path: String) -> Kind {
        do throws(Errno) {
            return try FileStatus(following: path).kind == .directory ? .directory : .file
        } catch {
            return .missing("\(error)")
        }
    }

    /// A file whole. Links are followed: volumes that Kubernetes mounts consist of them.
    /// - Parameter limit: bytes; a longer file is not read.
    public static func read(_ path: String, limit: Int) -> Content {
        do throws(Errno) {
            // Not to wait for a writer, should it be a pipe.
            let file = try OwnedFD { unsafe secd_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0) }
            let status = try FileStatus(file)
            guard status.kind == .regular else { return .unreadable("it is no ordinary file") }
            guard status.size <= UInt64(limit) else {
                return .unreadable("it has \(status.size) bytes; at most \(limit) are read")
            }
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while bytes.count <= limit {
                let count = try file.read(into: &piece)
                if count == 0 { return .bytes(bytes) }
                bytes += piece[..<count]
            }
            return .unreadable("it grew beyond \(limit) bytes while it was read")
        } catch {
            return .unreadable("\(error)")
        }
    }
}
