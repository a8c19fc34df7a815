import AgentCore
import AgentModel
import BPFRuntime
import Glibc
import Sensors
import Testing

/// A rung of the file sensor's ladders. Every test of files runs on each that the kernel has.
enum FileRung: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// The kernel's own hooks, with the result of the call.
    case direct
    /// System calls alone.
    case calls

    var testDescription: String { rawValue }

    static let available: [FileRung] = hasDirect ? allCases : [.calls]

    private static let hasDirect: Bool = {
        guard Kernel.canLoadPrograms, let probe = try? KernelProbe() else { return false }
        return probe.fentryObstacle() == nil && probe.function("security_file_open") != nil
    }()

    private static let standard = make(without: [])
    private static let lower = hasDirect ? make(without: ["fexit/security_"]) : standard

    /// An engine that uses this rung and watches the paths of `FileTree`.
    var agent: LiveAgent { self == .direct ? Self.standard : Self.lower }

    /// By which mechanism a function of the sensor is served.
    func mechanism(_ function: String) -> String {
        agent.engine.sensors.status.first { $0.name == "file" }?.mechanisms[function] ?? "none"
    }

    var blindSpots: [String] {
        agent.engine.sensors.status.first { $0.name == "file" }?.blindSpots ?? []
    }

    private static func make(without: [String]) -> LiveAgent {
        do {
            let agent = try LiveAgent {
                $0.events.unwanted = []
                $0.sensors.sockets = false
                $0.sensors.files = FileTree.watched
                $0.sensors.withoutMechanisms = without
            }
            try agent.start()
            return agent
        } catch {
            fatalError("the engine does not start: \(error)")
        }
    }

    /// What a process did to files, each in a line: `rename a → b RENAME_EXCHANGE`. Names below `folder` are
    /// relative to it.
    func told(in folder: String, _ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws
        -> [String]
    {
        try events(steps, sourceLocation: sourceLocation).map { FileTree.words($0, below: folder) }
    }

    /// The same as events.
    func events(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) throws -> [CapturedEvent]
    {
        let story = try agent.run(steps: steps, sourceLocation: sourceLocation)
        #expect(story.status == .exited(0), sourceLocation: sourceLocation)
        return story.events.filter { $0.kind.hasPrefix("file_") }
    }
}

/// The paths that the engines of `FileRung` watch, and their neighbours.
enum FileTree {
    static let root: String = {
        let path = "/tmp/secd-files-\(getpid())"
        for folder in [path, path + "/all", path + "/one", path + "/pre", path + "/prefix", path + "/out"] {
            _ = unsafe Glibc.mkdir(folder, 0o755)
        }
        atexit { _ = try? Activity.run(.exec("/bin/rm", ["rm", "-rf", FileTree.root])) }
        return path
    }()
    /// Everything below is watched.
    static let all = root + "/all"
    /// A single file.
    static let one = root + "/one/file"
    /// A folder with neighbours of similar names.
    static let pre = root + "/pre"
    /// The longest path that can be watched: 247 bytes and the slash that ends a prefix.
    static let longest = root + "/" + String(repeating: "l", count: 247 - root.utf8.count - 1)
    /// Nothing here is watched.
    static let out = root + "/out"

    static let watched = [all, one, pre, longest]

    static func words(_ event: CapturedEvent, below folder: String) -> String {
        let file = event.body["file"]
        func relative(_ path: String) -> String {
            path == folder
                ? "." : path.hasPrefix(folder + "/") ? String(path.dropFirst(folder.utf8.count + 1)) : path
        }
        var words = [String(event.kind.dropFirst("file_".count)), relative(file["path"].text)]
        if file["target"].isPresent { words += ["→", relative(file["target"].text)] }
        for key in ["flags", "mode"] where file[key].isPresent { words.append(file[key].text) }
        for key in ["uid", "gid"] where file[key].isPresent { words.append("\(key) \(file[key].number)") }
        if file["error"].isPresent { words.append(file["error"].text) }
        if file["path_flags"].text.contains("unreadable") { words.append("unreadable") }
        return words.joined(separator: " ")
    }
}
