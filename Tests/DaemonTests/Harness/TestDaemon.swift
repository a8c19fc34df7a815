import AgentModel
import Foundation
import Glibc

/// A `secd` of the test's own: socket, state, pins and export file in a private folder.
final class TestDaemon {
    let folder: Folder
    let program: Program
    let notify: NotifySocket

    var socket: String { Self.socket(in: folder) }
    var state: String { folder / "state" }
    var pins: String { Self.pins(in: folder) }
    var exportFile: String { Self.exportFile(in: folder) }
    var pid: Int32 { program.pid }
    /// What it said on stderr.
    var log: String { folder.text("log") }

    static func socket(in folder: Folder) -> String { folder / "secd.sock" }
    static func pins(in folder: Folder) -> String {
        "/sys/fs/bpf/" + (folder.path.split(separator: "/").last.map(String.init) ?? "")
    }
    static func exportFile(in folder: Folder) -> String { folder / "export/events.json" }

    /// The arguments that give a daemon a place of its own.
    static func arguments(in folder: Folder) -> [String] {
        [
            "--config", folder / "secd.yaml", "--socket", socket(in: folder), "--state-dir", folder / "state",
            "--pin-dir", pins(in: folder), "--export-file", exportFile(in: folder), "--node-name", "node",
        ]
    }

    /// Starts it; it is not ready yet.
    /// - Parameters:
    ///   - folder: of a daemon before, to start again where that one was.
    ///   - yaml: the configuration file.
    ///   - arguments: behind those of the private places.
    ///   - wrapper: a command that runs the rest of its arguments (`setpriv …`).
    init(
        in folder: Folder? = nil, yaml: String = "", _ arguments: [String] = [],
        environment: [String: String] = [:], wrapper: [String] = []
    ) throws {
        let folder = try folder ?? Folder()
        self.folder = folder
        _ = try folder.write("secd.yaml", yaml)
        let name = "notify-\(UInt32.random(in: 0 ... .max))"
        notify = try NotifySocket(folder / name)
        program = try Program(
            wrapper + [Programs.secd] + Self.arguments(in: folder) + arguments,
            environment: ["NOTIFY_SOCKET": notify.path].merging(environment) { $1 }, output: folder / "log",
            errors: folder / "log")
    }

    deinit {
        if program.isRunning { kill() }
        // Empty, or never made.
        _ = unsafe rmdir(pins)
    }

    /// Starts it and waits until it says that it is ready.
    static func started(
        in folder: Folder? = nil, yaml: String = "", _ arguments: [String] = [],
        environment: [String: String] = [:], wrapper: [String] = []
    ) throws -> TestDaemon {
        let daemon = try TestDaemon(
            in: folder, yaml: yaml, arguments, environment: environment, wrapper: wrapper)
        try daemon.waitUntilReady()
        return daemon
    }

    func waitUntilReady() throws {
        let program = program
        guard notify.wait(for: "READY=1", isOver: { !program.isRunning }) else {
            throw Failure("secd did not become ready (\(program.wait(0))):\n\(log)")
        }
    }

    /// Ends it in order, and fails where it does not end so.
    func stop(_ signal: Int32 = SIGTERM) throws {
        program.signal(signal)
        let ending = program.wait()
        guard ending == .code(0) else { throw Failure("secd ended with \(ending):\n\(log)") }
    }

    /// SIGKILL.
    func kill() {
        program.signal(SIGKILL)
        program.wait()
    }

    /// Runs `secctl` against it.
    func secctl(_ arguments: String...) throws -> Run {
        try Run.program([Programs.secctl] + arguments + ["--socket", socket])
    }

    var status: AgentStatus {
        get throws {
            let run = try secctl("status", "-o", "json")
            return try JSONDecoder().decode(AgentStatus.self, from: Data(run.output.utf8))
        }
    }

    /// A sink of the status page.
    func sink(_ name: String) throws -> SinkStatus {
        guard let sink = try status.sinks.first(where: { $0.name == name }) else {
            throw Failure("no \(name) sink")
        }
        return sink
    }

    /// Waits until everything before the call stands in the export file: a marker's exit comes after it.
    func settle() throws {
        let tail = FileTail(exportFile)
        let marker = try Program(["/bin/true"])
        marker.wait()
        let pid = marker.pid
        guard eventually(60, { tail.contains("{\"process_exit\":", "\"pid\":\(pid),") }) else {
            throw Failure("the marker \(pid) did not come:\n\(log)")
        }
    }

    /// Lines that match, when there are so many of them; others after half a minute. Events of a container wait for its
    /// name, and what came after them passes them meanwhile.
    func lines(_ count: Int, where matches: (EventLine) -> Bool) throws -> [EventLine] {
        var found: [EventLine] = []
        _ = try eventually {
            found = try lines.filter(matches)
            return found.count >= count
        }
        return found
    }

    /// The export file's lines; whoever reads while it is written may see a part of the last one.
    var lines: [EventLine] { get throws { try EventLine.read(exportFile) } }
}
