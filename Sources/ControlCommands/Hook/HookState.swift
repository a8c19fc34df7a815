package import AgentModel
package import Foundation
import LinuxSystem

/// What a runtime tells a hook: the state of a container (OCI runtime specification, "State"), and the bundle that
/// the state points to.
package struct HookState: Sendable {
    /// Bytes of a state: annotations are in it, and Kubernetes bounds those at 256 KiB.
    package static let longestState = 4 << 20
    /// Bytes of a configuration: some hundred KiB with a seccomp profile.
    private static let longestBundle = 8 << 20

    private struct State: Decodable {
        var id: String
        var pid: Int64?
        var bundle: String?
        var annotations: [String: String]?
    }

    private struct Bundle: Decodable {
        var annotations: [String: String]?
        var mounts: [Mount]?

        struct Mount: Decodable {
            var source: String?
        }
    }

    /// The container, as far as it is known without its engine.
    package let container: ContainerRegistration

    /// Reads a state, and what lies around its bundle.
    /// - Parameter isInside: the hook runs in the namespaces of the container (createContainer), where its cgroup is
    ///   the hook's own and the state's pid is nobody's.
    /// - Throws: `InputError` where the text is no state.
    package init(_ text: Data, isInside: Bool) throws(InputError) {
        guard let state = try? JSONDecoder().decode(State.self, from: text), !state.id.isEmpty else {
            throw InputError("stdin has no state of a container (OCI): this is for hooks of runtimes")
        }
        let directory = state.bundle ?? ""
        let bundle =
            directory.hasPrefix("/")
            ? HookFile.decode(Bundle.self, directory + "/config.json", limit: Self.longestBundle) : nil
        var container = ContainerRegistration(id: state.id)
        container.annotations = (bundle?.annotations ?? [:]).merging(state.annotations ?? [:]) { $1 }
        if !isInside {
            container.cgroup = try Self.cgroup(of: state.pid ?? 0)
        }
        let names =
            EngineRecord.podman(state.id, bundle: directory)
            ?? EngineRecord.docker(state.id, mounts: (bundle?.mounts ?? []).compactMap(\.source))
        container.name = names?.name ?? ""
        container.image = names?.image ?? ""
        self.container = container
    }

    /// The namespace of its pod; empty = it is in no pod.
    package var namespace: String {
        // Of containerd, of CRI-O, and of the kubelet with Docker.
        for key in ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"] {
            if let namespace = container.annotations[key] { return namespace }
        }
        return ""
    }

    /// The cgroup of a process in the hierarchy that the daemon takes on this machine, as this process's view has it.
    /// A daemon that was told another (`--cgroup-root`) has the container at the same path there.
    private static func cgroup(of pid: Int64) throws(InputError) -> String {
        guard let hierarchy = CgroupMounts.ofThisProcess.workloads else {
            throw InputError("no hierarchy of cgroups is mounted: containers are not told apart")
        }
        guard let path = hierarchy.path(ofProcess: UInt32(clamping: pid)) else {
            throw InputError(
                "the container's first process (\(pid)) has no \(hierarchy): is this a createRuntime hook?")
        }
        return path
    }

    /// Whether this process is in a pid namespace below that of the mounted procfs: in the container's.
    package static var runsInside: Bool {
        guard let text = HookFile.read("/proc/self/status", limit: 65_536) else { return false }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let numbers = lines.first { $0.hasPrefix("NSpid:") }?.split { $0 == "\t" || $0 == " " }
        return (numbers?.count ?? 0) > 2
    }

    /// Reads stdin to its end.
    /// - Parameter patience: for all of it.
    /// - Throws: `InputError` where it does not end in time, or is too long.
    package static func receive(
        descriptor: Int32 = STDIN_FILENO, within patience: Duration
    ) throws(InputError) -> Data {
        let end = ContinuousClock.now + patience
        var text = Data()
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let left = ContinuousClock.now.duration(to: end)
            guard StandardInput.look(descriptor: descriptor, within: left) != .silent else {
                throw InputError("the runtime did not tell the container's state on stdin in time")
            }
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw InputError("cannot read stdin: \(InputError.text(of: errno))") }
            if count == 0 { return text }
            text += chunk[..<count]
            guard text.count <= longestState else {
                throw InputError("the state on stdin is longer than \(longestState >> 20) MiB")
            }
        }
    }
}
