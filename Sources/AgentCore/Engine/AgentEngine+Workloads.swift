package import AgentModel
import EventModel
import LinuxSystem
import Logging
import PolicyEngine
import PolicyModel
import SecurityIdentity
import SystemPackage
import TextEncoding
import WorkloadModel
import Workloads

/// Providers of names, and those who want to know them: the worker, and the engine of policies.
extension AgentEngine {
    /// The providers of this machine, not started yet; nil where there are no cgroups to name.
    static func directory(
        _ options: EngineOptions, _ hierarchy: CgroupHierarchy?, _ pipeline: EventPipeline, _ logger: Logger
    ) throws -> WorkloadDirectory? {
        guard let hierarchy else { return nil }
        // Weak: the pipeline's handler asks the directory.
        let listener = WorkloadDirectory.Listener(
            found: { [weak pipeline] found in
                pipeline?.perform { pipeline in
                    for one in found {
                        pipeline.handler.name(
                            CgroupTable.Assignment(one.workload, cgroupID: one.cgroupID))
                    }
                }
            },
            answered: { [weak pipeline] question, isEarly in
                pipeline?.perform { $0.handler.giveUp(question.id, unlessAskedAgain: isEarly) }
            })
        var providers = options.providers(hierarchy)
        if let manifests = options.manifests {
            providers.append(ManifestProvider(manifests))
            // Queued before anything that providers find.
            manifests.follow { [weak pipeline] content in
                pipeline?.perform { $0.handler.adopt(content.pods) }
            }
        }
        return try WorkloadDirectory(providers, listener, logger: logger)
    }

    /// What is worth knowing of the hierarchy that tells workloads; nothing where that is v2.
    var workloadNotes: [String] {
        guard let hierarchy else { return [Self.withoutHierarchy] }
        return hierarchy.isUnified ? [] : ["workloads are told by \(hierarchy)"]
    }

    /// What is lost where there are no cgroups, or none that programs know.
    static let withoutHierarchy =
        "no hierarchy of cgroups that programs can read is mounted: containers, pods and units are not told apart"

    /// From now on the worker asks providers, and policies hear of every workload.
    func followWorkloads(_ directory: WorkloadDirectory?) {
        let handler = pipeline.handler
        let classes = workloadClasses
        if let directory {
            handler.askForName = { id, path in directory.ask(WorkloadQuestion(id: id, path: path)) }
        }
        handler.whenNamed = { changed in
            for (id, record) in changed { classes.set(id, WorkloadFacts(record?.workload)) }
        }
        handler.whenGone = { classes.remove($0) }
        for (id, record) in handler.cgroups.workloads { classes.set(id, WorkloadFacts(record?.workload)) }
    }

    /// Labels of namespaces are these from now on, by name; those of others stay.
    package func adopt(namespaces changed: [String: [String: String]]) {
        if !changed.isEmpty { pipeline.perform { $0.handler.adopt(namespaces: changed) } }
    }

    /// Calls `body`, on the worker, where a workload comes that policies have no class for: what runs must be made
    /// again, once for all that come until then.
    package func whenWorkloadsLackClasses(_ body: @escaping @Sendable () -> Void) {
        workloadClasses.whenIncomplete(body)
    }

    /// Whether a workload has no class in what runs: `whenWorkloadsLackClasses` was called.
    package var workloadsLackClasses: Bool { workloadClasses.isIncomplete }

    /// What runs inside the scope, that is not the machine itself; each once, by kind and name.
    package func workloads() async -> WorkloadReport {
        let options = options
        let rows = await onWorker { pipeline in
            var seen: [String: (id: UInt64, workload: Workload)] = [:]
            let cgroups = pipeline.handler.cgroups
            for (id, record) in EngineScope(options, cgroups).living(cgroups, pipeline.tree) {
                guard let workload = record?.workload else { continue }
                // A cgroup of somebody's in which nothing with mounts of its own ran.
                if workload.kind == .other, workload.naming == .pending { continue }
                // Cgroups below that of a workload have its record, perhaps with units of their own.
                let key = workload.kind.rawValue + "\u{0}" + workload.id
                let isTop = workload.cgroup.utf8.count < seen[key]?.workload.cgroup.utf8.count ?? .max
                if seen[key] == nil || isTop { seen[key] = (id, workload) }
            }
            return seen.values.map { (id: $0.id, listing: WorkloadListing($0.workload)) }
        }.map { row in
            var listing = row.listing
            listing.identity = identities?.number(of: row.id).rawValue
            return listing
        }
        return WorkloadReport(
            workloads: rows.sorted { ($0.kind, $0.name, $0.id) < ($1.kind, $1.name, $1.id) },
            providers: providerStates)
    }

    /// How each provider does, in words, by name.
    package var providerStates: [String: String] {
        workloadStates.mapValues { state in
            switch state {
            case .connected: "connected"
            case .polled(let reason): "connected by lists: \(reason)"
            case .partly(let reason): "connected, but \(reason)"
            case .absent: "absent"
            case .standby(let reason): "not asked: \(reason)"
            case .failing(let reason): reason
            }
        }
    }
}

extension WorkloadFacts {
    /// What policies ask about a workload; nil = not known yet.
    init?(_ workload: Workload?) {
        guard let workload, workload.isContainer else {
            self = .host
            return
        }
        guard workload.naming != .pending else { return nil }
        self = .container(
            ContainerFacts(
                namespace: workload.pod?.namespace ?? "", podLabels: workload.pod?.labels,
                name: workload.title, repository: workload.image.repository))
    }
}

extension WorkloadListing {
    /// A row of a workload.
    init(_ workload: Workload) {
        self.init(
            kind: workload.kind.rawValue, id: workload.id, name: workload.title, runtime: workload.runtime)
        image = workload.image.name
        imageID = workload.image.id
        labels = workload.labels
        namespace = workload.pod?.namespace ?? ""
        pod = workload.pod?.name ?? ""
        podUID = workload.pod?.uid ?? ""
        owner = workload.pod?.owner ?? ""
        ownerKind = workload.pod?.ownerKind ?? ""
        podLabels = workload.pod?.labels ?? [:]
        podAnnotations = workload.pod?.annotations ?? [:]
        unit = workload.unit
        slice = workload.slice
        cgroup = workload.cgroup
        pid = workload.pid
        naming = workload.naming.rawValue
        guard workload.started > 0 else { return }
        var time = OutputBuffer(capacity: 64)
        time.append(rfc3339: UnixTime(nanoseconds: workload.started))
        startTime = String(decoding: time.copyToArray(), as: UTF8.self)
    }
}
