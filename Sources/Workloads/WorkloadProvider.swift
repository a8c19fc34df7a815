public import WorkloadModel

/// A cgroup that needs a name.
public struct WorkloadQuestion: Sendable, Hashable {
    /// Of the cgroup.
    public var id: UInt64
    /// Below the root of the hierarchy.
    public var path: String

    public init(id: UInt64, path: String) {
        self.id = id
        self.path = path
    }
}

/// What a provider found. It is matched with a cgroup by the cgroup's number, else by its path, else by the
/// id of the container.
public struct FoundWorkload: Sendable, Hashable {
    /// What runs there.
    public var workload: Workload
    /// Of its cgroup; 0 = not known.
    public var cgroupID: UInt64

    public init(_ workload: Workload, cgroupID: UInt64 = 0) {
        self.workload = workload
        self.cgroupID = cgroupID
    }
}

/// How a provider does.
public enum ProviderState: Sendable, Hashable {
    /// It knows what there is to know.
    case connected
    /// The same, asked for again and again instead of told, for this reason.
    case polled(String)
    /// The same, but for what is said here.
    case partly(String)
    /// What it asks is not there: no such runtime here.
    case absent
    /// It is not asked, for this reason: another one knows better.
    case standby(String)
    /// It is there, and gives no usable answers, for this reason.
    case failing(String)

    /// Whether its answers count.
    public var isUsable: Bool {
        switch self {
        case .connected, .polled, .partly: true
        case .absent, .standby, .failing: false
        }
    }
}

/// Knows the names of containers: a runtime's state directory, or its API. All calls come from one thread of
/// the provider's own. What it reads comes from outside: every answer is bounded in size and time.
public protocol WorkloadProvider: AnyObject {
    /// In the status and in the log.
    var name: String { get }
    /// How it does, after the last call.
    var state: ProviderState { get }
    /// Readable when `changes` has something to say; nil = ask again after a while.
    var descriptor: Int32? { get }

    /// Connects where that is needed, and tells all that run now. Called at start, and every few seconds
    /// until it is connected.
    func begin() -> [FoundWorkload]
    /// What came since the last call.
    func changes() -> [FoundWorkload]
    /// The container of a cgroup; nil = not one of this provider, as far as it knows now.
    func find(_ question: WorkloadQuestion) -> FoundWorkload?
    /// Whether it may learn of a container only after its first program began: then it is worth asking again.
    var hearsLate: Bool { get }
    /// The last call: what is open is closed, so that nobody waits at its other end.
    func end()
}

extension WorkloadProvider {
    public var hearsLate: Bool { false }
    public func end() {}
}
