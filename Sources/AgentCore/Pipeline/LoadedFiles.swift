import EventModel
import LinuxSystem
import PolicyCompiler
import Sensors

/// Build ids of files that processes map, each read once while the file stays as it is.
struct LoadedFiles {
    private struct Known {
        var status: FileStatus
        var buildID: [UInt8]
    }

    /// Files that are remembered; a node maps some hundred different ones.
    private static let limit = 4096

    private let reader = ProgramReader()
    private var known: [[UInt8]: Known] = [:]

    /// The event of a mapping that policies ask for.
    mutating func event(_ mapping: PolicyEvent, pid: UInt32) -> LoaderEvent {
        var path: [UInt8] = []
        if case .file(let file)? = mapping.arguments.first?.value { path = file.path }
        return LoaderEvent(
            path: path, buildID: path.isEmpty ? [] : buildID(path, pid: pid),
            policies: mapping.matches.map(\.rule))
    }

    /// Empty where the file has none, or cannot be found any more.
    private mutating func buildID(_ path: [UInt8], pid: UInt32) -> [UInt8] {
        let name = String(decoding: path, as: UTF8.self)
        // As the process sees it where the host does not: files of a container.
        for name in [name, "/proc/\(pid)/root\(name)"] {
            guard let status = try? FileStatus(path: name) else { continue }
            if let known = known[path], known.status == status { return known.buildID }
            guard let program = try? reader.open(name) else { continue }
            let buildID = program.image.buildID()
            if known.count >= Self.limit { known.removeAll(keepingCapacity: true) }
            known[path] = Known(status: status, buildID: buildID)
            return buildID
        }
        return []
    }
}
