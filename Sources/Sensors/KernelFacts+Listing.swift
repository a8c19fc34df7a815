public import AgentModel

extension KernelFacts {
    /// The rows of `secctl doctor`.
    public var listings: [MechanismListing] {
        [
            row(
                "BPF LSM", lsm, "setuid and file-capability raises before 6.10",
                "fexit, or raises are marked unknown there"),
            row(
                "fentry/fexit", fentry, "sockets, credential changes, files; raises before 6.10 without LSM",
                "tracepoints of system calls and cgroup programs: io_uring calls are not seen, names of "
                    + "files are the caller's strings"),
            row("kprobes", kprobe, "kernel functions named by policies", "equivalent tracepoints"),
            row(
                "kprobe_multi", multiProbe, "lists of kernel functions named by policies",
                "a program (fentry) or a probe for each function"),
            row("uprobes", uprobe, "places in programs named by policies", "such policies are refused"),
            row("memory of programs", programMemory, "Set in uprobes and usdts", "such policies are refused"),
            row(
                "registers of programs", programRegisters, "Override in uprobes (6.18+)",
                "such policies are refused"),
            row(
                "syscall tracepoints", syscallTracepoints, "credential changes, accept, Unix sockets, files",
                "credential changes outside exec, Unix sockets and files are not seen"),
            row(
                "cgroup programs", cgroup, "IP sockets, DNS answers",
                "creation, bind, connect attempts of IP sockets and names in connects are not seen"),
            row(
                "cgroups of processes",
                hierarchy == nil
                    ? Obstacle("no hierarchy of cgroups that programs can read is mounted") : nil,
                "workloads\(hierarchy.map { ", by \($0)" } ?? "")",
                "containers, pods and units are not told apart"),
            tracepoint(
                "sched_prepare_exec", "setuid and file-capability raises (6.10+)",
                "LSM, fexit, or raises are marked unknown"),
            tracepoint("sched_process_exec", "exec", "nothing works"),
            tracepoint("inet_sock_set_state", "TCP connections", "connects and closes are not seen"),
            tracepoint(
                "sock_send_length", "socket users and totals (6.3+)",
                "fexit on the send and receive functions"),
            tracepoint(
                "cgroup_mkdir", "names of short-lived cgroups", "names only of cgroups that exist at a look"),
        ]
    }

    private func row(_ name: String, _ obstacle: Obstacle?, _ usedBy: String, _ without: String)
        -> MechanismListing
    {
        MechanismListing(
            mechanism: name, available: obstacle == nil, reason: obstacle?.description ?? "", usedBy: usedBy,
            without: without)
    }

    private func tracepoint(_ name: String, _ usedBy: String, _ without: String) -> MechanismListing {
        row(
            "tp_btf/\(name)", has(tracepoint: name) ? nil : Obstacle("this kernel has no such tracepoint"),
            usedBy,
            without)
    }
}
