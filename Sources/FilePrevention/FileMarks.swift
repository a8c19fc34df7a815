import CLinuxShims
import Glibc
import LinuxSystem
import SystemPackage

/// The marks of one group: for each file that policies name its inode, whatever its names become, and its
/// directory, for the file that will have the name next. The directory's other files are left out where they
/// were there before. Has one owner.
final class FileMarks: @unchecked Sendable {
    // @unchecked: `FilePrevention` changes it under its lock.
    /// What is wanted of the names in a directory.
    private struct Interest {
        var names: [String: FileEvents] = [:]
        /// Names that begin so; an empty beginning wants all of them.
        var beginnings: [String: FileEvents] = [:]
        /// The path of a policy is missing from here on: it is looked for again when this name comes.
        var missing: [String: [WantedFiles]] = [:]

        var events: FileEvents {
            (Array(names.values) + Array(beginnings.values)).reduce(into: FileEvents()) { $0.formUnion($1) }
        }

        func events(of name: String) -> FileEvents {
            beginnings.reduce(into: names[name] ?? []) { events, beginning in
                if name.hasPrefix(beginning.key) { events.formUnion(beginning.value) }
            }
        }
    }

    /// Directories of one group: each costs an inode in memory and a watch.
    private static let directoriesMost = 16_384

    let group: FanotifyGroup
    /// Tells of new names in the directories.
    let changes: Inotify
    let wanted: [WantedFiles]
    /// Files by the names that policies have for them.
    private(set) var names: [MarkedName] = []
    /// Number of each, to find them among the files of a directory.
    private var inodes: Set<UInt64> = []
    private var interests: [String: Interest] = [:]
    private var marked: Set<String> = []
    private var watches: [Int32: String] = [:]

    /// Marks nothing yet.
    init(_ wanted: [WantedFiles], hasLimit: Bool) throws(Errno) {
        self.wanted = wanted
        group = try FanotifyGroup(hasLimit: hasLimit)
        changes = try Inotify()
    }

    /// Makes all marks.
    func begin() throws(FilePreventionFailure) {
        for files in wanted { try resolve(files) }
        for directory in interests.keys.sorted() { try enter(directory) }
    }

    // MARK: Names

    private func resolve(_ files: WantedFiles) throws(FilePreventionFailure) {
        if files.isPrefix { return try resolve(beginning: files) }
        guard let real = Self.realPath(files.path) else { return miss(files) }
        try mark(real, files.path, files.events, of: files)
        let (directory, name) = Self.split(real)
        interests[directory, default: Interest()].names[name, default: []].formUnion(files.events)
    }

    private func resolve(beginning files: WantedFiles) throws(FilePreventionFailure) {
        let (directory, name) = Self.split(files.path)
        guard let real = Self.realPath(directory) else { return miss(files) }
        guard real == directory else {
            throw FilePreventionFailure(
                path: files.path, reason: "\(directory) leads through a link: files below it are at \(real)")
        }
        try descend(directory, name, files)
    }

    /// A directory with those below it whose names begin so.
    private func descend(
        _ directory: String, _ beginning: String, _ files: WantedFiles
    ) throws(FilePreventionFailure) {
        guard interests.count < Self.directoriesMost else {
            throw FilePreventionFailure(
                path: files.path,
                reason: "\(files.path): files of at most \(Self.directoriesMost) directories are asked about")
        }
        interests[directory, default: Interest()].beginnings[beginning, default: []]
            .formUnion(files.events)
        for name in (try? FileTree.names(in: directory)) ?? [] where name.hasPrefix(beginning) {
            let path = Self.join(directory, name)
            guard let status = try? FileStatus(path: path) else { continue }
            switch status.kind {
            case .directory: try descend(path, "", files)
            // It can be opened by another name, too, which may be in no marked directory.
            case .regular where status.links > 1: try mark(path, path, files.events, of: files)
            default: break
            }
        }
    }

    /// Where the path ends for now.
    private func miss(_ files: WantedFiles) {
        var (directory, name) = Self.split(files.path)
        while true {
            if let real = Self.realPath(directory) {
                if !files.isPrefix, Self.join(directory, name) == files.path {
                    // The directory is there: the file is asked about from its first moment on.
                    interests[real, default: Interest()].names[name, default: []].formUnion(files.events)
                }
                interests[real, default: Interest()].missing[name, default: []].append(files)
                return
            }
            guard directory != "/" else { return }
            (directory, name) = Self.split(directory)
        }
    }

    // MARK: Marks

