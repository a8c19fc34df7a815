/// A container that its runtime is about to start, as a hook of the runtime tells it.
public struct ContainerRegistration: Sendable, Equatable {
    /// The runtime's id.
    public var id: String
    /// Its cgroup: below the root of the hierarchy, or the directory; empty = that of the caller.
    public var cgroup: String
    /// Of the OCI configuration: managers of containers write names there.
    public var annotations: [String: String]
    /// The name that people gave it; empty = what annotations say.
    public var name: String
    /// What it was made from; empty = what annotations say.
    public var image: String
    /// Its pod; empty = what annotations say.
    public var podName: String
    /// Of the pod.
    public var podNamespace: String
    /// Of the pod.
    public var podUID: String
    /// Of the container itself; nil = the runtime did not tell them, and neither those of its pod.
    public var labels: [String: String]?
    /// Of the pod, where the runtime told them.
    public var podLabels: [String: String]
    /// Of the pod, where the runtime told them.
    public var podAnnotations: [String: String]
    /// As the runtime calls itself; empty = what annotations and the cgroup say.
    public var runtime: String
    /// Process that calls, as the kernel told the daemon; 0 = not known. Nothing that a client sends.
    public var caller: UInt32

    /// - Parameter id: the runtime's.
    public init(id: String) {
        self.id = id
        cgroup = ""
        annotations = [:]
        name = ""
        image = ""
        podName = ""
        podNamespace = ""
        podUID = ""
        podLabels = [:]
        podAnnotations = [:]
        runtime = ""
        caller = 0
    }
}
