import CLinuxShims
import Glibc
import LinuxSystem
import PolicyCompiler
import SystemPackage
import YAMLReader

/// Files of policies as the operator names them: files, and directories of `*.yaml` and `*.yml`.
package struct PolicyFiles: Sendable {
    /// What a file holds.
    enum Content {
        case bytes([UInt8])
        case unreadable(String)
    }

    /// A larger file is refused unread.
    static var limit: Int { PolicyReader.limits.bytes }

    /// As configured.
    let paths: [String]

    package init(_ paths: [String]) {
        self.paths = paths
    }

    /// The files that are there, sorted, and why some are not.
    func list() -> (files: [String], problems: [String]) {
        var files: Set<String> = []
        var problems: [String] = []
        for path in paths {
            switch Self.kind(of: path) {
            case .directory:
                do throws(Errno) {
                    for name in try FileTree.names(in: path) where Self.isPolicy(name) {
                        files.insert(Self.join(path, name))
                    }
                } catch {
                    problems.append("cannot read the policies in \(path): \(error)")
                }
            case .file: files.insert(path)
            case .missing(let reason): problems.append("no policies from \(path): \(reason)")
            }
        }
        return (files.sorted(), problems)
    }

    /// Whether a path is one of those that `list` would name if it were there.
    func contains(_ path: String) -> Bool {
        if paths.contains(path) { return Self.kind(of: path) != .directory }
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        return Self.isPolicy(name) && paths.contains { Self.join($0, name) == path }
    }

    /// Hidden files are those of editors, and of volumes that Kubernetes mounts.
    static func isPolicy(_ name: String) -> Bool {
        !name.hasPrefix(".") && (name.hasSuffix(".yaml") || name.hasSuffix(".yml"))
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
    }

    /// Whether there is something at a path, links followed.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    private enum Kind: Equatable {
        case directory, file
        case missing(String)
    }

    private static func kind(of path: String) -> Kind {
        var status = stat()
        do throws(Errno) {
            try SystemCall.result { unsafe stat(path, &status) }
        } catch {
            return .missing("\(error)")
        }
        return status.st_mode & S_IFMT == S_IFDIR ? .directory : .file
    }

    /// A file whole. Links are followed: volumes that Kubernetes mounts consist of them.
    static func read(_ path: String, limit: Int = PolicyFiles.limit) -> Content {
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
