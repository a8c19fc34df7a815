public import LinuxSystem
import SystemPackage
import WorkloadModel

/// Containers of runc and crun, whoever started them, by the state directories that these keep: a directory
/// for each container, in which its state appears before its first program runs. What it tells is never all: names,
/// images and labels have those who start runtimes, so its containers are pending until everybody has looked.
public final class RuncProvider: WorkloadProvider {
    public let name = "runc"
    public private(set) var state = ProviderState.absent

    /// Where runtimes keep their state, and how many levels are above the containers' directories.
    private struct Root {
        var path: String
        /// A name for each namespace of containerd, or each user.
        var hasNamespaces = false
        /// Below the namespace.
        var below = ""
    }

    private static let usual = [
        Root(path: "/run/runc"), Root(path: "/run/crun"),
        Root(path: "/run/docker/runtime-runc", hasNamespaces: true),
        Root(path: "/run/docker/runtime-crun", hasNamespaces: true),
        Root(path: "/run/containerd/runc", hasNamespaces: true),
        Root(path: "/run/user", hasNamespaces: true, below: "/runc"),
        Root(path: "/run/user", hasNamespaces: true, below: "/crun"),
    ]
    /// Directories that are watched at most, and containers that are looked at to find one.
    private static let mostWatches = 16_384
    private static let mostContainers = 16_384

    private let cgroups: CgroupFiles
    private let roots: [Root]
    private var inotify: Inotify?
    /// Ids of containers whose directories came, newest last: one that lives an instant is gone before it is read.
    private var recent: [String] = []
    private static let mostRecent = 4096

    /// What each watch is for.
    private var watched: [Int32: Watched] = [:]
    private enum Watched {
        /// A directory of namespaces, or where one may appear.
        case above(String)
        /// A directory of containers.
        case containers(String)
        /// A container whose state is not there yet.
        case container(String)
    }

    /// - Parameters:
    ///   - hierarchy: that of the containers' cgroups.
    ///   - directories: beside those that runtimes use by default.
    public init(hierarchy: CgroupHierarchy, directories: [String] = []) {
        cgroups = CgroupFiles(hierarchy: hierarchy)
        roots = directories.map { Root(path: $0) } + Self.usual
    }

    public var descriptor: Int32? { inotify?.raw }

    public func begin() -> [FoundWorkload] {
        inotify = try? Inotify()
        guard inotify != nil else {
            state = .failing("the kernel gives no inotify descriptor")
            return []
        }
        watched = [:]
        let directories = watchRoots()
        // Where none exists yet, those above tell when one appears.
        state = watched.isEmpty ? .absent : .connected
        return directories.flatMap(list)
    }

    /// Watches what there is. Returns the directories that hold containers.
    private func watchRoots() -> [String] {
        var directories: [String] = []
        for root in roots {
            if root.hasNamespaces {
                watch(root.path, .above(root.path))
                for name in (try? FileTree.names(in: root.path)) ?? [] {
                    directories.append(root.path + "/" + name + root.below)
                }
            } else {
                directories.append(root.path)
            }
        }
        for directory in directories where !watch(directory, .containers(directory)) {
            watch(Self.parent(of: directory), .above(Self.parent(of: directory)))
        }
        // What is above directories that do not exist yet either.
        for parent in Set(roots.map { Self.parent(of: $0.path) }) where !watch(parent, .above(parent)) {
            watch(Self.parent(of: parent), .above(Self.parent(of: parent)))
        }
        return directories
    }

    @discardableResult
    private func watch(_ directory: String, _ purpose: Watched) -> Bool {
        guard watched.count < Self.mostWatches,
            let number = try? inotify?.watch(directory, [.made, .movedHere, .written, .directoryGone])
        else { return false }
        // A directory of containers that is also above others stays one.
        if case .above = purpose, watched[number] != nil { return true }
        watched[number] = purpose
        return true
    }

