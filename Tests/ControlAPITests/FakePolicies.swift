import AgentModel
import Synchronization

/// Policies without kernel: remembers what it was asked for, and refuses what a test names.
final class FakePolicies: Sendable {
    private struct State {
        var policies: [PolicyStatus] = []
        var additions: [PolicyAddition] = []
        var refusal: PolicyChangeError?
        var containers: [ContainerRegistration] = []
    }
    private let state = Mutex(State())

    var additions: [PolicyAddition] { state.withLock(\.additions) }

    func set(_ policies: [PolicyStatus]) { state.withLock { $0.policies = policies } }

    /// From now on every change is refused for this reason.
    func refuse(_ refusal: PolicyChangeError) { state.withLock { $0.refusal = refusal } }

    static func status(_ name: String, namespace: String = "", domain: String = "grpc") -> PolicyStatus {
        PolicyStatus(
            id: 1, name: name, namespace: namespace, domain: domain, source: "API", state: .enabled,
            mode: .enforce, enabled: true)
    }

    var containers: [ContainerRegistration] { state.withLock(\.containers) }

    func register(_ container: ContainerRegistration) throws(PolicyChangeError) {
        let refusal = state.withLock { state in
            state.containers.append(container)
            return state.refusal
        }
        if let refusal { throw refusal }
    }

    var all: [PolicyStatus] { state.withLock(\.policies) }

    func add(_ addition: PolicyAddition) throws(PolicyChangeError) -> [PolicyKey] {
        let refusal = state.withLock { state in
            state.additions.append(addition)
            if state.refusal == nil { state.policies.append(Self.status("added")) }
            return state.refusal
        }
        if let refusal { throw refusal }
        return [PolicyKey(name: "added")]
    }

    func delete(_ key: PolicyKey) throws(PolicyChangeError) {
        let isThere = state.withLock { state in
            let before = state.policies.count
            state.policies.removeAll { $0.name == key.name && $0.namespace == key.namespace }
            return state.policies.count < before
        }
        if !isThere { throw PolicyChangeError(.notFound, "there is no policy \(key)") }
    }

    func configure(_ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?) throws(PolicyChangeError) {
        let isThere = state.withLock { state in
            guard
                let index = state.policies.firstIndex(where: {
                    $0.name == key.name && $0.namespace == key.namespace
                })
            else { return false }
            if let enabled {
                state.policies[index].enabled = enabled
                state.policies[index].state = enabled ? .enabled : .disabled
            }
            if let mode { state.policies[index].mode = mode }
            return true
        }
        if !isThere { throw PolicyChangeError(.notFound, "there is no policy \(key)") }
    }
}

extension FakeAgent {
    func policies() async -> [PolicyStatus] { book.all }

    func register(_ container: ContainerRegistration) async throws(PolicyChangeError) {
        try book.register(container)
    }

    func addPolicies(_ addition: PolicyAddition) async throws(PolicyChangeError) -> [PolicyKey] {
        try book.add(addition)
    }

    func deletePolicy(_ key: PolicyKey) async throws(PolicyChangeError) { try book.delete(key) }

    func configurePolicy(
        _ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?
    ) async throws(PolicyChangeError) {
        try book.configure(key, enabled: enabled, mode: mode)
    }
}
