/// What a filter can ask about a process. One object per process image: results of expensive
/// matches are remembered in it (`FilterMemory`), so a regular expression runs once per image.
public final class FilterProcess {
    /// As in events.
    public let execID: String
    /// In the initial pid namespace.
    public let pid: UInt32
    /// Effective, in the initial user namespace.
    public let uid: UInt32
    /// Path of the running file.
    public let binary: String
    /// Tetragon's one-string form.
    public let arguments: String
    /// Descends from the first process of its container.
    public let inInitTree: Bool
    /// Capability sets as bit masks.
    public let permitted: UInt64
    /// Bit n is capability number n.
    public let effective: UInt64
    /// Likewise.
    public let inheritable: UInt64
    /// Empty outside of pods.
    public let podNamespace: String
    /// Empty outside of pods.
    public let podName: String
    /// Labels of the pod by key.
    public let podLabels: [String: String]
    /// The runtime's id, cut as in events; empty outside of containers.
    public let containerID: String
    /// Name in the pod; empty where only the id is known.
    public let containerName: String
    /// What runs: the name of a container, unit or machine, else its id; empty on the host.
    public let workloadName: String
    /// container, machine, unit, session, other; empty on the host.
    public let workloadKind: String
    /// Labels of the container itself.
    public let workloadLabels: [String: String]
    /// The innermost unit of systemd.
    public let unit: String
    /// The process looks like a probe that the kubelet runs in its container.
    public let maybeExecProbe: Bool
    /// Remembered results, by filter number.
    public var memory = FilterMemory()

    public init(
        execID: String, pid: UInt32, uid: UInt32, binary: String, arguments: String, inInitTree: Bool,
        permitted: UInt64, effective: UInt64, inheritable: UInt64, podNamespace: String = "",
        podName: String = "",
        podLabels: [String: String] = [:], containerID: String = "", containerName: String = "",
        workloadName: String = "", workloadKind: String = "", workloadLabels: [String: String] = [:],
        unit: String = "", maybeExecProbe: Bool = false
    ) {
        self.execID = execID
        self.pid = pid
        self.uid = uid
        self.binary = binary
        self.arguments = arguments
        self.inInitTree = inInitTree
        self.permitted = permitted
        self.effective = effective
        self.inheritable = inheritable
        self.podNamespace = podNamespace
        self.podName = podName
        self.podLabels = podLabels
        self.containerID = containerID
        self.containerName = containerName
        self.workloadName = workloadName
        self.workloadKind = workloadKind
        self.workloadLabels = workloadLabels
        self.unit = unit
        self.maybeExecProbe = maybeExecProbe
    }
}

/// Results of matches that depend on a process alone, by a number that the filter drew.
///
/// A long-lived process meets the filters of every subscriber that ever came: only the newest
/// results are kept.
public struct FilterMemory: Sendable {
    private static let capacity = 32

    private var results: [(filter: Int, matches: Bool)] = []
    private var oldest = 0

    public init() {}

    /// What filter `number` found, or nil.
    public func result(of number: Int) -> Bool? {
        for result in results where result.filter == number { return result.matches }
        return nil
    }

    /// Notes the result of a filter; beyond the capacity the oldest one goes.
    public mutating func remember(_ matches: Bool, of number: Int) {
        if results.count < Self.capacity {
            results.append((number, matches))
        } else {
            results[oldest] = (number, matches)
            oldest = (oldest + 1) % Self.capacity
        }
    }
}

/// An event as filters see it: live events of the daemon, and JSON lines read back from a file.
public protocol FilterSubject {
    var type: EventType { get }
    var process: FilterProcess? { get }
    var parent: FilterProcess? { get }
    /// From the grandparent to PID 1.
    var ancestors: [FilterProcess] { get }
    /// Every policy that made the event, the first one first; empty for events of no policy.
    var policyNames: [String] { get }
    /// A field by its path as expressions write it, the kind's name first
    /// (`["process_exec", "process", "binary"]`); nil where it is unset. Messages are maps.
    func value(at path: [String]) -> CELValue?
}
