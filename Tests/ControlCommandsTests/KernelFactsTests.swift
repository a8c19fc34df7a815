import AgentModel
import LinuxSystem
import Sensors
import Testing

/// What `secctl doctor` makes of what a kernel offers.
@Suite struct KernelFactsTests {
    private func facts(without absent: String...) -> KernelFacts {
        let names = [
            "sched_process_fork", "sched_process_exec", "sched_process_exit", "inet_sock_set_state",
            "sched_prepare_exec", "sock_send_length", "cgroup_mkdir", "cgroup_rmdir",
        ]
        let found = names.filter { !absent.contains($0) }
        return KernelFacts(
            lsm: KernelFacts.Obstacle("no"), fentry: KernelFacts.Obstacle("no"), kprobe: nil,
            syscallTracepoints: nil, cgroup: nil,
            tracepoints: Dictionary(uniqueKeysWithValues: found.map { ($0, 3) }), functions: [])
    }

    @Test func onlyWhatNothingReplacesIsAnObstacle() {
        #expect(facts().obstaclesToRun.isEmpty)
        #expect(facts(without: "sched_prepare_exec", "cgroup_mkdir").obstaclesToRun.isEmpty)
        #expect(
            facts(without: "sched_process_exec", "sched_process_exit").obstaclesToRun == [
                "nothing here sees exit (exits)", "nothing here sees exec (everything)",
            ])
    }

    @Test func theHierarchyThatTellsWorkloadsIsNamed() throws {
        var facts = facts()
        let absent = try #require(facts.listings.first { $0.mechanism == "cgroups of processes" })
        #expect(!absent.available && absent.reason.hasPrefix("no hierarchy of cgroups"))
        facts.hierarchy = CgroupHierarchy(root: "/c/pids", number: 8, controllers: ["pids"])
        let row = try #require(facts.listings.first { $0.mechanism == "cgroups of processes" })
        #expect(row.available && row.usedBy == "workloads, by cgroup v1 (pids) at /c/pids")
    }

    /// The file sensor has no LSM program, so that its lack costs nothing of files.
    @Test func theLSMIsNoMatterOfFiles() throws {
        let rows = facts().listings
        let lsm = try #require(rows.first { $0.mechanism == "BPF LSM" })
        #expect(!lsm.usedBy.contains("file,") && !lsm.usedBy.contains("files"))
        #expect(!lsm.without.contains("path"))
        let fentry = try #require(rows.first { $0.mechanism == "fentry/fexit" })
        #expect(fentry.usedBy.contains("files") && fentry.without.contains("the caller's strings"))
    }
}
