import CEventABI
import EventFilters
import EventModel
import WorkloadModel

/// A live event as filters see it. Built only while somebody filters; what depends on a process alone
/// is remembered with its image.
final class EventSubject: FilterSubject {
    let type: EventType
    let process: FilterProcess?
    let parent: FilterProcess?
    let ancestors: [FilterProcess]
    lazy var policyNames = Self.names(of: policies)
    private let policies: Event.Body?
    private let line: [UInt8]
    private lazy var parsed = try? JSONEvent(line)

    init(_ event: borrowing Event, line: RawSpan) {
        type = EventType(event.kind)
        process = event.process.map { Self.view($0) }
        parent = event.process?.parent.map { Self.view($0) }
        var list: [FilterProcess] = []
        var ancestor = event.process?.parent?.parent
        while let current = ancestor, list.count < ProcessObject.deepestAncestry {
            list.append(Self.view(current))
            ancestor = current.parent
        }
        ancestors = list
        self.line = line.array
        policies = EventKind.ofPolicies.contains(event.kind) ? event.body : nil
    }

    /// The policies of an event, each once.
    private static func names(of body: Event.Body?) -> [String] {
        switch body {
        case .policy(let policy): policy.policyNames
        case .loader(let loader): loader.policies.map(\.policy)
        case .throttle(let throttle): [throttle.policy]
        default: []
        }
    }

    func value(at path: [String]) -> CELValue? {
        parsed?.value(at: path)
    }

    /// The filters' view of a process, kept with its image.
    private static func view(_ object: ProcessObject) -> FilterProcess {
        if let known = object.attachment as? FilterProcess { return known }
        let image = object.image
        let credentials = image.head.credentials
        let workload = image.workload?.workload
        let view = FilterProcess(
            execID: String(decoding: object.execID, as: UTF8.self), pid: image.head.image.pid,
            uid: credentials.euid,
            binary: String(decoding: image.tail[image.binaryRange], as: UTF8.self),
            arguments: image.tetragonArguments,
            inInitTree: image.has(SECD_IMAGE_INIT_TREE), permitted: credentials.permitted,
            effective: credentials.effective, inheritable: credentials.inheritable,
            podNamespace: workload?.pod?.namespace ?? "", podName: workload?.pod?.name ?? "",
            podLabels: workload?.pod?.labels ?? [:],
            containerID: String(decoding: image.containerID, as: UTF8.self),
            containerName: workload?.pod == nil ? "" : workload?.name ?? "",
            workloadName: workload?.title ?? "", workloadKind: workload?.kind.rawValue ?? "",
            workloadLabels: workload?.labels ?? [:], unit: workload?.unit ?? "",
            maybeExecProbe: object.mayBeExecProbe)
        object.attachment = view
        return view
    }
}
