/// What a filter can ask about a process. One object per process image: results of expensive
/// matches are remembered in it (`FilterMemory`), so a regular expression runs once per image.
public final class FilterProcess {
    public let execID: String
    public let pid: UInt32
    public let uid: UInt32
    public let binary: String
    /// Tetragon's one-string form.
    public let arguments: String
    public let inInitTree: Bool
    /// Capability sets as bit masks.
    public let permitted: UInt64
    public let effective: UInt64
    public let inheritable: UInt64
    public let podNamespace: String
    public let podName: String
    public let podLabels: [String: String]
    public let containerID: String
    public let containerName: String
    public let maybeExecProbe: Bool
    /// Remembered results, by filter number.
    public var memory = FilterMemory()

    public init(
        execID: String, pid: UInt32, uid: UInt32, binary: String, arguments: String, inInitTree: Bool,
        permitted: UInt64, effective: UInt64, inheritable: UInt64, podNamespace: String = "",
        podName: String = "",
        podLabels: [String: String] = [:], containerID: String = "", containerName: String = "",
        maybeExecProbe: Bool = false
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
    var policyName: String? { get }
    /// A field by its path as expressions write it, the kind's name first
    /// (`["process_exec", "process", "binary"]`); nil where it is unset. Messages are maps.
    func value(at path: [String]) -> CELValue?
}
