package import KubernetesClient
package import KubernetesObjects
package import WorkloadModel

/// What a cluster says of the pods of this node, by container and by pod. The API has the last word; the kubelet's counts
/// where the API never told of a pod, or the kubelet's is of a later version of it.
package struct PodDirectory {
    /// Pods of a node at most: Kubernetes itself recommends 110.
    private static let mostGone = 4096
    /// Containers of a pod that were asked for before the cluster named them.
    private static let mostAsked = 256
    /// Pods at most of which containers were asked for, and that nobody has told of.
    private static let mostStrays = 256
    /// How long a pod that is gone is known, nanoseconds: its last events may still wait.
    private static let grace: UInt64 = 60_000_000_000

    /// Who tells.
    private enum Source {
        case api, kubelet
    }

    private struct Entry {
        var pod: Pod
        /// Of the object, as the API counts; nil where it does not: pods of files of the kubelet.
        var version: UInt64?
        /// Whether the API has told of it, ever: then it says when the pod is gone.
        var isOfAPI = false
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
    /// Containers that were asked for, by uids of pods that are not known yet.
    private var strays: [String: Set<String>] = [:]
    /// Of the newest word.
    private var revision: UInt64 = 0

    package init() {}

    /// Pods that are known, those that are gone by now among them.
    package var count: Int { entries.count }

    /// Takes a report of the API. Returns the containers of which something new is known.
    /// - Parameter now: of a clock that never goes back, nanoseconds.
    package mutating func take(_ report: ReflectorReport<KubernetesPod>, at now: UInt64) -> [Workload] {
        defer { forget(before: now) }
        switch report {
        case .state: return []
        case .set(let pod): return isOutdated(pod) ? [] : set(pod, by: .api)
        case .removed(let pod):
            // The last state may have more than what was known.
            let changed = set(pod, by: .api)
            end(pod.metadata.uid, at: now)
            return changed
        case .all(let pods, _):
            // Counts whatever its versions are: a cluster that was set up from a copy counts from there.
            var changed: [Workload] = []
            for pod in pods { changed += set(pod, by: .api) }
            let living = Set(pods.map(\.metadata.uid))
            for uid in entries.keys where !living.contains(uid) { end(uid, at: now) }
            return changed
        }
    }

    /// Takes all that the kubelet says. Returns the containers of which something new is known.
    /// - Parameters:
    ///   - isWhole: whether there are no pods but these. Only those go that the API never told of: a kubelet that has
    ///     begun anew does not know the cluster's either while the API is away.
    ///   - now: of a clock that never goes back, nanoseconds.
    package mutating func take(kubelet pods: [KubernetesPod], isWhole: Bool, at now: UInt64) -> [Workload] {
        defer { forget(before: now) }
        var changed: [Workload] = []
        // Mirrors are the API's names for pods that the kubelet has by names of its own.
        for pod in pods where pod.metadata.annotations["kubernetes.io/config.mirror"] == nil {
            changed += set(pod, by: .kubelet)
        }
        guard isWhole else { return changed }
        let living = Set(pods.map(\.metadata.uid))
        for (uid, entry) in entries where !entry.isOfAPI && !living.contains(uid) { end(uid, at: now) }
        return changed
    }

    /// The container of a cgroup, as far as anybody has told.
    package mutating func find(container id: String, podUID: String) -> Workload? {
        if let uid = uidsByContainer[id] { return entries[uid]?.containers[id] }
        let uid = uidsByAlias[podUID] ?? podUID
        guard !id.isEmpty, !podUID.isEmpty else { return nil }
        guard var entry = entries[uid] else {
            if strays.count >= Self.mostStrays { strays = [:] }
            if strays[uid, default: []].count < Self.mostAsked { strays[uid, default: []].insert(id) }
            return nil
        }
        if entry.asked.count < Self.mostAsked {
            entry.asked.insert(id)
            entries[uid] = entry
        }
        return Self.bare(id, entry.pod)
    }

    // MARK: Pods

    private mutating func set(_ object: KubernetesPod, by source: Source) -> [Workload] {
        // Static pods: the kubelet draws the uid that cgroups have, the API server another one.
        let own = object.metadata.uid
        let uid = source == .kubelet ? uidsByAlias[own] ?? own : own
        guard !uid.isEmpty else { return [] }
        let known = entries[uid]
        if source == .kubelet, let known, isOlder(object, known) { return add(object, to: uid, known) }
        var entry = Entry(pod: Pod(object), version: UInt64(object.metadata.resourceVersion))
        entry.isOfAPI = source == .api || known?.isOfAPI == true
        entry.alias = object.metadata.annotations["kubernetes.io/config.hash"] ?? ""
        // Its own name is no other one.
        if entry.alias == uid { entry.alias = "" }
        entry.pod.revision = known?.pod.revision ?? 0
        if known?.pod != entry.pod {
            revision += 1
            entry.pod.revision = revision
        }
        for workload in Self.containers(object, entry.pod) { entry.containers[workload.id] = workload }
        entry.asked = (known?.asked ?? []).union(waiting(uid, entry.alias))
            .filter { entry.containers[$0] == nil }
        var changed = entry.containers.values.filter { known?.containers[$0.id] != $0 }
        if known?.pod != entry.pod { changed += entry.asked.map { Self.bare($0, entry.pod) } }
        if let known { unlink(uid, known) }
        link(uid, entry)
        return changed
    }

    /// Whether the kubelet tells what the API has told before.
    private func isOlder(_ object: KubernetesPod, _ known: Entry) -> Bool {
        guard known.isOfAPI else { return false }
        guard let version = UInt64(object.metadata.resourceVersion), let last = known.version else {
            return true
        }
        return version < last
    }

    /// Whether the API tells of what the kubelet knew before it: the newest is on its way.
    private func isOutdated(_ object: KubernetesPod) -> Bool {
        guard let version = UInt64(object.metadata.resourceVersion),
            let last = entries[object.metadata.uid]?.version
        else { return false }
        return version < last
    }

    /// Takes containers alone, that were not known.
    private mutating func add(_ object: KubernetesPod, to uid: String, _ known: Entry) -> [Workload] {
        let new = Self.containers(object, known.pod).filter { known.containers[$0.id] == nil }
        guard !new.isEmpty else { return [] }
        var entry = known
        for workload in new {
            entry.containers[workload.id] = workload
            entry.asked.remove(workload.id)
        }
        link(uid, entry)
        return new
    }

    /// Containers that were asked for before the pod was known, or were known of the kubelet's pod of another uid.
    private mutating func waiting(_ uid: String, _ alias: String) -> Set<String> {
        var found = strays.removeValue(forKey: uid) ?? []
        guard !alias.isEmpty else { return found }
        found.formUnion(strays.removeValue(forKey: alias) ?? [])
        guard let other = entries.removeValue(forKey: alias) else { return found }
        unlink(alias, other)
        return found.union(other.asked).union(other.containers.keys)
    }

    private mutating func link(_ uid: String, _ entry: Entry) {
        entries[uid] = entry
        for id in entry.containers.keys { uidsByContainer[id] = uid }
        if !entry.alias.isEmpty { uidsByAlias[entry.alias] = uid }
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
        if annotations[Self.source] == "api" {
            // The kubelet's own notes on pods of the API: where it has them from, and since when.
            annotations[Self.source] = nil
            annotations[Self.seen] = nil
        }
        let made = PodOwner(of: object.metadata)
        (owner, ownerKind) = (made.name, made.kind)
        isOfCluster = true
    }

    private static let source = "kubernetes.io/config.source"
    private static let seen = "kubernetes.io/config.seen"
}

extension KubernetesPod.Container {
    /// What processes are compared with.
    var execProbes: [ExecProbe] { probes.compactMap { ExecProbe($0) } }
}
