import CEventABI
import EventModel
import ProcessTree
import Sensors
import WorkloadModel

/// The part of the machine that an engine watches, for what it lists and for whom it kills. The kernel's programs
/// keep events and policies to it (bpf/lib/scope.h).
struct EngineScope: Sendable {
    /// Inode of the network namespace; 0 = all.
    private let network: UInt64
    /// The cgroup by its path in the hierarchy; nil = all.
    private let cgroup: [UInt8]?

    /// - Parameter cgroups: among them the one at the top of the scope.
    init(_ options: EngineOptions, _ cgroups: CgroupTable) {
        let agent = options.sensors.agent
        network = agent.net_scope
        cgroup = agent.cgroup_scope == 0 ? nil : cgroups.name(agent.cgroup_scope).path
    }

    /// Whether a process is told of: whether it began inside, as the kernel saw it.
    static func holds(_ process: ProcessObject) -> Bool { !process.image.has(SECD_IMAGE_OUT_OF_SCOPE) }

    /// Whether nothing in a cgroup can be outside, as far as that is a question of cgroups.
    func holds(cgroup path: [UInt8]) -> Bool {
        guard let cgroup else { return true }
        let slash = UInt8(ascii: "/")
        // The root of the hierarchy is "/"; a cgroup that is gone has no path, and nobody in it.
        return path == cgroup || cgroup == [slash] || (!cgroup.isEmpty && path.starts(with: cgroup + [slash]))
    }

    /// A process that procfs alone tells of, marked where it is outside: the kernel's programs have not seen it.
    func marked(_ seed: ProcessSeed, cgroup path: [UInt8]) -> ProcessSeed {
        let isInside = (network == 0 || UInt64(seed.head.namespaces.net) == network) && holds(cgroup: path)
        guard !isInside else { return seed }
        var seed = seed
        seed.head.flags |= SECD_IMAGE_OUT_OF_SCOPE
        return seed
    }

    /// The cgroups, of those that exist, in which something inside runs or could run.
    func living(_ cgroups: CgroupTable, _ tree: ProcessTree) -> [(id: UInt64, workload: WorkloadRecord?)] {
        let inside = cgroups.living.filter { holds(cgroup: cgroups.name($0.id).path) }
        guard network != 0 else { return inside }
        // Namespaces are of processes: only where one that is inside runs.
        let populated = Set(
            tree.all.filter { $0.state == .alive && Self.holds($0) }.map(\.image.head.cgroup_id))
        return inside.filter { populated.contains($0.id) }
    }
}
