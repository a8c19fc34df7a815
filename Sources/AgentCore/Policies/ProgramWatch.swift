import Glibc
import LinuxSystem
package import SystemPackage

/// Tells when a program that policies name is another file than before, or there at last. One that goes away
/// is not told: probes stay with it, and so do the processes that run it. Of programs that conditions compare it
/// is told that links lead elsewhere than they did.
package struct ProgramWatch: ~Copyable {
    private static let wanted: Inotify.Events = [.written, .made, .movedHere]

    private let inotify: Inotify

    /// The directory of each watch, and the names that count there.
    private struct Watched {
        var directory: String
        /// Of programs.
        var names: Set<String> = []
        /// On the way to programs that conditions compare.
        var steps: Set<String> = []
    }

    private var watches: [Int32: Watched] = [:]
    private var paths: Set<String> = []
    /// Programs that conditions compare, and where each of them led at the last look.
    private var binaries: Set<String> = []
    private var destinations: [String: String] = [:]
    /// Since the policies were checked, and before this began to watch.
    private(set) var hasMoved = false

    /// The number, to wait for with poll or epoll.
    var raw: Int32 { inotify.raw }

    package init() throws(Errno) {
        inotify = try Inotify()
    }

    /// Watches these programs, and no others.
    /// - Parameter binaries: paths that conditions compare, with the files that they led to when checked.
    package mutating func follow(_ paths: Set<String>, binaries: Set<String> = []) {
        guard paths != self.paths || binaries != self.binaries else { return }
        self.paths = paths
        self.binaries = binaries
        renew()
        hasMoved = hasMoved || destinations.values.contains { !binaries.contains($0) }
    }

    /// Whether a program has changed since the last look. Does not wait.
    package mutating func take() -> Bool {
        var isChanged = hasMoved
        var isElsewhere = false
        hasMoved = false
        let watches = watches
        do throws(Errno) {
            try inotify.drain { watch, events, name in
                if events.contains(.overflow) { isChanged = true }
                guard let known = watches[watch] else { return }
                // What is written to stays where it is.
                if known.steps.contains(name), events != .written { isElsewhere = true }
                guard known.names.contains(name) else { return }
                // A new file is told again when its writer closes it; of a link nothing more comes.
                if events.contains(.made), !Self.isComplete("\(known.directory)/\(name)") { return }
                isChanged = true
            }
        } catch {
            isChanged = true
        }
        // Links may lead elsewhere now.
        if isChanged || isElsewhere {
            let before = destinations
            renew()
            isChanged = isChanged || destinations != before
        }
        return isChanged
    }

    private mutating func renew() {
        var current: [Int32: Watched] = [:]
        for path in paths {
            for file in Set([path, Self.resolved(path)]) {
                let (directory, name) = Self.split(file)
                guard let watch = try? inotify.watch(directory, Self.wanted) else { continue }
                current[watch, default: Watched(directory: directory)].names.insert(name)
            }
        }
        // Each directory is watched before a link in it is read, so that no move is missed.
        var known: [String: Int32] = [:]
        for path in binaries where path.hasPrefix("/") {
            LinkTrail.walk(path) { directory, name in
                guard let watch = known[directory] ?? (try? inotify.watch(directory, Self.wanted))
                else { return }
                known[directory] = watch
                current[watch, default: Watched(directory: directory)].steps.insert(name)
            }
            destinations[path] = Self.resolved(path)
        }
        destinations = destinations.filter { binaries.contains($0.key) }
        for watch in watches.keys where current[watch] == nil { inotify.unwatch(watch) }
        watches = current
    }

    /// Whether a name that was just made holds all that it will.
    private static func isComplete(_ path: String) -> Bool {
        guard let status = try? FileStatus(path: path) else { return false }
        return status.kind != .regular || status.links > 1
    }

    private static func resolved(_ path: String) -> String {
        guard let text = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    private static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        return (directory, String(path[path.index(after: slash)...]))
    }
}
