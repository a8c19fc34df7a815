package import KubernetesObjects
package import WorkloadModel

/// Pods as manifests declare them, and which containers of the machine are theirs.
///
/// A container is of a pod, in this order: by its id (`status.containerStatuses[].containerID`); by the name that
/// an annotation of the pod gives (`container.secd.io/CONTAINER`); by what its name is made of
/// (`POD_CONTAINER`, `POD-CONTAINER` as `podman kube play` has it, `k8s_CONTAINER_POD_NAMESPACE…`); by what its
/// runtime says of its pod (`io.kubernetes.pod.namespace` and `io.kubernetes.pod.name`, or the CRI).
package struct DeclaredPods: Sendable {
    /// A pod, and where it is declared.
    package struct Entry: Sendable {
        package var pod: KubernetesPod
        /// `FILE:LINE:COLUMN`.
        package var place: String

        package init(pod: KubernetesPod, place: String) {
            self.pod = pod
            self.place = place
        }
    }

    /// Behind it stands the name of a container of the pod; the value is what its runtime calls it.
    package static let annotation = "container.secd.io/"

    /// A container of a pod.
    private struct Claim: Sendable, Hashable {
        var pod: Int
        /// Nil = the one that only holds the pod together.
        var container: String?
    }

    /// Names that lead to a container; those that lead to several lead nowhere.
    private struct Names: Sendable {
        private(set) var claims: [String: Claim] = [:]
        private(set) var doubtful: [String: Set<Int>] = [:]

        subscript(_ name: String) -> Claim? { claims[name] }

        mutating func add(_ name: String, _ claim: Claim) {
            if doubtful[name] != nil {
                doubtful[name]?.insert(claim.pod)
            } else if let other = claims[name], other != claim {
                claims[name] = nil
                doubtful[name] = [other.pod, claim.pod]
            } else {
                claims[name] = claim
            }
        }
    }

    private var entries: [Entry] = []
    /// As events show them, by position in `entries`.
    private var pods: [Pod] = []
    private var byID = Names()
    private var byAnnotation = Names()
    private var byConvention = Names()
    /// `NAMESPACE/NAME`.
    private var byName: [String: Int] = [:]
    private var byUID: [String: Int] = [:]
    /// Sentences about what is wrong.
    package private(set) var problems: [String] = []

    /// None.
    package init() {}

    /// - Parameter entries: namespace and name tell them apart.
    package init(_ entries: [Entry]) {
        self.entries = entries
        for index in entries.indices { add(index) }
        report(byID, "the container with the id")
        report(byAnnotation, "the container")
    }

    /// How many there are.
    package var count: Int { entries.count }

    /// Sentences about names of containers that could be of several pods, and are of none therefore.
    package var doubts: [String] {
        byConvention.doubtful.sorted { $0.key < $1.key }.map { name, owners in
            "a container called \(name) could be of \(list(owners)): an annotation \(Self.annotation)CONTAINER says which"
        }
    }

    private mutating func add(_ index: Int) {
        let pod = entries[index].pod
        let metadata = pod.metadata
        pods.append(Self.shown(pod))
        byName["\(metadata.namespace)/\(metadata.name)"] = index
        if !metadata.uid.isEmpty { byUID[metadata.uid] = index }
        var isBound: Set<String> = []
        for status in pod.statuses {
            let id = status.runtimeAndID.id
            guard !id.isEmpty else { continue }
            byID.add(id, Claim(pod: index, container: status.name))
            isBound.insert(status.name)
        }
        let names = Set(pod.containers.map(\.name))
        for (key, value) in metadata.annotations.sorted(by: { $0.key < $1.key })
        where key.hasPrefix(Self.annotation) {
            let name = String(key.dropFirst(Self.annotation.count))
            guard names.contains(name), !value.isEmpty else {
                problems.append(
                    "\(entries[index].place): error: metadata.annotations[\"\(key)\"]: "
                        + (value.isEmpty ? "it names no container" : "the pod has no container \"\(name)\""))
                continue
            }
            byAnnotation.add(value, Claim(pod: index, container: name))
            isBound.insert(name)
        }
        // What is said in so many words needs no guess.
        for name in names where !isBound.contains(name) {
            let claim = Claim(pod: index, container: name)
            byConvention.add("\(metadata.name)_\(name)", claim)
            byConvention.add("\(metadata.name)-\(name)", claim)
            byConvention.add(Self.kubeletName(name, metadata.name, metadata.namespace), claim)
        }
        byConvention.add(
            Self.kubeletName("POD", metadata.name, metadata.namespace), Claim(pod: index, container: nil))
    }

    /// As events show it.
    private static func shown(_ pod: KubernetesPod) -> Pod {
        let metadata = pod.metadata
        var shown = Pod(namespace: metadata.namespace, name: metadata.name, uid: metadata.uid)
        shown.labels = metadata.labels
        shown.annotations = metadata.annotations
        let owner = PodOwner(of: metadata)
        (shown.owner, shown.ownerKind) = (owner.name, owner.kind)
        return shown
    }

    private mutating func report(_ names: Names, _ what: String) {
        for (name, owners) in names.doubtful.sorted(by: { $0.key < $1.key }) {
            let place = owners.max().map { entries[$0].place } ?? ""
            problems.append("\(place): error: \(what) \"\(name)\" is given to \(list(owners)): it is of none")
        }
    }

    private func list(_ owners: Set<Int>) -> String {
        let shown = owners.sorted().prefix(4).map { index in
            let metadata = entries[index].pod.metadata
            return "\(metadata.namespace)/\(metadata.name) (\(entries[index].place))"
        }
        return shown.joined(separator: " and ") + (owners.count > 4 ? " and others" : "")
    }

    private static func kubeletName(_ container: String, _ pod: String, _ namespace: String) -> String {
        "k8s_\(container)_\(pod)_\(namespace)"
    }

    // MARK: Containers

    /// A container with what its pod's manifest says; as it was where it is of none.
    package func described(_ workload: Workload) -> Workload {
        guard !entries.isEmpty, workload.kind == .container, let claim = claim(workload) else {
            return workload
        }
        var result = workload
        var pod = pods[claim.pod]
        if pod.uid.isEmpty { pod.uid = workload.pod?.uid ?? "" }
        result.pod = pod
        result.name = claim.container ?? ""
        // Its runtime knows less of it than the manifest says.
        if result.naming == .unnamed { result.naming = .known }
        let declared = entries[claim.pod].pod
        if let container = declared.containers.first(where: { $0.name == claim.container }) {
            if result.image.name.isEmpty { result.image.name = container.image }
            result.isPrivileged = result.isPrivileged ?? container.isPrivileged
            if !container.probes.isEmpty { result.execProbes = container.execProbes }
        }
        if let status = declared.statuses.first(where: { $0.name == claim.container }),
            result.image.id.isEmpty
        {
            result.image.id = status.imageID
        }
        return result
    }

    private func claim(_ workload: Workload) -> Claim? {
        if let claim = byID[workload.id] { return claim }
        // By the CRI it has the name that its pod gives it, and who may make pods chooses that.
        let isOfCRI = workload.pod != nil && Self.interfaces.contains(workload.runtime)
        if !isOfCRI, !workload.name.isEmpty {
            if let claim = byAnnotation[workload.name] ?? byConvention[workload.name] { return claim }
            if let claim = kubeletClaim(workload.name) { return claim }
        }
        guard let pod = workload.pod, let index = index(of: pod) else { return nil }
        let isSandbox = workload.name.isEmpty
        return Claim(pod: index, container: isSandbox ? nil : workload.name)
    }

    /// Runtimes that are asked by the CRI.
    private static let interfaces: Set<String> = ["containerd", "cri-o"]

    /// `k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT`, as the kubelet called containers of Docker. Names in Kubernetes
    /// have no underscores.
    private func kubeletClaim(_ name: String) -> Claim? {
        let parts = name.split(separator: "_", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count > 4, parts[0] == "k8s",
            let claim = byConvention[parts[..<4].joined(separator: "_")]
        else { return nil }
        let uid = pods[claim.pod].uid
        return uid.isEmpty || uid == parts[4] ? claim : nil
    }

    private func index(of pod: Pod) -> Int? {
        if pod.name.isEmpty { return byUID[pod.uid] }
        let namespace = pod.namespace.isEmpty ? "default" : pod.namespace
        guard let index = byName["\(namespace)/\(pod.name)"] else { return nil }
        let uid = pods[index].uid
        // Of the same name and not the same pod: one was made after the other was deleted.
        return uid.isEmpty || pod.uid.isEmpty || uid == pod.uid ? index : nil
    }
}
