import Foundation
import Glibc

/// The real containerd with storage, state and socket of the test's own. Its helpers have their sockets below
/// `/run/containerd/s`, by names that no other containerd has.
final class ContainerdEngine {
    /// Why there can be none; nil = containerd is here with all that it starts.
    static let obstacle: String? = {
        for program in ["containerd", "ctr", "tar", "sha256sum"] where !Programs.isInstalled(program) {
            return "\(program) is not installed"
        }
        return RuncContainers.obstacle
    }()

    let folder: Folder
    /// At the top of the hierarchies, above all pods.
    let cgroup = "secd-containerd-\(getpid())-\(UInt16.random(in: 0 ... .max))"
    private let service: Program
    var socket: String { folder / "containerd.sock" }

    init() throws {
        guard let containerd = Programs.path(of: "containerd") else {
            throw Failure("containerd is not installed")
        }
        folder = try Folder()
        let archive = try BoxImage.archive(in: folder)
        let configuration = try folder.write("config.toml", Self.configuration(folder))
        service = try Program(
            [containerd, "--config", configuration], output: folder / "log", errors: folder / "log")
        guard try eventually(15, { try ctr("version").ending == .code(0) }) else {
            throw Failure("containerd does not start:\n\(folder.text("log"))")
        }
        let made = try ctr("-n", Self.namespace, "images", "import", "--snapshotter", "native", archive)
        guard made.ending == .code(0) else { throw Failure("ctr images import: \(made.errors)") }
    }

    deinit {
        Leftovers(folder: folder, cgroup: cgroup).clear()
        Leftovers(folder: folder, cgroup: Self.namespace).clear()
        // The state of runc, without containers by now.
        _ = unsafe rmdir("/run/containerd/runc/" + Self.namespace)
    }

    /// Of containers that the CRI does not know; their cgroups lie below one of this name.
    static let namespace = "secd-\(getpid())"

    private static func configuration(_ folder: Folder) -> String {
        let unused = ["btrfs", "zfs", "aufs", "devmapper", "overlayfs"]
            .map { "\"io.containerd.snapshotter.v1.\($0)\"" }.joined(separator: ",")
        return """
            version = 2
            root = "\(folder / "root")"
            state = "\(folder / "state")"
            disabled_plugins = [\(unused),"io.containerd.internal.v1.opt","io.containerd.tracing.processor.v1.otlp"]
            [grpc]
              address = "\(folder / "containerd.sock")"
            [ttrpc]
              address = "\(folder / "containerd.ttrpc")"
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "\(BoxImage.name)"
              disable_tcp_service = true
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "native"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "\(folder / "cni/bin")"
                conf_dir = "\(folder / "cni/conf")"

            """
    }

    /// containerd's own client.
    func ctr(_ arguments: String...) throws -> Run {
        guard let ctr = Programs.path(of: "ctr") else { throw Failure("ctr is not installed") }
        return try Run.program([ctr, "--address", socket] + arguments, seconds: 30)
    }

    /// Runs a container that the CRI does not know, to its end.
    /// - Parameter arguments: of busybox.
    func run(_ name: String, labels: [String] = [], _ arguments: [String]) throws -> Run {
        guard let ctr = Programs.path(of: "ctr") else { throw Failure("ctr is not installed") }
        return try Run.program(
            [
                ctr, "--address", socket, "-n", Self.namespace, "run", "--rm", "--snapshotter", "native",
                "--net-host",
            ]
                + labels.flatMap { ["--label", $0] } + [BoxImage.name, name, "/bin/busybox"] + arguments,
            seconds: 30)
    }
}
