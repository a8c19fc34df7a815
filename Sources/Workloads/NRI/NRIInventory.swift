package import WorkloadModel

/// The pods and containers of which a runtime has told.
package struct NRIInventory: Sendable {
    /// Of either that are remembered at most, and bytes of their names and labels together: both are others' to choose.
    private static let most = 16_384
    private static let mostBytes = 64 << 20

    /// A container without its pod, which may come later.
    private struct Known {
        var sandbox: String
        var workload: Workload
        var bytes: Int
    }

    /// As the runtime calls itself; empty = it has not said.
    package var runtime = ""
    /// Pods and containers that there was no room for.
    package private(set) var unremembered: UInt64 = 0
    private var sandboxes: [String: NRIMessage.Sandbox] = [:]
    private var containers: [String: Known] = [:]
    private var bytes = 0

    package init() {}

    /// Remembers what a message tells. Returns it as workloads.
    package mutating func take(_ subject: NRIMessage.Subject) -> [Workload] {
        var told: [Workload] = []
        if let sandbox = subject.sandbox, !sandbox.id.isEmpty {
            remember(sandbox)
            if subject.container == nil { told.append(workload(sandbox)) }
        }
        if let container = subject.container, !container.id.isEmpty {
            let known = known(container)
            remember(known)
            told.append(workload(known, subject.sandbox ?? sandboxes[container.sandbox]))
        }
        return told
    }

    private mutating func remember(_ sandbox: NRIMessage.Sandbox) {
        forget(sandbox: sandbox.id)
        guard takesRoom(sandbox.bytes, beside: sandboxes.count) else { return }
        sandboxes[sandbox.id] = sandbox
    }

    private mutating func remember(_ known: Known) {
        forget(container: known.workload.id)
        guard takesRoom(known.bytes, beside: containers.count) else { return }
        containers[known.workload.id] = known
    }

    private mutating func takesRoom(_ more: Int, beside count: Int) -> Bool {
        guard count < Self.most, bytes + more <= Self.mostBytes else {
            unremembered += 1
            return false
        }
        bytes += more
        return true
    }

    /// Remembers a list. Returns it as workloads.
    package mutating func take(_ state: NRIMessage.State) -> [Workload] {
        let pods = state.sandboxes.flatMap { take(NRIMessage.Subject(sandbox: $0)) }
        return pods + state.containers.flatMap { take(NRIMessage.Subject(container: $0)) }
    }

    /// Forgets a container, or else a pod.
    package mutating func forget(_ subject: NRIMessage.Subject) {
        if let container = subject.container {
            forget(container: container.id)
        } else if let sandbox = subject.sandbox {
            forget(sandbox: sandbox.id)
        }
    }

    private mutating func forget(container id: String) {
        bytes -= containers.removeValue(forKey: id)?.bytes ?? 0
    }

    private mutating func forget(sandbox id: String) {
        bytes -= sandboxes.removeValue(forKey: id)?.bytes ?? 0
    }

    /// By its id; nil = nobody has told of it.
    package func sandbox(_ id: String) -> NRIMessage.Sandbox? { sandboxes[id] }

    /// By the id of a container or of a sandbox.
    package func find(_ id: String) -> Workload? {
        if let container = containers[id] { return workload(container, sandboxes[container.sandbox]) }
        return sandboxes[id].map(workload)
    }

    /// What is kept of a container: of its annotations the image alone.
    private func known(_ container: NRIMessage.Container) -> Known {
        var workload = Workload(kind: .container, id: container.id, name: container.name, runtime: runtime)
        workload.labels = container.labels
        workload.started = container.created
        workload.image.name = OCIAnnotations.image(container.annotations)
        let bytes =
            container.labels.bytes + container.id.utf8.count + container.name.utf8.count
            + workload.image.name.utf8.count
        return Known(sandbox: container.sandbox, workload: workload, bytes: bytes)
    }

    private func workload(_ known: Known, _ sandbox: NRIMessage.Sandbox?) -> Workload {
        var workload = known.workload
        workload.runtime = runtime
        workload.pod = sandbox?.pod
        return workload
    }

    /// The container that only holds the pod's namespaces.
    private func workload(_ sandbox: NRIMessage.Sandbox) -> Workload {
        var workload = Workload(kind: .container, id: sandbox.id, runtime: runtime)
        workload.pod = sandbox.pod
        return workload
    }
}

extension NRIMessage.Sandbox {
    /// Of its names and labels.
    fileprivate var bytes: Int {
        id.utf8.count + pod.name.utf8.count + pod.namespace.utf8.count + pod.uid.utf8.count + pod.labels.bytes
            + pod.annotations.bytes
    }
}

extension [String: String] {
    fileprivate var bytes: Int { reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count } }
}
