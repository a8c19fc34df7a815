import BPFRuntime
import CEventABI
public import LinuxSystem

extension SensorOptions {
    /// Lets programs take the cgroups of a hierarchy for those of processes; v2 unless this is called.
    /// - Parameter hierarchy: nil = none tells workloads, as where programs of cgroups have one of their own.
    /// - Throws: `SensorError` where programs cannot know which cgroup of it a process is in; then no hierarchy tells
    ///   workloads.
    public mutating func follow(_ hierarchy: CgroupHierarchy?) throws(SensorError) {
        self.hierarchy = nil
        guard let hierarchy else { return }
        guard !hierarchy.isUnified else {
            (agent.cgroup_hierarchy, agent.cgroup_subsystem) = (0, 0)
            self.hierarchy = hierarchy
            return
        }
        let places: [String: UInt32]
        do throws(BPFError) {
            places = try KernelProbe().cgroupControllers()
        } catch {
            throw SensorError("workloads by \(hierarchy): \(error)")
        }
        guard let place = hierarchy.controllers.lazy.compactMap({ places[$0] }).first else {
            throw SensorError(
                "workloads by \(hierarchy): programs find the cgroup of a process by a controller only, and this "
                    + "hierarchy has none; name one that has (--cgroup-root /sys/fs/cgroup/pids)")
        }
        (agent.cgroup_hierarchy, agent.cgroup_subsystem) = (hierarchy.number, place)
        self.hierarchy = hierarchy
    }
}
