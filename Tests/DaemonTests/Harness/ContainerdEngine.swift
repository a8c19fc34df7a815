import Foundation
import Glibc
import Synchronization
import Workloads

/// The real containerd with storage, state and socket of the test's own. Its helpers have their sockets below
/// `/run/containerd/s`, by names that no other containerd has.
final class ContainerdEngine: Sendable {
    /// Why there can be none; nil = containerd is here with all that it starts.
    static let obstacle: String? = {
        for program in ["containerd", "ctr", "tar", "sha256sum"] where !Programs.isInstalled(program) {
            return "\(program) is not installed"
        }
        return RuncContainers.obstacle
    }()

    /// Why it cannot ask plugins (NRI); nil = it can.
    static let nriObstacle: String? = {
        if let obstacle = EnginePod.obstacle { return obstacle }
        guard let containerd = pluginFolder.map({ $0 + "/containerd" }) ?? Programs.path(of: "containerd"),
            let defaults = try? Run.program([containerd, "config", "default"]),
            defaults.output.contains("io.containerd.nri.v1.nri")
        else {
            return "this containerd has no NRI: that came with 1.7 (Tests/engines/containerd.sh fetches one)"
        }
        return nil
    }()

    /// Folder of the programs of a containerd with NRI, where the one that is installed has none.
    private static let pluginFolder = ProcessInfo.processInfo.environment["SECD_TEST_CONTAINERD_NRI"]

    let folder: Folder
    /// At the top of the hierarchies, above all pods.
    let cgroup = "secd-containerd-\(getpid())-\(UInt16.random(in: 0 ... .max))"
    private let hasPods: Bool
    /// Of containerd's programs, if they are not those that are installed.
    private let programs: String?
    private let service: Mutex<Program>
    var socket: String { folder / "containerd.sock" }
    /// Where plugins come, if it has any.
    var nriSocket: String { folder / "nri.sock" }
    /// The last that it said.
    var log: String { String(folder.text("log").suffix(2000)) }

    /// - Parameters:
    ///   - hasPods: whether it gets the images that the CRI needs, too.
    ///   - hasNRI: whether it asks plugins.
    init(hasPods: Bool = false, hasNRI: Bool = false) throws {
        self.hasPods = hasPods
        programs = hasNRI ? Self.pluginFolder : nil
        folder = try Folder()
        let archive = try BoxImage.archive(in: folder)
        _ = try folder.write("config.toml", Self.configuration(folder, hasNRI: hasNRI))
        service = Mutex(try Self.service(in: folder, programs: programs))
        try waitUntilItAnswers()
        for namespace in [Self.namespace] + (hasPods ? [Self.podNamespace] : []) {
            let made = try ctr("-n", namespace, "images", "import", "--snapshotter", "native", archive)
            guard made.ending == .code(0) else { throw Failure("ctr images import: \(made.errors)") }
        }
    }

    deinit {
        Leftovers(folder: folder, cgroup: cgroup).clear()
        Leftovers(folder: folder, cgroup: Self.namespace).clear()
        // The state of runc, without containers by now.
        for namespace in [Self.namespace, Self.podNamespace] {
            _ = unsafe rmdir("/run/containerd/runc/" + namespace)
        }
    }

    private static func service(in folder: Folder, programs: String?) throws -> Program {
        guard let containerd = programs.map({ $0 + "/containerd" }) ?? Programs.path(of: "containerd") else {
            throw Failure("containerd is not installed")
        }
        // It looks for the program that holds a container where others are, too.
        let path = [programs, "/usr/sbin:/usr/bin:/sbin:/bin"].compactMap { $0 }.joined(separator: ":")
        return try Program(
            [containerd, "--config", folder / "config.toml"], environment: ["PATH": path],
            output: folder / "log", errors: folder / "log")
    }

    private func waitUntilItAnswers() throws {
        // The CRI begins later than the rest.
        let isThere = try eventually(15) {
            try ctr("version").ending == .code(0) && (!hasPods || ask("ListPodSandbox", []) != nil)
        }
        guard isThere else { throw Failure("containerd does not start:\n\(folder.text("log"))") }
    }

    /// A call of the CRI.
    func ask(_ method: String, _ request: [UInt8]) -> [UInt8]? {
        RuntimeCall(path: socket, service: "runtime.v1.RuntimeService", patience: .seconds(30))
            .ask(method, request)
    }

    /// Ends containerd in order; containers run on.
    func stop() throws {
        let ending = service.withLock { service in
            service.signal(SIGTERM)
            return service.wait()
        }
        guard ending == .code(0) else {
            throw Failure("containerd ended with \(ending):\n\(log)")
        }
    }

    /// Starts it again, where it was.
    func start() throws {
        let started = try Self.service(in: folder, programs: programs)
        service.withLock { $0 = started }
        try waitUntilItAnswers()
    }

    /// Of containers that the CRI does not know; their cgroups lie below one of this name.
    static let namespace = "secd-\(getpid())"
    /// Of containerd's containers that belong to pods.
    private static let podNamespace = "k8s.io"

    private static func configuration(_ folder: Folder, hasNRI: Bool) -> String {
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
              sandbox_image = "\(BoxImage.pause)"
              disable_tcp_service = true
              # A sandbox asks for a score below zero, which takes CAP_SYS_RESOURCE.
              restrict_oom_score_adj = true
              [plugins."io.containerd.grpc.v1.cri".containerd]
                snapshotter = "native"
              [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "\(folder / "cni/bin")"
                conf_dir = "\(folder / "cni/conf")"
            [plugins."io.containerd.nri.v1.nri"]
              disable = \(!hasNRI)
              socket_path = "\(folder / "nri.sock")"
              plugin_path = "\(folder / "nri/plugins")"
              plugin_config_path = "\(folder / "nri/conf.d")"

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
