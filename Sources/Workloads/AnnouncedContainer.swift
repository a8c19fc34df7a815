package import LinuxSystem
package import WorkloadModel

/// A container of which its runtime tells before it begins.
package struct AnnouncedContainer: Sendable {
    /// What the runtime and its caller know of it: id, name, image, pod.
    package private(set) var workload: Workload
    private let cgroups: CgroupFiles
    /// Its runtime has told all labels that there are.
    private var hasLabels = false

    /// Why there is no such container.
    package struct Absent: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameters:
    ///   - id: the runtime's.
    ///   - annotations: of the OCI configuration; managers of containers write names there.
    ///   - hierarchy: that of the containers' cgroups.
    package init(id: String, annotations: [String: String], hierarchy: CgroupHierarchy) {
        cgroups = CgroupFiles(hierarchy: hierarchy)
        workload = Workload(kind: .container, id: id, name: id)
        OCIAnnotations.apply(annotations, to: &workload)
        OCIState.leaveToEngine(&workload)
    }

    /// What somebody knows beside annotations; empty texts say nothing.
    package mutating func complete(name: String, image: String, pod: Pod) {
        if !name.isEmpty {
            workload.name = name
            workload.naming = .known
        }
        if !image.isEmpty { workload.image.name = image }
        guard !pod.name.isEmpty else { return }
        workload.pod = pod.completed(by: workload.pod)
    }

    /// What only some runtimes tell before a container begins: all labels, also where there are none.
    /// - Parameter runtime: as it calls itself; empty = not said.
    package mutating func complete(
        runtime: String, labels: [String: String], podLabels: [String: String],
        podAnnotations: [String: String]
    ) {
        hasLabels = true
        if !runtime.isEmpty { workload.runtime = runtime }
        workload.labels = labels
        workload.pod?.labels = podLabels
        workload.pod?.annotations = podAnnotations
    }

    /// The container with its cgroup.
    /// - Parameters:
    ///   - cgroup: below the root of the hierarchy, or the directory; empty = that of a process.
    ///   - process: as this process sees it.
    package func found(cgroup: String, process: UInt32) throws(Absent) -> FoundWorkload {
        let path: String
        if cgroup.isEmpty {
            guard let own = cgroups.path(ofProcess: process) else {
                throw Absent(description: "process \(process) has no \(cgroups.hierarchy)")
            }
            path = own
        } else {
            path = cgroups.path(ofDirectory: cgroup) ?? cgroup
        }
        let id = cgroups.id(of: path)
        guard id != 0 else {
            throw Absent(
                description: "there is no cgroup \(path) in \(cgroups.root): the runtime must put "
                    + "containers into this hierarchy (\(cgroups.hierarchy))")
        }
        guard path != "/" else {
            throw Absent(description: "the cgroup is the root of the hierarchy: that is the whole machine")
        }
        var found = workload
        found.cgroup = path
        let place = CgroupPathReader.place(of: path)
        if found.runtime.isEmpty { found.runtime = place.runtime }
        return FoundWorkload(found, cgroupID: id)
    }

    /// Whether names or labels are still to be asked for: annotations of some managers do not have them.
    package var needsAnswers: Bool { workload.naming == .pending || needsLabels || needsImage }

    /// Whether its image is still to be asked for: not all runtimes write it down where they tell of labels.
    private var needsImage: Bool { hasLabels && workload.image.name.isEmpty }

    /// Whether it is in a pod whose labels only the CRI tells: containerd writes down names alone.
    package var needsLabels: Bool {
        !hasLabels && workload.runtime == "containerd" && workload.pod?.labels.isEmpty == true
    }
}
