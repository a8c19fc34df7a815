/// What people call the owner of a pod: not the replica set, but the deployment that made it. The rules are
/// those of Tetragon, so that `workload` and `workload_kind` have the same values.
package struct PodOwner: Sendable, Hashable {
    /// Of the deployment, daemon set, cron job, …; of the pod itself where nobody made it.
    package let name: String
    /// `Deployment`, `DaemonSet`, …, `Pod`.
    package let kind: String

    package init(name: String, kind: String) {
        self.name = name
        self.kind = kind
    }

    /// Finds the owner by the references of the pod alone: no other object is asked for.
    package init(of pod: ObjectMetadata) {
        guard let owner = pod.owners.first(where: \.isController) ?? pod.owners.first else {
            self.init(name: pod.name, kind: "Pod")
            return
        }
        switch owner.kind {
        case "ReplicaSet":
            // A deployment calls its replica sets by its own name and a hash that it writes on the pods, too.
            let hash = pod.labels["pod-template-hash"] ?? ""
            if !hash.isEmpty, owner.name.hasSuffix("-" + hash), owner.name.utf8.count > hash.utf8.count + 1 {
                self.init(name: String(owner.name.dropLast(hash.count + 1)), kind: "Deployment")
                return
            }
        case "ReplicationController":
            // OpenShift.
            if let name = pod.labels["deploymentconfig"], !name.isEmpty {
                self.init(name: name, kind: "DeploymentConfig")
                return
            }
        case "Job":
            // A cron job calls its jobs by its own name and the time: minutes since 1970 (8 digits), before
            // Kubernetes 1.21 seconds (10 digits).
            if let dash = owner.name.lastIndex(of: "-"), dash != owner.name.startIndex {
                let number = owner.name[owner.name.index(after: dash)...]
                if (8...10).contains(number.utf8.count), number.allSatisfy({ ("0"..."9").contains($0) }) {
                    self.init(name: String(owner.name[..<dash]), kind: "CronJob")
                    return
                }
            }
        default: break
        }
        self.init(name: owner.name, kind: owner.kind)
    }
}
