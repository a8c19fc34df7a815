import Foundation
import Glibc
import TextEncoding
import Workloads

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
        for namespace in [Self.namespace, "k8s.io"] {
            let made = try ctr("-n", namespace, "images", "import", "--snapshotter", "native", archive)
            guard made.ending == .code(0) else { throw Failure("ctr images import: \(made.errors)") }
        }
    }

    deinit {
        Leftovers(folder: folder, cgroup: cgroup).clear()
        Leftovers(folder: folder, cgroup: Self.namespace).clear()
        // The state of runc, without containers by now.
        for namespace in [Self.namespace, "k8s.io"] { _ = unsafe rmdir("/run/containerd/runc/" + namespace) }
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

/// The kubelet's part for one pod with one container, in the host's network: nothing of CNI is needed.
struct PodCall {
    let engine: ContainerdEngine
    let name: String
    let uid: String

    /// Why there can be none; nil = containerd and runc make pods here, without secd.
    static let obstacle: String? = {
        if let obstacle = ContainerdEngine.obstacle { return obstacle }
        do {
            let pod = try PodCall(
                engine: ContainerdEngine(), name: "probe", uid: "5ecd0000-0000-4000-8000-000000000000")
            let ids = try pod.start(namespace: "probe", labels: [:], container: "probe", ["true"])
            try pod.remove(ids.sandbox)
            return nil
        } catch {
            return "containerd makes no pods here: \("\(error)".suffix(300))"
        }
    }()

    private var call: RuntimeCall {
        RuntimeCall(
            path: engine.socket, service: "runtime.v1.RuntimeService", patience: .seconds(15))
    }

    /// `PodSandboxConfig`.
    private func sandbox(_ namespace: String, _ labels: [String: String]) -> [UInt8] {
        Self.message(1, Self.text(1, name) + Self.text(2, uid) + Self.text(3, namespace))
            + labels.flatMap { Self.entry(6, $0, $1) }
            + Self.message(
                8,
                Self.text(1, "/\(engine.cgroup)/kubepods/besteffort/pod\(uid)")
                    + Self.message(2, Self.message(1, Self.hostNetwork)))
    }

    /// `NamespaceOption` with the network of the node.
    private static let hostNetwork: [UInt8] = [0x08, 2]

    /// Starts the pod and its container, and gives their ids.
    /// - Parameter arguments: of busybox.
    func start(
        namespace: String, labels: [String: String], container: String, _ arguments: [String]
    ) throws -> (sandbox: String, container: String) {
        let sandbox = sandbox(namespace, labels)
        let pod = try id("RunPodSandbox", Self.message(1, sandbox))
        let configuration =
            Self.message(1, Self.text(1, container)) + Self.message(2, Self.text(1, BoxImage.name))
            + Self.text(3, "/bin/busybox") + arguments.flatMap { Self.text(4, $0) }
            + Self.message(15, Self.message(2, Self.message(3, Self.hostNetwork)))
        let id = try id(
            "CreateContainer",
            Self.text(1, pod) + Self.message(2, configuration) + Self.message(3, sandbox))
        try done("StartContainer", Self.text(1, id))
        return (pod, id)
    }

    /// Ends the pod with all that it has.
    func remove(_ sandbox: String) throws {
        try done("StopPodSandbox", Self.text(1, sandbox))
        try done("RemovePodSandbox", Self.text(1, sandbox))
    }

    private func done(_ method: String, _ request: [UInt8]) throws {
        guard call.ask(method, request) != nil else {
            throw Failure("\(method) of containerd failed:\n\(engine.folder.text("log").suffix(2000))")
        }
    }

    /// Of answers whose first field is an id.
    private func id(_ method: String, _ request: [UInt8]) throws -> String {
        guard let answer = call.ask(method, request), answer.count > 2, answer[0] == 0x0a,
            answer.count >= 2 + Int(answer[1])
        else { throw Failure("\(method) of containerd failed:\n\(engine.folder.text("log").suffix(2000))") }
        return String(decoding: answer[2..<2 + Int(answer[1])], as: UTF8.self)
    }

    private static func message(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        ProtobufReader.message(number, bytes)
    }

    private static func text(_ number: UInt8, _ value: String) -> [UInt8] {
        message(number, Array(value.utf8))
    }

    private static func entry(_ number: UInt8, _ key: String, _ value: String) -> [UInt8] {
        message(number, text(1, key) + text(2, value))
    }
}
