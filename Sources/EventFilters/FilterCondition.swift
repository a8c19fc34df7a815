import EventModel
import Synchronization

/// One field of a filter.
enum FilterCondition: Sendable {
    case kinds(Set<Int32>)
    case pids(Set<UInt32>)
    /// The process or one of its ancestors has one of these pids.
    case pidTree(Set<UInt32>)
    case namespaces([String])
    case process(ProcessPatterns)
    case parent(ProcessPatterns)
    case ancestors(ProcessPatterns)
    case labels([LabelSelector])
    case policies(Set<String>)
    case capabilities(CapabilitiesSpec)
    case expressions([CELProgram])
    case inInitTree(Bool)
    case healthCheck(Bool)

    func holds(for subject: some FilterSubject) -> Bool {
        switch self {
        case .kinds(let kinds): return kinds.contains(subject.type.number)
        case .policies(let names):
            for policy in subject.policyNames where names.contains(policy) { return true }
            return false
        case .expressions(let programs): return Self.holds(programs, for: subject)
        case .parent(let patterns): return subject.parent.map(patterns.match) ?? false
        case .ancestors(let patterns):
            for ancestor in subject.ancestors where patterns.match(ancestor) { return true }
            return false
        case .healthCheck(let wanted):
            return (subject.process?.maybeExecProbe == true || subject.parent?.maybeExecProbe == true)
                == wanted
        case .pidTree(let pids): return Self.holds(pids, for: subject)
        case .inInitTree(let wanted): return (subject.process?.inInitTree ?? false) == wanted
        case .pids, .namespaces, .process, .labels, .capabilities:
            guard let process = subject.process else { return false }
            return holds(for: process)
        }
    }

    /// The conditions that depend on the acting process alone.
    private func holds(for process: FilterProcess) -> Bool {
        switch self {
        case .pids(let pids): pids.contains(process.pid)
        case .namespaces(let names): names.contains(process.podNamespace)
        case .process(let patterns): patterns.match(process)
        case .labels(let selectors):
            (process.hasPod || process.isContainer) && selectors.contains { $0.matches(process.labels) }
        case .capabilities(let spec):
            spec.effective.matches(process.effective) && spec.inheritable.matches(process.inheritable)
                && spec.permitted.matches(process.permitted)
        default: false
        }
    }

    private static func holds(_ programs: [CELProgram], for subject: some FilterSubject) -> Bool {
        for program in programs {
            // As in Tetragon, an expression that fails ends the search.
            guard let holds = program.evaluate(subject) else { return false }
            if holds { return true }
        }
        return false
    }

    private static func holds(_ pids: Set<UInt32>, for subject: some FilterSubject) -> Bool {
        if let process = subject.process, pids.contains(process.pid) { return true }
        if let parent = subject.parent, pids.contains(parent.pid) { return true }
        for ancestor in subject.ancestors where pids.contains(ancestor.pid) { return true }
        return false
    }
}

/// Regular expressions on one text of a process; the result is remembered in the process.
struct ProcessPatterns: Sendable {
    enum Text: Sendable {
        case binary, arguments, podName, podNamespace, containerID, containerName, workload, unit
    }

    private static let numbers = Atomic<Int>(0)

    private let text: Text
    private let patterns: [LinearRegex]
    /// Those with a slash ask for `namespace/name`, or `kind/name`.
    private let isQualified: [Bool]
    private let number: Int

    init(_ text: Text, _ patterns: [String], field: String) throws(FilterError) {
        self.text = text
        var compiled: [LinearRegex] = []
        for pattern in patterns { compiled.append(try LinearRegex(pattern, field: field)) }
        self.patterns = compiled
        isQualified = patterns.map { $0.contains("/") }
        number = Self.numbers.wrappingAdd(1, ordering: .relaxed).newValue
    }

    func match(_ process: FilterProcess) -> Bool {
        if let known = process.memory.result(of: number) { return known }
        let result = search(process)
        process.memory.remember(result, of: number)
        return result
    }

    private func search(_ process: FilterProcess) -> Bool {
        guard let (subject, qualifier) = subject(of: process) else { return false }
        for (index, pattern) in patterns.enumerated() {
            let isWhole = isQualified[index] && !qualifier.isEmpty
            if pattern.matches(isWhole ? qualifier + "/" + subject : subject) { return true }
        }
        return false
    }

    /// What is searched, and what stands before it in a qualified name; nil = the process has no such text, which
    /// `.*` does not match either.
    private func subject(of process: FilterProcess) -> (text: String, qualifier: String)? {
        switch text {
        case .binary: return (process.binary, "")
        case .arguments: return (process.arguments, "")
        case .containerID: return (process.containerID, "")
        case .podName:
            if process.hasPod { return (process.podName, process.podNamespace) }
            // On a machine without pods a container stands by itself.
            return process.isContainer ? (process.workloadName, "") : nil
        case .podNamespace: return process.hasPod ? (process.podNamespace, "") : nil
        case .containerName:
            if process.hasPod { return (process.containerName, "") }
            return process.isContainer ? (process.workloadName, "") : nil
        case .workload:
            return process.workloadKind.isEmpty ? nil : (process.workloadName, process.workloadKind)
        case .unit: return process.unit.isEmpty ? nil : (process.unit, "")
        }
    }
}

extension FilterProcess {
    /// Whether the process runs in a pod.
    var hasPod: Bool { !podName.isEmpty || !podNamespace.isEmpty }

    /// Whether it runs in a container or machine, in a pod or not.
    var isContainer: Bool { ["container", "machine", "other"].contains(workloadKind) }

    /// What label selectors are about.
    var labels: [String: String] { hasPod ? podLabels : workloadLabels }
}

extension CapabilitiesSpec.SetSpec? {
    /// Whether the set satisfies the condition; there is always one (checked when compiled).
    fileprivate func matches(_ set: UInt64) -> Bool {
        guard let spec = self else { return true }
        if let any = spec.any { return set & any != 0 }
        if let all = spec.all { return set & all == all }
        if let exactly = spec.exactly { return set == exactly }
        if let none = spec.none { return set & none == 0 }
        return false
    }
}
