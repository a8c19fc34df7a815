import Configuration
import KubernetesClient
import Logging
import Workloads

/// What a daemon takes from a cluster beside the pods of its node.
extension Daemon {
    /// Where labels that a cluster gives this node outlive the daemon; nil = there is no cluster.
    static func keptLabels(_ configuration: AgentConfiguration) -> KeptNodeLabels? {
        guard configuration.workloads.kubernetes != "off" else { return nil }
        return KeptNodeLabels(
            stateDirectory: configuration.stateDirectory, node: configuration.nodeName)
    }

    /// Who knows the labels of namespaces, with what is known of them from the start.
    static func namespaces(
        _ configuration: AgentConfiguration, _ manifests: ManifestDirectory?, _ engine: AgentEngine,
        _ logger: Logger
    ) -> NamespaceKeeper {
        let hasCluster = configuration.workloads.kubernetes != "off"
        let kept = hasCluster ? KeptNamespaceLabels(stateDirectory: configuration.stateDirectory) : nil
        return NamespaceKeeper(
            manifests: manifests?.content.namespaceLabels ?? [:], kept, logger: logger
        ) { [weak engine] in engine?.adopt(namespaces: $0) }
    }

    /// Who follows the cluster; begins with `start`.
    static func cluster(
        _ configuration: AgentConfiguration, _ kept: KeptNodeLabels, _ policies: PolicyKeeper,
        _ labels: NodeLabels, _ namespaces: NamespaceKeeper, _ logger: Logger
    ) -> ClusterFollower {
        let client = APIClient(
            kubeconfig: configuration.workloads.kubeconfig, limits: ClusterFollower.limits)
        return ClusterFollower(
            node: configuration.nodeName, client, kept: kept, logger: logger,
            listener: ClusterFollower.Listener(
                policies: { policies.adopt($0) },
                nodeLabels: { labels.set(cluster: $0) { policies.adopt(nodeLabels: $0) } },
                namespaces: { namespaces.take($0) }))
    }
}

extension AgentConfiguration.Workloads {
    /// Path of the kubeconfig; empty = the service account of the pod that this runs in.
    var kubeconfig: String { kubernetes == "in-cluster" ? "" : kubernetes }
}
