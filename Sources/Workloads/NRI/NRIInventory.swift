package import WorkloadModel

/// The pods and containers of which a runtime has told.
package struct NRIInventory: Sendable {
    /// Of either that are remembered at most.
    private static let most = 16_384

    /// As the runtime calls itself; empty = it has not said.
    package var runtime = ""
    private var sandboxes: [String: NRIMessage.Sandbox] = [:]
    private var containers: [String: NRIMessage.Container] = [:]

    package init() {}

    /// Remembers what a message tells. Returns it as workloads.
    package mutating func take(_ subject: NRIMessage.Subject) -> [Workload] {
        var told: [Workload] = []
        if let sandbox = subject.sandbox, !sandbox.id.isEmpty {
            if Self.hasRoom(sandboxes, sandbox.id) { sandboxes[sandbox.id] = sandbox }
            if subject.container == nil { told.append(workload(sandbox)) }
        }
        if let container = subject.container, !container.id.isEmpty {
            if Self.hasRoom(containers, container.id) { containers[container.id] = container }
            told.append(workload(container, subject.sandbox ?? sandboxes[container.sandbox]))
        }
        return told
    }

    /// Remembers a list. Returns it as workloads.
    package mutating func take(_ state: NRIMessage.State) -> [Workload] {
        let pods = state.sandboxes.flatMap { take(NRIMessage.Subject(sandbox: $0)) }
        return pods + state.containers.flatMap { take(NRIMessage.Subject(container: $0)) }
    }

    private static func hasRoom<Value>(_ known: [String: Value], _ id: String) -> Bool {
        known.count < most || known[id] != nil
    }

    /// Forgets a container, or else a pod.
    package mutating func forget(_ subject: NRIMessage.Subject) {
        if let container = subject.container {
            containers[container.id] = nil
        } else if let sandbox = subject.sandbox {
            sandboxes[sandbox.id] = nil
        }
    }

    /// By the id of a container or of a sandbox.
    package func find(_ id: String) -> Workload? {
        if let container = containers[id] { return workload(container, sandboxes[container.sandbox]) }
        return sandboxes[id].map(workload)
    }

    private func workload(
        _ container: NRIMessage.Container, _ sandbox: NRIMessage.Sandbox?
    ) -> Workload {
        var workload = Workload(
            kind: .container, id: container.id, name: container.name, runtime: runtime)
        workload.labels = container.labels
        workload.started = container.created
        workload.pod = sandbox?.pod
        workload.image.name = OCIAnnotations.image(container.annotations)
        return workload
    }

    /// The container that only holds the pod's namespaces.
    private func workload(_ sandbox: NRIMessage.Sandbox) -> Workload {
        var workload = Workload(kind: .container, id: sandbox.id, runtime: runtime)
        workload.pod = sandbox.pod
        return workload
    }
}
