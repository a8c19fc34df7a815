import Synchronization

/// What runs somewhere: a container, a unit of systemd, a session. Processes of it share one value.
public struct Workload: Sendable, Hashable, Codable {
    /// What it is.
    public enum Kind: String, Sendable, Hashable, Codable {
        case container, machine, unit, session
        /// A cgroup with a view of its own that no provider names.
        case other
    }

    /// How much of it is known.
    public enum Naming: String, Sendable, Hashable, Codable {
        /// All that providers have.
        case known
        /// A provider may still name it.
        case pending
        /// Nobody named it in time, or nobody knows it.
        case unnamed
    }

    /// What a container was made from.
    public struct Image: Sendable, Hashable, Codable {
        /// As the runtime was asked for it: `docker.io/library/nginx:1.27`.
        public var name = ""
        /// Its digest or id.
        public var id = ""

        public init(name: String = "", id: String = "") {
            self.name = name
            self.id = id
        }

        /// The name without tag and digest.
        public var repository: String {
            var text = name[...]
            if let at = text.firstIndex(of: "@") { text = text[..<at] }
            // A colon behind the last slash is a tag, one before it a port.
            let last = text.lastIndex(of: "/").map { text.index(after: $0) } ?? text.startIndex
            if let colon = text[last...].lastIndex(of: ":") { text = text[..<colon] }
            return String(text)
        }
    }

    /// Pods, containers, units.
    public var kind: Kind
    /// The runtime's id, or the name of a unit or machine.
    public var id: String
    /// The name that people gave it; empty where there is only an id.
    public var name: String
    /// docker, podman, containerd, cri-o, runc, crun, lxc, nspawn, systemd; empty = not known.
    public var runtime: String
    /// Empty outside of containers.
    public var image = Image()
    /// Of the container itself: those of the pod stand there.
    public var labels: [String: String] = [:]
    /// The pod; nil outside of pods.
    public var pod: Pod?
    /// The innermost unit of systemd, also inside of a container; empty = none.
    public var unit = ""
    /// The slice it runs in; empty = none.
    public var slice = ""
    /// Path of its cgroup, v2.
    public var cgroup = ""
    /// Of its first process, in the initial pid namespace; 0 = not known.
    public var pid: UInt32 = 0
    /// Nanoseconds since 1970; 0 = not known.
    public var started: UInt64 = 0
    /// Whether it has all rights of the host; nil = not known.
    public var isPrivileged: Bool?
    /// Commands that the kubelet runs in it, to see how it does; empty where nobody knows the pod's specification.
    public var execProbes: [ExecProbe] = []
    /// How much of it is known.
    public var naming = Naming.known

    public init(kind: Kind, id: String, name: String = "", runtime: String = "") {
        self.kind = kind
        self.id = id
        self.name = name
        self.runtime = runtime
    }

    /// Whether its processes have a view of the machine that is not the host's.
    public var isContainer: Bool { kind == .container || kind == .machine || kind == .other }

    /// What to call it: its name, else its id.
    public var title: String { name.isEmpty ? id : name }

    /// What the path of a cgroup alone tells; nil for the machine itself.
    /// - Parameter path: of the cgroup.
    public init?(_ place: CgroupPlace, path: String) {
        switch place.kind {
        case .host, .monitor, .pod: return nil
        case .container: self.init(kind: .container, id: place.id, runtime: place.runtime)
        case .machine: self.init(kind: .machine, id: place.id, name: place.id, runtime: place.runtime)
        case .unit: self.init(kind: .unit, id: place.unit, name: place.unit, runtime: "systemd")
        case .session: self.init(kind: .session, id: place.unit, name: place.unit, runtime: "systemd")
        case .other: self.init(kind: .other, id: Self.lastName(path))
        }
        unit = place.unit
        slice = place.slice
        cgroup = path
        if place.kind == .container || place.kind == .other { naming = .pending }
        if !place.podUID.isEmpty, place.kind == .container { pod = Pod(uid: place.podUID) }
    }

