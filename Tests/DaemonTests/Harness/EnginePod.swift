import Foundation
import TestSupport

/// A pod of the real containerd, made through the CRI as a kubelet does. It is removed with the test that forgets it.
final class EnginePod: Sendable {
    /// Why there can be none; nil = containerd makes pods here, without secd.
    static let obstacle: String? = {
        if let obstacle = ContainerdEngine.obstacle { return obstacle }
        do {
            let pod = try EnginePod(ContainerdEngine(hasPods: true), "probe")
            _ = try pod.start("probe", ["true"])
            try pod.stop()
            return nil
        } catch {
            return "containerd makes no pods here: \("\(error)".suffix(400))"
        }
    }()

    let name: String
    let namespace: String
    let uid = UUID().uuidString.lowercased()
    let labels: [String: String]
    /// Id of its sandbox.
    let sandbox: String
    /// Of every container in it.
    static let containerLabels = ["tier": "edge"]

    private let engine: ContainerdEngine
    /// `PodSandboxConfig`: containers are made with it, too.
    private let configuration: [UInt8]

    /// Makes the pod, without containers.
    init(
        _ engine: ContainerdEngine, _ name: String, namespace: String = "shop", labels: [String: String] = [:]
    ) throws {
        self.engine = engine
        self.name = name
        self.namespace = namespace
        self.labels = labels
        configuration = PodRequest.sandbox(
            name: name, uid: uid, namespace: namespace, labels: labels,
            cgroup: "/\(engine.cgroup)/kubepods/besteffort/pod\(uid)")
        sandbox = try Self.id(of: Self.call(engine, "RunPodSandbox", PodRequest.run(configuration)))
    }

    deinit {
        _ = try? stop()
        _ = try? call("RemovePodSandbox", PodRequest.id(sandbox))
    }

    /// Starts a container and gives its id.
    /// - Parameter arguments: of busybox.
    func start(_ container: String, _ arguments: [String]) throws -> String {
        let id = try Self.id(
            of: call(
                "CreateContainer",
                PodRequest.create(
                    in: sandbox, configuration, name: container, labels: Self.containerLabels, arguments)))
        _ = try call("StartContainer", PodRequest.id(id))
        return id
    }

    /// Runs a program of busybox in a container, to its end.
    func exec(in container: String, _ arguments: [String]) throws {
        let answer = try call("ExecSync", PodRequest.exec(in: container, arguments))
        // `exit_code`, which is not sent where it is 0.
        guard let response = WireMessage(answer), response.fields[3] == nil else {
            throw Failure("\(arguments.joined(separator: " ")) failed in \(container)")
        }
    }

    /// Waits until none of its containers runs.
    func waitUntilContainersHaveEnded() throws {
        let request = PodRequest.containers(of: sandbox, .running)
        guard try eventually(30, { try call("ListContainers", request).isEmpty }) else {
            throw Failure("containers of \(name) do not end:\n\(engine.log)")
        }
    }

    /// Ends what runs in it; containerd remembers it.
    func stop() throws { _ = try call("StopPodSandbox", PodRequest.id(sandbox)) }

    private func call(_ method: String, _ request: [UInt8]) throws -> [UInt8] {
        try Self.call(engine, method, request)
    }

    private static func call(
        _ engine: ContainerdEngine, _ method: String, _ request: [UInt8]
    ) throws -> [UInt8] {
        guard let answer = engine.ask(method, request) else {
            throw Failure("\(method) of containerd failed:\n\(engine.log)")
        }
        return answer
    }

    /// Of answers whose first field is an id.
    private static func id(of answer: [UInt8]) throws -> String {
        guard let response = WireMessage(answer), case .bytes(let id)? = response.fields[1]?.first else {
            throw Failure("containerd answers without an id")
        }
        return String(decoding: id, as: UTF8.self)
    }
}
