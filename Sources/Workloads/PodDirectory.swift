package import KubernetesClient
package import KubernetesObjects
package import WorkloadModel

/// What a cluster says of the pods of this node, by container and by pod.
package struct PodDirectory {
    /// Pods of a node at most: Kubernetes itself recommends 110.
    private static let mostGone = 4096
    /// Containers of a pod that were asked for before the cluster named them.
    private static let mostAsked = 256
    /// How long a pod that is gone is known, nanoseconds: its last events may still wait.
    private static let grace: UInt64 = 60_000_000_000

    private struct Entry {
        var pod: Pod
        var containers: [String: Workload] = [:]
        /// Known by their cgroups alone, as of this pod: the pause container, and those that the kubelet has not
        /// reported yet.
        var asked: Set<String> = []
        /// By which cgroups may call it, beside its own uid.
        var alias = ""
        /// When it may be forgotten; nil = it lives.
        var end: UInt64?
    }

    private var entries: [String: Entry] = [:]
    private var uidsByContainer: [String: String] = [:]
    private var uidsByAlias: [String: String] = [:]
    /// In the order in which they went.
    private var gone: [String] = []

    package init() {}

    /// Pods that are known, those that are gone by now among them.
    package var count: Int { entries.count }

    /// Takes a report. Returns the containers of which something new is known.
    /// - Parameter now: of a clock that never goes back, nanoseconds.
    package mutating func take(_ report: ReflectorReport<KubernetesPod>, at now: UInt64) -> [Workload] {
        defer { forget(before: now) }
        switch report {
        case .state: return []
        case .set(let pod): return set(pod)
        case .removed(let pod):
            // The last state may have more than what was known.
            let changed = set(pod)
            end(pod.metadata.uid, at: now)
            return changed
        case .all(let pods, _):
            var changed: [Workload] = []
            for pod in pods { changed += set(pod) }
            let living = Set(pods.map(\.metadata.uid))
            for uid in entries.keys where !living.contains(uid) { end(uid, at: now) }
            return changed
        }
    }

    /// The container of a cgroup, as far as the cluster has told.
    package mutating func find(container id: String, podUID: String) -> Workload? {
        if let uid = uidsByContainer[id] { return entries[uid]?.containers[id] }
        let uid = uidsByAlias[podUID] ?? podUID
        guard !id.isEmpty, !podUID.isEmpty, var entry = entries[uid] else { return nil }
        if entry.asked.count < Self.mostAsked {
            entry.asked.insert(id)
            entries[uid] = entry
        }
        return Self.bare(id, entry.pod)
    }

    // MARK: Pods

    private mutating func set(_ object: KubernetesPod) -> [Workload] {
        let uid = object.metadata.uid
        guard !uid.isEmpty else { return [] }
        var entry = Entry(pod: Pod(object))
        let known = entries[uid]
        for workload in Self.containers(object, entry.pod) { entry.containers[workload.id] = workload }
        entry.asked = (known?.asked ?? []).filter { entry.containers[$0] == nil }
        // Static pods: the kubelet draws the uid that cgroups have, the API server another one.
        entry.alias = object.metadata.annotations["kubernetes.io/config.hash"] ?? ""
        var changed = entry.containers.values.filter { known?.containers[$0.id] != $0 }
        if known?.pod != entry.pod { changed += entry.asked.map { Self.bare($0, entry.pod) } }
        if let known { unlink(uid, known) }
        entries[uid] = entry
        for id in entry.containers.keys { uidsByContainer[id] = uid }
        if !entry.alias.isEmpty { uidsByAlias[entry.alias] = uid }
        return changed
    }

    private mutating func unlink(_ uid: String, _ entry: Entry) {
        for id in entry.containers.keys where uidsByContainer[id] == uid { uidsByContainer[id] = nil }
        if uidsByAlias[entry.alias] == uid { uidsByAlias[entry.alias] = nil }
    }

    private mutating func end(_ uid: String, at now: UInt64) {
        guard entries[uid] != nil, entries[uid]?.end == nil else { return }
        entries[uid]?.end = now &+ Self.grace
        gone.append(uid)
    }

    private mutating func forget(before now: UInt64) {
        var count = 0
        for uid in gone {
            // One that came back has no end; it may have gone again, and stands behind then.
            guard let entry = entries[uid], let end = entry.end else {
                count += 1
                continue
            }
            guard end <= now || gone.count - count > Self.mostGone else { break }
            unlink(uid, entry)
            entries[uid] = nil
            count += 1
        }
        gone.removeFirst(count)
    }

    // MARK: Values

    private static func bare(_ id: String, _ pod: Pod) -> Workload {
        var workload = Workload(kind: .container, id: id)
        workload.pod = pod
        // Its runtime, or the kubelet a little later, has a name for it.
        workload.naming = .pending
        return workload
    }

    private static func containers(_ object: KubernetesPod, _ pod: Pod) -> [Workload] {
        object.statuses.compactMap { status in
            let (runtime, id) = status.runtimeAndID
            guard !id.isEmpty else { return nil }
            var workload = Workload(kind: .container, id: id, name: status.name, runtime: runtime)
            let wanted = object.containers.first { $0.name == status.name }
            let name = status.image.isEmpty ? wanted?.image ?? "" : status.image
            workload.image = Workload.Image(name: name, id: status.imageID)
            workload.started = RFC3339.nanoseconds(status.started)
            workload.isPrivileged = wanted.map { $0.isPrivileged ?? false }
            workload.execProbes = wanted?.execProbes ?? []
            workload.pod = pod
            return workload
        }
    }
}

extension Pod {
    /// A pod as events show it.
    init(_ object: KubernetesPod) {
        self.init(
            namespace: object.metadata.namespace, name: object.metadata.name, uid: object.metadata.uid)
        labels = object.metadata.labels
        annotations = object.metadata.annotations
        let made = PodOwner(of: object.metadata)
        (owner, ownerKind) = (made.name, made.kind)
        isOfCluster = true
    }
}

extension KubernetesPod.Container {
    /// What processes are compared with.
    var execProbes: [ExecProbe] { probes.compactMap { ExecProbe($0) } }
}