    public func changes() -> [FoundWorkload] {
        var found: [FoundWorkload] = []
        var isStale = false
        var events: [(watch: Int32, events: Inotify.Events, name: String)] = []
        do throws(Errno) {
            try inotify?.drain { watch, happened, name in events.append((watch, happened, name)) }
        } catch {
            isStale = true
        }
        for event in events {
            if event.events.contains(.overflow) { isStale = true }
            if event.events.contains(.watchEnded) {
                watched[event.watch] = nil
                continue
            }
            switch watched[event.watch] {
            case .above(let directory):
                let isNew = event.events.contains(.made) && isOnTheWay(directory + "/" + event.name)
                isStale = isStale || isNew
            case .containers(let directory):
                remember(event.name)
                found += appeared(directory + "/" + event.name)
            case .container(let directory):
                guard Self.stateFiles.contains(event.name), let workload = read(directory) else { continue }
                found.append(workload)
                watched[event.watch] = nil
                inotify?.unwatch(event.watch)
            case nil: break
            }
        }
        return isStale ? begin() : found
    }

    private func remember(_ id: String) {
        recent.append(id)
        if recent.count > Self.mostRecent { recent.removeFirst(Self.mostRecent / 2) }
    }

    /// Whether a directory leads to containers.
    private func isOnTheWay(_ path: String) -> Bool {
        roots.contains { root in
            root.path == path || root.path.hasPrefix(path + "/")
                || (root.hasNamespaces && path.hasPrefix(root.path + "/"))
        }
    }

    /// A container's directory: its state may be there already, or come.
    private func appeared(_ directory: String) -> [FoundWorkload] {
        guard watch(directory, .container(directory)) else { return [] }
        return read(directory).map { [$0] } ?? []
    }

    private func list(_ directory: String) -> [FoundWorkload] {
        let names = (try? FileTree.names(in: directory)) ?? []
        return names.prefix(Self.mostContainers).flatMap { name in
            remember(name)
            return appeared(directory + "/" + name)
        }
    }

    /// Of runc, and of crun.
    private static let stateFiles: Set = ["state.json", "status"]

    private func read(_ directory: String) -> FoundWorkload? {
        let id = directory.split(separator: "/").last.map(String.init) ?? ""
        let read: Workload?
        if let bytes = BoundedFile.read(directory + "/state.json", limit: OCIState.longestState) {
            read = OCIState.runc(bytes, cgroups: cgroups)
        } else if let bytes = BoundedFile.read(directory + "/status", limit: OCIState.longestState) {
            read = OCIState.crun(bytes, id: id, cgroups: cgroups)
        } else {
            read = nil
        }
        guard var workload = read, !workload.cgroup.isEmpty, workload.cgroup != "/" else { return nil }
        workload.naming = .pending
        return FoundWorkload(workload, cgroupID: cgroups.id(of: workload.cgroup))
    }

    public func find(_ question: WorkloadQuestion) -> FoundWorkload? {
        let directories = roots.flatMap(Self.directories)
        // Runtimes name cgroups after the container, unless they are told otherwise.
        let place = CgroupPathReader.place(of: question.path)
        let last = question.path.split(separator: "/").last.map(String.init) ?? ""
        for id in [place.id, last] where !id.isEmpty && id != ".." {
            for directory in directories {
                if let found = read(directory + "/" + id), Self.fits(found, question) { return found }
            }
        }
        guard place.kind == .other else { return nil }
        // Its directory came, and its cgroup is called after it; what else was known of it is gone.
        if recent.contains(last) {
            var workload = Workload(kind: .container, id: last, name: last, runtime: "runc")
            workload.cgroup = question.path
            workload.naming = .pending
            return FoundWorkload(workload, cgroupID: question.id)
        }
        for directory in directories {
            for name in ((try? FileTree.names(in: directory)) ?? []).prefix(Self.mostContainers) {
                if let found = read(directory + "/" + name), Self.fits(found, question) { return found }
            }
        }
        return nil
    }

    /// Whether a question is about the cgroup of a container, or one below.
    private static func fits(_ found: FoundWorkload, _ question: WorkloadQuestion) -> Bool {
        found.cgroupID == question.id || question.path == found.workload.cgroup
            || question.path.hasPrefix(found.workload.cgroup + "/")
    }

    private static func directories(of root: Root) -> [String] {
        guard root.hasNamespaces else { return [root.path] }
        return ((try? FileTree.names(in: root.path)) ?? []).map { root.path + "/" + $0 + root.below }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}
