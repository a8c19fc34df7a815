public import WorkloadModel

extension Workload {
    /// What is said of a workload, before a filter; a reserved label where its labels are not known or it has none.
    /// - Parameter cluster: name of the cluster; empty = `default`.
    public func identityLabels(cluster: String) -> [Label] {
        switch kind {
        case .unit, .session: return [Label(.reserved, ReservedIdentity.host.name)]
        case .other: return [Label(.reserved, ReservedIdentity.unmanaged.name)]
        case .container, .machine: break
        }
        switch naming {
        // A provider may still name it: as pods are before their labels are known.
        case .pending: return [Label(.reserved, ReservedIdentity.initial.name)]
        case .unnamed: return [Label(.reserved, ReservedIdentity.unmanaged.name)]
        case .known: break
        }
        if let pod, !pod.name.isEmpty || !pod.namespace.isEmpty {
            return pod.identityLabels(cluster: cluster)
        }
        if !labels.isEmpty { return labels.map { Label(.container, $0.key, $0.value) } }
        // Without labels a container is only told from others by its name.
        return [Label(.container, Self.nameLabel, title)]
    }

    /// Key of the label that stands for the name of a container without labels.
    public static let nameLabel = "io.secd.name"
}

extension Pod {
    /// What keys of Cilium's own labels begin with.
    private static let own = "io.cilium.k8s"

    /// Labels of the pod, and those that Cilium adds.
    func identityLabels(cluster: String) -> [Label] {
        // A pod chooses neither its namespace nor the labels of that.
        let chosen = labels.filter { !$0.key.hasPrefix(Self.own) }.map { Label(.k8s, $0.key, $0.value) }
        let ofNamespace = namespaceLabels.map {
            Label(.k8s, "\(Self.own).namespace.labels.\($0.key)", $0.value)
        }
        // What is added goes before labels of the same name.
        return chosen + ofNamespace + [
            Label(.k8s, "io.kubernetes.pod.namespace", namespace),
            Label(.k8s, "\(Self.own).policy.cluster", cluster.isEmpty ? "default" : cluster),
        ]
    }
}
