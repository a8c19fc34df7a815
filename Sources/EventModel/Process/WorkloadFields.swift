/// Fields of `tetragon.Pod` and its parts, and of our own `workload`.
public enum WorkloadFields {
    public static let namespace = Field("namespace", 1, .string, "Kubernetes namespace of the pod.")
    public static let podName = Field("name", 2, .string, "Name of the pod.")
    public static let podUID = Field("uid", 3, .string, "UID of the pod.")
    public static let container = Field("container", 4, .message, "The container of the pod.")
    public static let podLabels = Field("pod_labels", 5, .map, "Labels of the pod.")
    public static let owner = Field("workload", 6, .string, "What the pod belongs to: its deployment, …")
    public static let ownerKind = Field("workload_kind", 7, .string, "Kind of that: Deployment, DaemonSet, …")
    public static let podAnnotations = Field("pod_annotations", 8, .map, "Annotations of the pod.")

    public static let containerID = Field(
        "id", 1, .string, "Id of the container, with its runtime: containerd://…")
    public static let containerName = Field("name", 2, .string, "Name of the container in the pod.")
    public static let containerImage = Field("image", 3, .message, "Image of the container.")
    public static let startTime = Field("start_time", 4, .timestamp, "When the container started.")
    public static let pid = Field("pid", 5, .uint32Value, "Process id in the container's own pid namespace.")
    public static let maybeExecProbe = Field(
        "maybe_exec_probe", 13, .bool,
        "Whether program and arguments are those of a probe that the kubelet runs in it; anybody there can run the same."
    )
    public static let securityContext = Field(
        "security_context", 14, .message, "Rights of the container beyond the usual.")
    public static let privileged = Field("privileged", 1, .bool, "Whether it has all rights of the host.")
    public static let imageID = Field("id", 1, .string, "Digest or id of the image.")
    public static let imageName = Field(
        "name", 2, .string, "Name of the image, as the runtime was asked for it.")

    public static let kind = Field(
        "kind", 1, .string,
        "container, machine (of machinectl), unit (of systemd), session, or other: a cgroup with mounts of its own that nobody names."
    )
    public static let id = Field("id", 2, .string, "The runtime's id, or the name of the unit or machine.")
    public static let name = Field("name", 3, .string, "The name that people gave it.")
    public static let runtime = Field(
        "runtime", 4, .string,
        "docker, podman, containerd, cri-o, runc, crun, lxc, nspawn, libvirt or systemd.")
    public static let image = Field("image", 5, .string, "Name of the container's image.")
    public static let labels = Field("labels", 6, .map, "Labels of the container itself.")
    public static let unit = Field(
        "unit", 7, .string, "The innermost unit of systemd, also inside of a container.")
    public static let slice = Field("slice", 8, .string, "The slice of systemd.")
    public static let naming = Field(
        "naming", 9, .string,
        "Absent where all is known. pending: its runtime has not named it yet, a workload_named event will; unnamed: nobody knows it."
    )
    public static let identity = Field(
        "identity", 10, .uint32,
        "Numeric security identity of the container's labels, as `secctl identity` lists them. Absent where it is not known in time; a workload_named event brings it."
    )
}
