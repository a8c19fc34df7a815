package import AgentModel
import WorkloadModel
import Workloads

/// Containers of which their runtimes tell before they begin.
extension AgentEngine {
    /// Takes a container: when this returns, its cgroup has the class that policies ask for, unless they must be made
    /// anew for it (`whenWorkloadsLackClasses` was called then).
    /// - Throws: `PolicyChangeError` where it is not known well enough for policies, with the reason.
    package func register(_ container: ContainerRegistration) async throws(PolicyChangeError) {
        guard let hierarchy else {
            throw PolicyChangeError(
                .unavailable, "no hierarchy of cgroups is mounted: containers are not told apart")
        }
        var announced = AnnouncedContainer(
            id: container.id, annotations: container.annotations, hierarchy: hierarchy)
        announced.complete(
            name: container.name, image: container.image,
            pod: Pod(namespace: container.podNamespace, name: container.podName, uid: container.podUID))
        if let labels = container.labels {
            announced.complete(
                runtime: container.runtime, labels: labels, podLabels: container.podLabels,
                podAnnotations: container.podAnnotations)
        }
        let found: FoundWorkload
        do throws(AnnouncedContainer.Absent) {
            found = try announced.found(cgroup: container.cgroup, process: container.caller)
        } catch {
            throw PolicyChangeError(.invalid, "container \(container.id): \(error)")
        }
        let isTaken = await onWorker { pipeline in
            pipeline.handler.register(
                CgroupTable.Assignment(found.workload, cgroupID: found.cgroupID))
        }
        guard isTaken else {
            throw PolicyChangeError(
                .unavailable, "container \(container.id): secd has no room for another cgroup")
        }
        guard announced.needsAnswers else { return }
        await answers(about: found.cgroupID)
        let known = await onWorker { $0.handler.cgroups.name(found.cgroupID).workload?.workload }
        guard let known, !known.name.isEmpty || known.pod?.name.isEmpty == false else {
            throw PolicyChangeError(
                .unavailable,
                "container \(container.id) has no name yet: policies that select it by name do not hold; "
                    + "the engine tells names only of what runs")
        }
        // A pod may have none; but then the CRI has said so.
        guard !announced.needsLabels || workloadStates["containerd"]?.isUsable == true else {
            throw PolicyChangeError(
                .unavailable,
                "labels of the pod of container \(container.id) are not known: containerd does not answer "
                    + "(workloads.containerd)")
        }
    }

    /// Waits until all providers have looked for a cgroup.
    private func answers(about cgroup: UInt64) async {
        await withCheckedContinuation { continuation in
            pipeline.perform { $0.handler.whenLookedFor(cgroup) { continuation.resume() } }
        }
    }
}
