import Foundation

/// A container of runc with nothing in it but busybox, which sleeps until the test forgets it.
final class RuncContainer {
    static let runc = "/usr/sbin/runc"
    private static let busybox = "/bin/busybox"

    /// False where runc is not installed, or cannot run containers here.
    static let isPossible: Bool = {
        guard exists(runc), exists(busybox), TestCgroup.root != nil,
            let container = try? RuncContainer("secd-probe-\(getpid())"),
            let run = try? container.exec("true")
        else { return false }
        return run.ending == .code(0)
    }()

    let id: String
    private let folder: Folder
    private let program: Program

    /// Starts a container and waits until it runs.
    init(_ id: String, annotations: [String: String] = [:]) throws {
        self.id = id
        let folder = try Folder()
        self.folder = folder
        for name in ["bin", "proc", "dev"] {
            try FileManager.default.createDirectory(
                atPath: folder / "rootfs/\(name)", withIntermediateDirectories: true)
        }
        try FileManager.default.copyItem(atPath: Self.busybox, toPath: folder / "rootfs/bin/busybox")
        let pairs = annotations.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        _ = try folder.write(
            "config.json",
            """
            {"ociVersion":"1.0.2","process":{"terminal":false,"user":{"uid":0,"gid":0},
            "args":["/bin/busybox","sh","-c","busybox sleep 600"],"env":["PATH=/bin"],"cwd":"/"},
            "root":{"path":"\(folder.path)/rootfs"},"annotations":{\(pairs.joined(separator: ","))},
            "mounts":[{"destination":"/proc","type":"proc","source":"proc"},
            {"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
            "linux":{"namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
            """)
        program = try Program(
            [Self.runc, "run", "--bundle", folder.path, id], output: folder / "said", errors: folder / "said")
        let (program, said) = (program, folder / "said")
        let runs = try eventually {
            try !program.isRunning
                || Run.program([Self.runc, "state", id]).output.contains("\"status\": \"running\"")
        }
        guard runs, program.isRunning else { throw Failure("runc does not run \(id): \(readText(said))") }
    }

    deinit {
        _ = try? Run.program([Self.runc, "delete", "--force", id])
        program.wait(10)
    }

    /// Runs a script in it, to its end.
    func exec(_ script: String) throws -> Run {
        try Run.program([Self.runc, "exec", id, "/bin/busybox", "sh", "-c", script])
    }
}