    private func mark(
        _ path: String, _ name: String, _ events: FileEvents, of files: WantedFiles
    ) throws(FilePreventionFailure) {
        var identity = secd_file_identity()
        guard unsafe secd_file_identity(AT_FDCWD, path, &identity) == 0 else { return }
        let isDirectory = identity.mode & S_IFMT == S_IFDIR
        // Directories are opened, and nothing else.
        let own = isDirectory ? events.intersection(.open).union(.ofDirectories) : events
        guard !isDirectory || events.contains(.open) else { return }
        do throws(Errno) {
            try group.mark(path, own)
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw Self.failure(path, events, error, of: files.path)
        }
        inodes.insert(identity.inode)
        names.append(MarkedName(identity: identity, name: Array(name.utf8), events: events))
    }

    /// Asks about what comes into a directory, and leaves out what is there and nobody wants.
    private func enter(_ directory: String) throws(FilePreventionFailure) {
        guard let interest = interests[directory] else { return }
        if let watch = try? changes.watch(directory, [.made, .movedHere]) { watches[watch] = directory }
        guard !interest.events.isEmpty, marked.insert(directory).inserted else { return }
        do throws(Errno) {
            try group.mark(directory, interest.events.union(.onChild))
        } catch {
            if error == .noSuchFileOrDirectory { return }
            throw Self.failure(directory, interest.events, error, of: blamed(directory))
        }
        guard interest.beginnings[""] == nil else { return }
        for name in (try? FileTree.names(in: directory)) ?? [] where interest.events(of: name).isEmpty {
            let path = Self.join(directory, name)
            guard let status = try? FileStatus(path: path), status.kind == .regular,
                // Another name of a marked file: the kernel would leave the file out as a whole.
                !inodes.contains(status.inode)
            else { continue }
            try? group.ignore(path)
        }
    }

    /// The path of a policy because of which a directory is marked.
    private func blamed(_ directory: String) -> String {
        wanted.first { $0.path.hasPrefix(directory) }?.path ?? wanted.first?.path ?? directory
    }

    private static func failure(
        _ path: String, _ events: FileEvents, _ error: Errno, of wanted: String
    ) -> FilePreventionFailure {
        let what = events.contains(.content) ? "reads and writes (it needs ext4, XFS or Btrfs)" : "opens"
        let reason =
            error == .notSupportedOnSocket || error == .notSupported || error == .invalidArgument
            ? "its file system does not let fanotify ask about \(what)" : error.description
        return FilePreventionFailure(path: wanted, reason: "\(path): \(reason)")
    }

    // MARK: Changes

    /// Marks what has come into the directories since the last call.
    /// - Returns: whether `names` has more, and files that could not be marked.
    func follow() -> (hasMore: Bool, failures: [FilePreventionFailure]) {
        let before = names.count
        var failures: [FilePreventionFailure] = []
        var seen: Set<String> = []
        var came: [(directory: String, name: String)] = []
        try? changes.drain { watch, events, name in
            guard let directory = watches[watch], !name.isEmpty,
                seen.insert(Self.join(directory, name)).inserted
            else { return }
            came.append((directory, name))
        }
        for index in came.indices {
            do throws(FilePreventionFailure) {
                try follow(came[index].directory, came[index].name)
            } catch {
                failures.append(error)
            }
        }
        return (names.count != before, failures)
    }

    private func follow(_ directory: String, _ name: String) throws(FilePreventionFailure) {
        guard let interest = interests[directory] else { return }
        let path = Self.join(directory, name)
        let events = interest.events(of: name)
        if !events.isEmpty {
            // It may have been left out under the name that it had before.
            try? group.respect(path)
            if interest.names[name] != nil {
                for files in wanted where !files.isPrefix && Self.realPath(files.path) == path {
                    try mark(path, files.path, files.events, of: files)
                }
            }
        }
        let known = Set(interests.keys)
        for files in interest.missing[name] ?? [] { try resolve(files) }
        if let status = try? FileStatus(path: path), status.kind == .directory {
            let beginnings = interest.beginnings.filter { name.hasPrefix($0.key) }
            for beginning in beginnings {
                try descend(
                    path, "", WantedFiles(path: path, isPrefix: true, events: beginning.value))
            }
        }
        for new in interests.keys where !known.contains(new) { try enter(new) }
    }

    // MARK: Paths

    /// Without links; nil where there is nothing.
    static func realPath(_ path: String) -> String? {
        guard let real = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(real) }
        return unsafe String(cString: real)
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("/", path) }
        let name = String(path[path.utf8.index(after: slash)...])
        let directory = String(path[..<slash])
        return (directory.isEmpty ? "/" : directory, name)
    }

    static func join(_ directory: String, _ name: String) -> String {
        directory == "/" ? "/" + name : directory + "/" + name
    }
}
