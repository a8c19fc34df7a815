import Configuration
import KubernetesClient
import Logging

/// What a daemon takes from a cluster beside the pods of its node.
extension Daemon {
    /// Where labels that a cluster gives this node outlive the daemon; nil = there is no cluster.
    static func keptLabels(_ configuration: AgentConfiguration) -> KeptNodeLabels? {
        guard configuration.workloads.kubernetes != "off" else { return nil }
        return KeptNodeLabels(
            stateDirectory: configuration.stateDirectory, node: configuration.nodeName)
    }

    /// Who follows the cluster; begins with `start`.
    static func cluster(
        _ configuration: AgentConfiguration, _ kept: KeptNodeLabels, _ policies: PolicyKeeper,
        _ labels: NodeLabels, _ logger: Logger
    ) -> ClusterFollower {
        let client = APIClient(
            kubeconfig: configuration.workloads.kubeconfig, limits: ClusterFollower.limits)
        return ClusterFollower(
            node: configuration.nodeName, client, kept: kept, logger: logger,
            listener: ClusterFollower.Listener(
                policies: { policies.adopt($0) },
                nodeLabels: { labels.set(cluster: $0) { policies.adopt(nodeLabels: $0) } }))
    }
}

extension AgentConfiguration.Workloads {
    /// Path of the kubeconfig; empty = the service account of the pod that this runs in.
    var kubeconfig: String { kubernetes == "in-cluster" ? "" : kubernetes }
}
