package import AgentModel
package import KubernetesClient
package import KubernetesObjects

/// What happened to a policy of the cluster.
package struct ClusterPolicyChange: Sendable, Equatable {
    /// Its name.
    package var key: PolicyKey
    /// Its text of now; nil = the API says that it is gone.
    package var text: [UInt8]?
    /// It was gone in between: the text before is nothing that it could fall back on.
    package var isNew = false

    package init(_ key: PolicyKey, text: [UInt8]?, isNew: Bool = false) {
        self.key = key
        self.text = text
        self.isNew = isNew
    }
}

/// What a cluster says of its policies, and which of it nobody has taken yet: of each policy the newest alone, so that
/// whoever takes slowly is not drowned.
package struct ClusterPolicyBook: Sendable {
    /// Policies that are known at most; Kubernetes users have some tens.
    package static let mostPolicies = 1000
    /// Bytes of the texts that wait at most.
    package static let mostBytes = 64 << 20

    /// Policies that may be in force: those that were told, and those that were kept since the last run.
    package private(set) var known: Set<PolicyKey>
    /// Why policies that the cluster has are not known here, a sentence each, by name.
    package private(set) var refused: [PolicyKey: String] = [:]
    private var waiting: [PolicyKey: ClusterPolicyChange] = [:]
    private var bytes = 0
    private let room: Int

    /// - Parameters:
    ///   - kept: policies that are in force from the start, since they were when this machine last asked.
    ///   - room: bytes of the texts that wait at most.
    package init(kept: Set<PolicyKey> = [], room: Int = ClusterPolicyBook.mostBytes) {
        known = kept
        self.room = room
    }

    /// Takes what the API tells of policies of a scope.
    package mutating func take<Scope: TracingPolicyScope>(
        _ report: ReflectorReport<KubernetesTracingPolicy<Scope>>
    ) {
        switch report {
        case .state: return
        case .set(let policy): set(policy)
        case .removed(let policy): remove(Self.key(policy))
        case .all(let policies, let missing):
            let listed = Set(policies.map { Self.key($0) })
            refused = refused.filter { !Self.isOf(Scope.self, $0.key) || listed.contains($0.key) }
            // One that is not told of may be one that could not be read: then nothing is known to be gone.
            if missing == 0 {
                for key in known.subtracting(listed).sorted() where Self.isOf(Scope.self, key) { remove(key) }
            }
            for policy in policies { set(policy) }
        }
    }

    /// What happened since the last call, by name.
    package mutating func changes() -> [ClusterPolicyChange] {
        defer {
            waiting = [:]
            bytes = 0
        }
        return waiting.values.sorted { $0.key < $1.key }
    }

    /// How messages and listings call a policy of the cluster.
    package static func source(of key: PolicyKey) -> String {
        key.namespace.isEmpty
            ? "kubernetes:\(ClusterScope.collection)/\(key.name)"
            : "kubernetes:\(NamespaceScope.collection)/\(key.namespace)/\(key.name)"
    }

    private static func key<Scope>(_ policy: KubernetesTracingPolicy<Scope>) -> PolicyKey {
        let metadata = policy.metadata
        // An object of a namespace always says which; what does not is no name of another scope's policy.
        let namespace = metadata.namespace.isEmpty ? "default" : metadata.namespace
        return PolicyKey(name: metadata.name, namespace: Scope.kind == ClusterScope.kind ? "" : namespace)
    }

    private static func isOf<Scope: TracingPolicyScope>(_: Scope.Type, _ key: PolicyKey) -> Bool {
        key.namespace.isEmpty == (Scope.kind == ClusterScope.kind)
    }

    private mutating func set<Scope>(_ policy: KubernetesTracingPolicy<Scope>) {
        let key = Self.key(policy)
        refused[key] = nil
        guard known.contains(key) || known.count < Self.mostPolicies else {
            return refuse(key, "more than \(Self.mostPolicies) policies of a cluster are not taken")
        }
        let before = waiting[key]
        let others = bytes - (before?.text?.count ?? 0)
        guard others + policy.text.count <= room else {
            return refuse(
                key, "the policies of the cluster are longer than \(Self.mostBytes >> 20) MiB together")
        }
        bytes = others + policy.text.count
        known.insert(key)
        let isNew = before.map { $0.text == nil || $0.isNew } ?? false
        waiting[key] = ClusterPolicyChange(key, text: policy.text, isNew: isNew)
    }

    private mutating func remove(_ key: PolicyKey) {
        refused[key] = nil
        known.remove(key)
        bytes -= waiting[key]?.text?.count ?? 0
        waiting[key] = ClusterPolicyChange(key, text: nil)
    }

    private mutating func refuse(_ key: PolicyKey, _ reason: String) {
        guard refused.count < Self.mostPolicies else { return }
        refused[key] = "\(Self.source(of: key)) is not in force as it is there: \(reason)"
    }
}