    /// What is known when another source tells of the same container. The newer word counts, but what it leaves
    /// out stays; a runtime, which knows nothing of names, does not overwrite those of an engine.
    public func updated(by newer: Workload) -> Workload {
        guard newer.id == id, newer.kind == kind, naming != .unnamed else { return newer }
        let isWeaker =
            Self.runtimes.contains(newer.runtime) && !Self.runtimes.contains(runtime) && !runtime.isEmpty
        var result = isWeaker ? self : newer
        let other = isWeaker ? newer : self
        if result.name.isEmpty { result.name = other.name }
        if result.runtime.isEmpty { result.runtime = other.runtime }
        if result.image.name.isEmpty { result.image.name = other.image.name }
        if result.image.id.isEmpty { result.image.id = other.image.id }
        if result.labels.isEmpty { result.labels = other.labels }
        if result.pid == 0 { result.pid = other.pid }
        if result.started == 0 { result.started = other.started }
        if result.cgroup.isEmpty { result.cgroup = other.cgroup }
        if result.slice.isEmpty { result.slice = other.slice }
        result.isPrivileged = result.isPrivileged ?? other.isPrivileged
        if result.execProbes.isEmpty { result.execProbes = other.execProbes }
        result.pod = result.pod?.completed(by: other.pod) ?? other.pod
        if other.naming == .known { result.naming = .known }
        return result
    }

    /// They start containers for others, who have the names.
    private static let runtimes: Set<String> = ["runc", "crun"]

    private static func lastName(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

/// A pod of Kubernetes.
public struct Pod: Sendable, Hashable, Codable {
    /// Namespace of Kubernetes.
    public var namespace = ""
    /// Unique in its namespace.
    public var name = ""
    /// Of the object in the API.
    public var uid = ""
    /// Those of the pod, not those of its containers.
    public var labels: [String: String] = [:]
    /// Those that the runtime was told.
    public var annotations: [String: String] = [:]
    /// What made the pod: a deployment, a daemon set.
    public var owner = ""
    /// Kind of the owner.
    public var ownerKind = ""
    /// Whether the cluster says so: then labels and annotations are those of now, and complete. A runtime knows
    /// those that the pod was made with.
    public var isOfCluster = false
    /// Which of two words of the cluster is the newer one: the larger number. 0 where the cluster says nothing.
    public var revision: UInt64 = 0
    /// Those of its namespace, as far as they are known.
    public var namespaceLabels: [String: String] = [:]

    public init(namespace: String = "", name: String = "", uid: String = "") {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    /// The same with what another source knows in addition.
    package func completed(by other: Pod?) -> Pod {
        guard let other else { return self }
        // Whoever speaks last: what a runtime was told at the start is older than what the cluster says.
        if other.isOfCluster, !isOfCluster { return other.completed(by: self) }
        // Where the API and the kubelet have told of it in turn, it counts who did so last, in whatever order their
        // words come here.
        if other.isOfCluster, other.revision > revision { return other.completed(by: self) }
        var result = self
        if result.namespace.isEmpty { result.namespace = other.namespace }
        if result.name.isEmpty { result.name = other.name }
        if result.uid.isEmpty { result.uid = other.uid }
        if result.labels.isEmpty, !isOfCluster { result.labels = other.labels }
        if result.annotations.isEmpty, !isOfCluster { result.annotations = other.annotations }
        if result.owner.isEmpty { (result.owner, result.ownerKind) = (other.owner, other.ownerKind) }
        return result
    }
}

/// A workload that many processes share by reference: an event copies eight bytes, not a dozen texts.
public final class WorkloadRecord: Sendable, Equatable {
    /// What they share.
    public let workload: Workload
    /// Labels of the pod and annotations, in the order in which they are written.
    public let podLabels: [(key: String, value: String)]
    /// Likewise.
    public let podAnnotations: [(key: String, value: String)]
    /// Labels of the container itself, likewise.
    public let labels: [(key: String, value: String)]

    /// Whether a provider may still name it: what every event asks.
    public let isPending: Bool
    /// Whether it is one of those that get identities.
    private let isContainer: Bool
    /// Given later, and by another thread than those that read it.
    private let number = Atomic<UInt32>(0)

    /// Sorts what is written sorted, once for all events.
    public init(_ workload: Workload) {
        self.workload = workload
        isPending = workload.naming == .pending
        isContainer = workload.isContainer
        podLabels = Self.sorted(workload.pod?.labels)
        podAnnotations = Self.sorted(workload.pod?.annotations)
        labels = Self.sorted(workload.labels)
    }

    /// The numeric identity of its labels; 0 = it has none yet.
    public var identity: UInt32 { number.load(ordering: .relaxed) }

    /// Its labels have this numeric identity from now on.
    public func identify(as identity: UInt32) { number.store(identity, ordering: .relaxed) }

    /// Whether it has no identity, and will get one.
    public var isUnidentified: Bool { isContainer && identity == 0 }

    private static func sorted(_ values: [String: String]?) -> [(key: String, value: String)] {
        (values ?? [:]).sorted { $0.key < $1.key }
    }

    public static func == (left: WorkloadRecord, right: WorkloadRecord) -> Bool {
        left === right || left.workload == right.workload
    }
}
