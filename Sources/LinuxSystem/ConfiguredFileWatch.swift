public import SystemPackage

/// Tells which of the configured files changed. A file counts as changed when its writer closes it, or when
/// its name comes or goes: never while it is half-written.
public struct ConfiguredFileWatch: ~Copyable {
    /// What has happened since the last look.
    public enum Change: Equatable, Sendable {
        case nothing
        /// These were written, replaced or removed.
        case files(Set<String>)
        /// Directories changed, or more happened than was kept: look at everything.
        case everything
    }

    private static let wanted: Inotify.Events = [
        .written, .made, .movedHere, .movedAway, .removed, .directoryGone,
    ]
    /// What a volume of Kubernetes renames when its files change together.
    private static let volumeLink = "..data"

    private let files: ConfiguredFiles
    private let inotify: Inotify
    /// The directory of each watch.
    private var directories: [Int32: String] = [:]

    /// The number, to wait for with poll or epoll.
    public var raw: Int32 { inotify.raw }

    /// Watches from now on.
    /// - Throws: `Errno` where the kernel gives no descriptor.
    public init(_ files: ConfiguredFiles) throws(Errno) {
        self.files = files
        inotify = try Inotify()
        renew()
    }

    /// Watches the directories that hold files, and those in which missing ones would appear.
    public mutating func renew() {
        var current: [Int32: String] = [:]
        for path in files.paths {
            var directory = path
            // A directory of files, then what holds it: it may come, go, or be replaced.
            if let watch = try? inotify.watch(directory, Self.wanted) { current[watch] = directory }
            repeat {
                directory = Self.parent(of: directory)
                if let watch = try? inotify.watch(directory, Self.wanted) {
                    current[watch] = current[watch] ?? directory
                    break
                }
            } while directory != "/"
        }
        for watch in directories.keys where current[watch] == nil { inotify.unwatch(watch) }
        directories = current
    }

    /// What has happened. Does not wait.
    public mutating func take() -> Change {
        var changed: Set<String> = []
        var isEverything = false
        let known = directories
        let files = files
        do throws(Errno) {
            try inotify.drain { watch, events, name in
                guard let directory = known[watch] else {
                    isEverything = isEverything || events.contains(.overflow)
                    return
                }
                if !events.isDisjoint(with: [.directoryGone, .watchEnded]) {
                    isEverything = true
                    return
                }
                switch Self.meaning(ConfiguredFiles.join(directory, name), name, events, files) {
                case .nothing: break
                case .files(let paths): changed.formUnion(paths)
                case .everything: isEverything = true
                }
            }
        } catch {
            isEverything = true
        }
        if isEverything {
            renew()
            return .everything
        }
        return changed.isEmpty ? .nothing : .files(changed)
    }

    private static func meaning(
        _ path: String, _ name: String, _ events: Inotify.Events, _ files: ConfiguredFiles
    ) -> Change {
        // A new file is told again when its writer closes it; of a link or a directory nothing more comes.
        if events.contains(.made), !isComplete(path) { return .nothing }
        if name == volumeLink || files.paths.contains(where: { isAtOrAbove(path, $0) && $0 != path }) {
            return .everything
        }
        if files.contains(path) { return .files([path]) }
        // What is a directory of files now, or was one.
        return files.paths.contains(path) ? .everything : .nothing
    }

    /// Whether a name that was just made holds all that it will.
    private static func isComplete(_ path: String) -> Bool {
        guard let status = try? FileStatus(path: path) else { return false }
        return status.kind != .regular || status.links > 1
    }

    private static func isAtOrAbove(_ path: String, _ other: String) -> Bool {
        other == path || other.hasPrefix(path.hasSuffix("/") ? path : path + "/")
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
