/// Which workloads a policy or selector is about.
public struct WorkloadTest: Sendable, Hashable {
    /// One requirement on labels; all of a list must hold.
    public struct Term: Sendable, Hashable {
        /// Of a label, or `name` and `repo` for containers.
        public var key: String
        /// How the label's value is judged.
        public var operation: LabelSelectorSpec.Term.Operator
        /// For `In` and `NotIn`; empty for the others.
        public var values: [String]

        public init(key: String, operation: LabelSelectorSpec.Term.Operator, values: [String]) {
            self.key = key
            self.operation = operation
            self.values = values
        }

        /// Kubernetes' rules: `NotIn` holds where the key is absent.
        public func holds(for labels: [String: String]) -> Bool {
            let value = labels[key]
            switch operation {
            case .isIn: return value.map(values.contains) ?? false
            case .notIn: return !(value.map(values.contains) ?? false)
            case .exists: return value != nil
            case .doesNotExist: return value == nil
            }
        }
    }

    /// Namespace of the pod, of a namespaced policy.
    public var namespace: String?
    /// On the labels of the pod; nil = pods are not asked about.
    public var podTerms: [Term]?
    /// On name and repository of the container; nil = they are not asked about.
    public var containerTerms: [Term]?
    /// Processes outside of any container count, too.
    public var includesHost: Bool

    public init(
        namespace: String? = nil, podTerms: [Term]? = nil, containerTerms: [Term]? = nil,
        includesHost: Bool = false
    ) {
        self.namespace = namespace
        self.podTerms = podTerms
        self.containerTerms = containerTerms
        self.includesHost = includesHost
    }

    /// Whether a workload is one of these.
    public func holds(for workload: WorkloadFacts) -> Bool {
        switch workload {
        case .host: return includesHost
        case .container(let container):
            if namespace == nil, podTerms == nil, containerTerms == nil { return false }
            if let namespace, container.namespace != namespace { return false }
            if let podTerms {
                guard let labels = container.podLabels, podTerms.allSatisfy({ $0.holds(for: labels) }) else {
                    return false
                }
            }
            return containerTerms?.allSatisfy { $0.holds(for: container.fields) } ?? true
        }
    }
}

/// Where a process runs.
public enum WorkloadFacts: Sendable, Hashable {
    case host
    case container(ContainerFacts)
}

/// What is known of a container.
public struct ContainerFacts: Sendable, Hashable {
    /// Empty outside of pods.
    public var namespace: String
    /// Nil outside of pods.
    public var podLabels: [String: String]?
    /// Name in the pod, or that the runtime knows.
    public var name: String
    /// Of the container's image.
    public var repository: String

    public init(
        namespace: String = "", podLabels: [String: String]? = nil, name: String = "", repository: String = ""
    ) {
        self.namespace = namespace
        self.podLabels = podLabels
        self.name = name
        self.repository = repository
    }

    /// The keys of `containerSelector`.
    var fields: [String: String] { ["name": name, "repo": repository] }
}
