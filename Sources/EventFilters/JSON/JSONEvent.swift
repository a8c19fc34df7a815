import EventModel

/// An exported line, read back: what filters ask about events of a file, of secd or of Tetragon.
public struct JSONEvent: FilterSubject {
    public let type: EventType
    public let process: FilterProcess?
    public let parent: FilterProcess?
    public let ancestors: [FilterProcess]
    public let policyNames: [String]
    /// The whole line.
    public let line: CELValue

    /// Objects that stand beside the event.
    private static let envelope: Set<String> = ["secd", "node_labels", "aggregation_info"]

    /// Reads one line without its line break.
    /// - Throws: `FilterError` with the position where the line stops being JSON, or where it holds no event.
    public init(_ bytes: some Collection<UInt8>) throws(FilterError) {
        do throws(SyntaxError) {
            line = try JSONReader.value(of: bytes)
        } catch {
            throw error.inField("event line", String(decoding: bytes.prefix(200), as: UTF8.self))
        }
        guard case .map(let members) = line, let name = Self.eventKey(of: members), let body = members[name]
        else {
            throw FilterError(
                field: "event line", text: String(decoding: bytes.prefix(200), as: UTF8.self),
                reason: "no event in the object")
        }
        type = EventType(key: name)
        process = body.value(at: ["process"]).flatMap(FilterProcess.init(json:))
        parent = body.value(at: ["parent"]).flatMap(FilterProcess.init(json:))
        if case .list(let list) = body.value(at: ["ancestors"]) {
            ancestors = list.compactMap(FilterProcess.init(json:))
        } else {
            ancestors = []
        }
        policyNames = Self.policies(of: body)
    }

    /// Tetragon names one policy, secd all that matched.
    private static func policies(of body: CELValue) -> [String] {
        let first = body.text("policy_name").map { $0.isEmpty ? [] : [$0] } ?? []
        guard case .list(let list) = body.value(at: ["policies"]) else { return first }
        return first + list.compactMap { $0.text("name") }.filter { $0 != first.first }
    }

    /// The member that holds the event: an object, of a known type if there is one.
    private static func eventKey(of members: [String: CELValue]) -> String? {
        let objects = members.filter { key, value in
            if case .map = value { !envelope.contains(key) } else { false }
        }.keys
        return objects.first { EventType(key: $0).isKnown } ?? objects.min()
    }

    public func value(at path: [String]) -> CELValue? { line.value(at: path) }
}

extension FilterProcess {
    /// A `process` object of an exported line.
    convenience init?(json: CELValue) {
        guard case .map = json else { return nil }
        // "containerd://…" in the pod, the bare id beside it.
        let containerID = json.text("pod", "container", "id").map { id in
            id.lastIndex(of: "/").map { String(id[id.index(after: $0)...]) } ?? id
        }
        self.init(
            execID: json.text("exec_id") ?? "", pid: json.number("pid"), uid: json.number("uid"),
            binary: json.text("binary") ?? "", arguments: json.text("arguments") ?? "",
            inInitTree: json.flag("in_init_tree"), permitted: json.capabilities("permitted"),
            effective: json.capabilities("effective"), inheritable: json.capabilities("inheritable"),
            podNamespace: json.text("pod", "namespace") ?? "", podName: json.text("pod", "name") ?? "",
            podLabels: json.labels("pod", "pod_labels"),
            containerID: containerID ?? json.text("docker") ?? "",
            containerName: json.text("pod", "container", "name") ?? "",
            workloadName: json.text("workload", "name") ?? json.text("workload", "id") ?? "",
            workloadKind: json.text("workload", "kind") ?? "",
            workloadLabels: json.labels("workload", "labels"), unit: json.text("workload", "unit") ?? "",
            maybeExecProbe: json.flag("pod", "container", "maybe_exec_probe"))
    }
}

extension CELValue {
    fileprivate func text(_ path: String...) -> String? {
        guard case .string(let text) = value(at: path) else { return nil }
        return text
    }

    fileprivate func labels(_ path: String...) -> [String: String] {
        var labels: [String: String] = [:]
        if case .map(let members) = value(at: path) {
            for case (let key, .string(let value)) in members { labels[key] = value }
        }
        return labels
    }

    fileprivate func number(_ path: String...) -> UInt32 {
        switch value(at: path) {
        case .int(let number): UInt32(exactly: number) ?? 0
        default: 0
        }
    }

    fileprivate func flag(_ path: String...) -> Bool { value(at: path) == .bool(true) }

    /// A set of capabilities, which JSON writes as a list of names.
    fileprivate func capabilities(_ name: String) -> UInt64 {
        guard case .list(let list) = value(at: ["cap", name]) else { return 0 }
        var set: UInt64 = 0
        for case .string(let name) in list {
            if let number = Capability.number(of: name) { set |= 1 << number }
        }
        return set
    }
}
