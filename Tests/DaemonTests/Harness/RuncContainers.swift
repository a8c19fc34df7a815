import Foundation
import Glibc

/// Containers of the real runc with nothing in them but busybox; state and bundles in a folder of the test.
final class RuncContainers {
    static let busybox = "/bin/busybox"

    /// Why there can be none; nil = runc runs containers here.
    static let obstacle: String? = {
        guard let runc = Programs.path(of: "runc") else { return "runc is not installed" }
        guard exists(busybox) else { return "busybox-static is not installed" }
        guard TestCgroup.root != nil else { return "no cgroup2 hierarchy is mounted" }
        let run = try? RuncContainers(in: Folder(), runc: runc).run("probe", ["true"])
        return run?.ending == .code(0) ? nil : "runc runs no containers here: \(run?.errors ?? "")"
    }()

    private let folder: Folder
    private let runc: String
    /// By `create`.
    private var created: [String] = []

    convenience init(in folder: Folder) throws {
        guard let runc = Programs.path(of: "runc") else { throw Failure("runc is not installed") }
        try self.init(in: folder, runc: runc)
    }

    private init(in folder: Folder, runc: String) throws {
        self.folder = folder
        self.runc = runc
        try Run.shell(
            "cd \(folder.path) && mkdir -p rootfs/bin rootfs/proc rootfs/dev && cp \(Self.busybox) rootfs/bin/"
                + " && echo secret > rootfs/secret")
    }

    /// An id of this process's own.
    static func id(_ name: String) -> String { "secd-\(name)-\(getpid())" }

    /// A hook as `config.json` has it: `secctl oci-hook` with these arguments.
    static func hook(_ arguments: [String]) -> [String: Any] {
        ["path": Programs.secctl, "args": ["secctl", "oci-hook"] + arguments]
    }

    /// Runs a container to its end.
    /// - Parameters:
    ///   - arguments: of busybox.
    ///   - hooks: by stage.
    func run(
        _ name: String, _ arguments: [String], hooks: [String: [[String: Any]]] = [:],
        annotations: [String: String] = [:]
    ) throws -> Run {
        let id = Self.id(name)
        try writeBundle(id, arguments, hooks, annotations)
        // A container that its test does not end is ended here, with its cgroups.
        defer { _ = try? Run.program([runc, "--root", folder / "runc", "delete", "--force", id]) }
        return try Run.program(
            [runc, "--root", folder / "runc", "run", "--bundle", folder / id, id], seconds: 30)
    }

    /// Makes a container that waits before its first program; its cgroup has its id for a name.
    /// - Parameter arguments: of busybox.
    /// - Returns: its first process.
    func create(_ id: String, _ arguments: [String]) throws -> Int {
        try writeBundle(id, arguments, [:], [:])
        created.append(id)
        // Its output stays open in the container: nobody may wait for its end.
        let program = try Program(
            [
                runc, "--root", folder / "runc", "create", "--bundle", folder / id, "--pid-file",
                folder / "\(id)/pid", id,
            ], output: folder / "\(id)/said", errors: folder / "\(id)/said")
        let ending = program.wait()
        guard ending == .code(0), let process = Int(folder.text("\(id)/pid")) else {
            throw Failure("runc create ended with \(ending): \(folder.text("\(id)/said"))")
        }
        return process
    }

    /// Lets one that was made go on.
    func start(_ id: String) throws {
        let run = try Run.program([runc, "--root", folder / "runc", "start", id])
        guard run.ending == .code(0) else { throw Failure("runc start: \(run.errors)") }
    }

    deinit {
        for id in created {
            _ = try? Run.program([runc, "--root", folder / "runc", "delete", "--force", id])
        }
    }

    /// Writes what runc makes a container from.
    private func writeBundle(
        _ id: String, _ arguments: [String], _ hooks: [String: [[String: Any]]],
        _ annotations: [String: String]
    ) throws {
        let configuration: [String: Any] = [
            "ociVersion": "1.0.2",
            "process": [
                "terminal": false, "user": ["uid": 0, "gid": 0], "args": ["/bin/busybox"] + arguments,
                "env": ["PATH=/bin"], "cwd": "/",
            ] as [String: Any],
            "root": ["path": folder / "rootfs"], "annotations": annotations, "hooks": hooks,
            "mounts": [
                ["destination": "/proc", "type": "proc", "source": "proc"],
                ["destination": "/dev", "type": "tmpfs", "source": "tmpfs"],
            ],
            "linux": [
                "cgroupsPath": "/\(id)", "namespaces": ["pid", "mount", "ipc", "uts"].map { ["type": $0] },
            ] as [String: Any],
        ]
        try FileManager.default.createDirectory(atPath: folder / id, withIntermediateDirectories: true)
        let json = try JSONSerialization.data(withJSONObject: configuration)
        _ = try folder.write(id + "/config.json", String(decoding: json, as: UTF8.self))
    }
}
