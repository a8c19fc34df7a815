package import AgentModel
public import ArgumentParser
package import EventFilters
import EventModel

/// Which workloads a listing is about; all that are given must match.
public struct WorkloadFilterOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Name of the pod, or of a container outside of pods, as a regular expression.", valueName: "regex"
        ))
    var pod: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Kubernetes namespace.", valueName: "name,…"))
    var namespace: [String] = []

    @Option(help: ArgumentHelp("Name of the container, as a regular expression.", valueName: "regex"))
    var container: [String] = []

    @Option(help: ArgumentHelp("Labels: app=web,tier!=cache.", valueName: "selector"))
    var labels: [String] = []

    @Option(
        help: ArgumentHelp(
            "Name of the container, unit or machine, as a regular expression.", valueName: "regex"))
    var workload: [String] = []

    @Option(help: ArgumentHelp("Unit of systemd, as a regular expression.", valueName: "regex"))
    var unit: [String] = []

    public init() {}

    public mutating func validate() throws {
        do throws(FilterError) {
            _ = try test()
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Whether anything is asked for.
    var isEmpty: Bool {
        [pod, namespace, container, labels, workload, unit].allSatisfy(\.isEmpty)
    }

    /// The same conditions as those of events.
    package func test() throws(FilterError) -> @Sendable (WorkloadListing?) -> Bool {
        guard !isEmpty else { return { _ in true } }
        var spec = FilterSpec()
        spec.podRegex = pod.flatMap(EventFilterOptions.patterns)
        spec.namespace = namespace.flatMap(EventFilterOptions.words)
        spec.containerNameRegex = container.flatMap(EventFilterOptions.patterns)
        spec.labels = labels
        spec.workloadRegex = workload.flatMap(EventFilterOptions.patterns)
        spec.unitRegex = unit.flatMap(EventFilterOptions.patterns)
        let filter = try EventFilter(spec)
        return { filter.matches(WorkloadSubject($0)) }
    }
}

/// A workload as filters of events see it.
private struct WorkloadSubject: FilterSubject {
    let type = EventType(.processExec)
    let process: FilterProcess?
    let parent: FilterProcess? = nil
    let ancestors: [FilterProcess] = []
    let policyNames: [String] = []

    init(_ workload: WorkloadListing?) {
        process = FilterProcess(
            execID: "", pid: workload?.pid ?? 0, uid: 0, binary: "", arguments: "", inInitTree: false,
            permitted: 0, effective: 0, inheritable: 0, podNamespace: workload?.namespace ?? "",
            podName: workload?.pod ?? "", podLabels: workload?.podLabels ?? [:],
            containerID: workload?.kind == "container" ? workload?.id ?? "" : "",
            containerName: workload?.pod.isEmpty == false ? workload?.name ?? "" : "",
            workloadName: workload?.name ?? "", workloadKind: workload?.kind ?? "",
            workloadLabels: workload?.labels ?? [:], unit: workload?.unit ?? "")
    }

    func value(at path: [String]) -> CELValue? { nil }
}
