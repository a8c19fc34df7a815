import Foundation
import Glibc

/// The real podman with storage, state and socket of the test's own. Containers share the host's network: there
/// is nothing to configure.
final class PodmanEngine {
    /// Why there can be none; nil = podman runs containers here.
    static let obstacle: String? = {
        for program in ["podman", "conmon", "tar"] where !Programs.isInstalled(program) {
            return "\(program) is not installed"
        }
        if let obstacle = RuncContainers.obstacle { return obstacle }
        do {
            let run = try PodmanEngine().run(RuncContainers.id("probe"), ["true"])
            return run.ending == .code(0) ? nil : "podman runs no containers here: \(run.errors)"
        } catch {
            return "podman does not start here: \(error)"
        }
    }()

    let folder: Folder
    private let podman: String
    private let cgroup = "secd-podman-\(getpid())-\(UInt16.random(in: 0 ... .max))"
    private let service: Program
    var socket: String { folder / "podman.sock" }

    init() throws {
        guard let podman = Programs.path(of: "podman") else { throw Failure("podman is not installed") }
        self.podman = podman
        folder = try Folder()
        let layer = try BoxImage.layer(in: folder)
        try Run.shell("mkdir -p \(folder / "xdg") \(folder / "hooks")")
        let command = [podman] + Self.places(folder)
        let environment = Self.environment(folder)
        let made = try Run.program(
            command + ["import", layer, BoxImage.name], environment: environment, seconds: 30)
        guard made.ending == .code(0) else { throw Failure("podman import: \(made.errors)") }
        service = try Program(
            command + ["system", "service", "--time", "0", "unix://" + (folder / "podman.sock")],
            environment: environment, output: folder / "log", errors: folder / "log")
        guard eventually(15, { exists(folder / "podman.sock") }) else {
            throw Failure("podman's service does not start:\n\(folder.text("log"))")
        }
    }

    deinit {
        // Its containers first: the service waits for them.
        Leftovers(folder: folder, cgroup: cgroup).clear()
    }

    private static func places(_ folder: Folder) -> [String] {
        [
            "--root", folder / "root", "--runroot", folder / "run", "--tmpdir", folder / "tmp",
            "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--events-backend", "file",
            "--runtime", Programs.path(of: "runc") ?? "runc", "--hooks-dir", folder / "hooks",
        ]
    }

    private static func environment(_ folder: Folder) -> [String: String] {
        ["HOME": folder.path, "XDG_RUNTIME_DIR": folder / "xdg"]
    }

    /// From now on each container has a hook, `secctl oci-hook` with these arguments.
    func setHook(_ arguments: [String]) throws {
        let hook: [String: Any] = [
            "version": "1.0.0", "hook": RuncContainers.hook(arguments), "when": ["always": true],
            "stages": ["createRuntime"],
        ]
        let json = try JSONSerialization.data(withJSONObject: hook)
        _ = try folder.write("hooks/secd.json", String(decoding: json, as: UTF8.self))
    }

    /// Runs a container to its end.
    /// - Parameter arguments: of busybox.
    func run(_ name: String, labels: [String] = [], _ arguments: [String]) throws -> Run {
        try Run.program(
            [podman] + Self.places(folder)
                + [
                    "run", "--rm", "--network=host", "--ulimit", "nofile=512:512", "--ulimit",
                    "nproc=512:512", "--name", name, "--cgroup-parent",
                    "/" + cgroup,
                ]
                + labels.flatMap { ["--label", $0] } + [BoxImage.name, "/bin/busybox"] + arguments,
            environment: Self.environment(folder), seconds: 30)
    }
}
