/// One row of `secctl workload list`, and what `ps` and `tree` know of a process's place.
public struct WorkloadListing: Codable, Sendable, Hashable {
    /// container, machine, unit, session, other.
    public var kind: String
    /// The runtime's id, or the name of a unit or machine.
    public var id: String
    /// The name that people gave it; empty where there is only an id.
    public var name: String
    /// docker, podman, containerd, cri-o, runc, crun, lxc, nspawn, systemd; empty = not known.
    public var runtime: String
    /// Name of the image.
    public var image: String
    /// Digest or id of the image.
    public var imageID: String
    /// Labels of the container itself.
    public var labels: [String: String]
    /// Empty outside of pods.
    public var namespace: String
    /// Empty outside of pods.
    public var pod: String
    /// Empty outside of pods.
    public var podUID: String
    /// What made the pod, and its kind: `web`, `Deployment`.
    public var owner: String
    /// Kind of the owner.
    public var ownerKind: String
    /// Labels of the pod.
    public var podLabels: [String: String]
    /// Annotations of the pod.
    public var podAnnotations: [String: String]
    /// The innermost unit of systemd, also inside of a container.
    public var unit: String
    /// The slice of systemd.
    public var slice: String
    /// Path of the cgroup below the root of the hierarchy.
    public var cgroup: String
    /// Of the first process; 0 = not known.
    public var pid: UInt32
    /// RFC 3339; empty = not known.
    public var startTime: String
    /// known, pending or unnamed.
    public var naming: String
    /// The number of its labels; nil = the daemon gives none.
    public var identity: UInt32?

    /// The rest is set afterwards, where it is known.
    public init(kind: String, id: String, name: String, runtime: String) {
        self.kind = kind
        self.id = id
        self.name = name
        self.runtime = runtime
        image = ""
        imageID = ""
        labels = [:]
        namespace = ""
        pod = ""
        podUID = ""
        owner = ""
        ownerKind = ""
        podLabels = [:]
        podAnnotations = [:]
        unit = ""
        slice = ""
        cgroup = ""
        pid = 0
        startTime = ""
        naming = ""
    }
}

/// What the daemon knows of workloads, and where from.
public struct WorkloadReport: Codable, Sendable, Hashable {
    /// By kind and name.
    public var workloads: [WorkloadListing]
    /// How each source of names does, in words: `connected`, `absent`, or what is wrong.
    public var providers: [String: String]

    public init(workloads: [WorkloadListing], providers: [String: String]) {
        self.workloads = workloads
        self.providers = providers
    }
}
