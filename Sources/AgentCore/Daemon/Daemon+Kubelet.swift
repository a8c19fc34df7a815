import Configuration
import KubernetesClient
import Workloads
import YAMLReader

/// Who tells of the pods of this node: the API of the cluster, and the kubelet while that says nothing.
extension Daemon {
    private static let usualKubelet = ServerAddress(isSecure: true, host: "127.0.0.1", port: 10250)

    static func clusterProviders(
        _ configuration: AgentConfiguration.Workloads, node: String
    ) -> [any WorkloadProvider] {
        let hasAPI = configuration.kubernetes != "off"
        // Without the API there is nobody to wait for.
        let pods = ClusterPods(patience: hasAPI ? ClusterPods.patience : 0)
        var providers: [any WorkloadProvider] = []
        let cluster = APIClient(kubeconfig: configuration.kubeconfig)
        if hasAPI { providers.append(KubernetesProvider(node: node, cluster, pods: pods)) }
        if let access = kubeletAccess(configuration, node: node) {
            let client = APIClient(limits: KubeletProvider.limits) { () throws(APIFailure) in
                try access.access()
            }
            providers.append(KubeletProvider(client, pods: pods))
        }
        return providers
    }

    /// Nil where it is not asked.
    private static func kubeletAccess(
        _ configuration: AgentConfiguration.Workloads, node: String
    ) -> KubeletAccess? {
        let settings = configuration.kubelet
        guard let server = kubeletServer(configuration) else { return nil }
        var access = KubeletAccess(
            server: server, serverName: settings.serverName.isEmpty ? node : settings.serverName)
        access.authority = settings.authority
        access.isUnverified = settings.insecure
        access.token = settings.token
        access.certificate = settings.certificate
        access.key = settings.key
        if configuration.kubernetes != "off" {
            access.cluster = APIClient.access(kubeconfig: configuration.kubeconfig)
        }
        return access
    }

    /// Nil where the kubelet is not asked, or the URL is none.
    private static func kubeletServer(_ configuration: AgentConfiguration.Workloads) -> ServerAddress? {
        switch configuration.kubelet.server {
        case "off": nil
        case "auto": configuration.kubernetes == "off" ? nil : usualKubelet
        default: ServerAddress(configuration.kubelet.server)
        }
    }

    /// What is said at every start; nil = nothing.
    static func kubeletWarning(_ configuration: AgentConfiguration) -> String? {
        let workloads = configuration.workloads
        guard workloads.kubelet.insecure, let server = kubeletServer(workloads), server.isSecure else {
            return nil
        }
        return
            "workloads.kubelet.insecure: whoever listens at \(server) is believed to be the kubelet, and gets its token"
    }

    /// What only those who use it can say of the settings of the kubelet.
    static func kubeletProblems(_ configuration: AgentConfiguration) -> [Diagnostic] {
        let workloads = configuration.workloads
        let settings = workloads.kubelet
        var problems: [Diagnostic] = []
        func complain(_ name: String, _ message: String, hint: String = "") {
            problems.append(configuration.problem("workloads.kubelet.\(name)", message, hint: hint))
        }
        if settings.certificate.isEmpty != settings.key.isEmpty {
            let (set, missing) = settings.key.isEmpty ? ("certificate", "key") : ("key", "certificate")
            complain(set, "workloads.kubelet.\(missing) is missing: both are set, or none")
        }
        if !settings.token.isEmpty, !settings.certificate.isEmpty {
            complain("token-file", "goes with no certificate: the kubelet is told one of the two")
        }
        if settings.insecure, !settings.authority.isEmpty {
            complain("ca", "has no effect with workloads.kubelet.insecure", hint: "remove one of the two")
        }
        guard let server = kubeletServer(workloads) else {
            if !["auto", "off"].contains(settings.server) {
                complain("server", "\"\(settings.server)\" is no URL", hint: "like https://127.0.0.1:10250")
            }
            return problems
        }
        if !server.isSecure {
            if !server.isLoopback {
                complain("server", "without TLS only the kubelet of this machine is asked", hint: "use https")
            }
            for (name, value) in [
                ("token-file", settings.token), ("certificate", settings.certificate),
            ] where !value.isEmpty {
                complain(name, "is not sent without TLS", hint: "use https, or remove it")
            }
        } else if workloads.kubernetes == "off", settings.authority.isEmpty, !settings.insecure {
            complain(
                "server", "nobody vouches for the kubelet",
                hint: "set workloads.kubelet.ca, often /var/lib/kubelet/pki/kubelet.crt")
        }
        return problems
    }
}
