import FoundationEssentials
import WorkloadModel

/// What managers of containers tell the runtime about names: annotations of the OCI configuration.
enum OCIAnnotations {
    /// Fills in what annotations say; those that are not about names become labels of the container.
    static func apply(_ annotations: [String: String], to workload: inout Workload) {
        if annotations["io.kubernetes.cri.container-type"] != nil {
            applyContainerd(annotations, &workload)
        } else if annotations["io.kubernetes.cri-o.ContainerType"] != nil
            || annotations["io.kubernetes.cri-o.Name"] != nil
        {
            applyCRIO(annotations, &workload)
        } else if let name = annotations["nerdctl/name"] {
            workload.runtime = "containerd"
            if !name.isEmpty { workload.name = name }
            let labels = annotations["nerdctl/labels"].flatMap(Self.map) ?? [:]
            workload.labels = labels
        } else if annotations["io.container.manager"] == "libpod" {
            workload.runtime = "podman"
        } else {
            workload.labels = annotations
            applyKubelet(annotations, &workload)
        }
    }

    /// What a container of a pod was made from; empty where nobody wrote that down.
    static func image(_ annotations: [String: String]) -> String {
        annotations["io.kubernetes.cri.image-name"] ?? annotations["io.kubernetes.cri-o.ImageName"] ?? ""
    }

    /// containerd's CRI plugin (pkg/cri/annotations).
    private static func applyContainerd(_ annotations: [String: String], _ workload: inout Workload) {
        func value(_ name: String) -> String { annotations["io.kubernetes.cri." + name] ?? "" }
        workload.runtime = "containerd"
        workload.name = value("container-type") == "sandbox" ? "" : value("container-name")
        workload.image.name = value("image-name")
        workload.pod = Pod(
            namespace: value("sandbox-namespace"), name: value("sandbox-name"), uid: value("sandbox-uid"))
    }

    /// CRI-O (pkg/annotations), which also writes down the labels of the pod.
    private static func applyCRIO(_ annotations: [String: String], _ workload: inout Workload) {
        func value(_ name: String) -> String { annotations["io.kubernetes." + name] ?? "" }
        workload.runtime = "cri-o"
        workload.name = value("cri-o.ContainerType") == "sandbox" ? "" : value("container.name")
        workload.image = Workload.Image(name: value("cri-o.ImageName"), id: value("cri-o.ImageRef"))
        var pod = Pod(
            namespace: value("pod.namespace"), name: value("pod.name"), uid: value("pod.uid"))
        let labels = annotations["io.kubernetes.cri-o.Labels"].flatMap(Self.map) ?? [:]
        // Beside the pod's own those of the kubelet.
        pod.labels = labels.filter { !$0.key.hasPrefix("io.kubernetes.") }
        workload.pod = pod
    }

    /// The names that the kubelet gives to whoever runs its containers; others give them, too.
    private static func applyKubelet(_ annotations: [String: String], _ workload: inout Workload) {
        guard let pod = annotations["io.kubernetes.pod.name"], !pod.isEmpty else { return }
        workload.pod = Pod(
            namespace: annotations["io.kubernetes.pod.namespace"] ?? "default", name: pod,
            uid: annotations["io.kubernetes.pod.uid"] ?? "")
        workload.name = annotations["io.kubernetes.container.name"] ?? workload.name
    }

    private static func map(_ json: String) -> [String: String]? {
        try? JSONDecoder().decode([String: String].self, from: Data(json.utf8))
    }
}
