import BPFObjects

/// fork, exec, exit, credential changes, cgroup names, and the processes older than the daemon.
enum ProcessSensor {
    /// System calls that can change credentials. One program on each: as rare calls they cost less
    /// this way than a test on every system call (tracepoint +20 ns on others, raw sys_exit +65).
    static let credentialCalls = [
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
        "setgroups",
        "capset", "prctl", "unshare", "setns", "keyctl",
    ]

    static let plan = SensorPlan(
        name: "process",
        object: BPFObjects.process,
        probeObject: BPFObjects.processProbe,
        ladders: [
            Ladder(
                function: "fork", mechanisms: [.tracepoint("sched_process_fork", "on_fork")],
                lossWithout: "processes that never exec", isRequired: true),
            Ladder(
                function: "prepare-exec",
                mechanisms: [
                    .tracepoint("sched_prepare_exec", "on_prepare_exec"),
                    Mechanism("lsm/bprm_creds_from_file", [.section(program: "on_commit_lsm")]) {
                        $0.lsm == nil
                    },
                ],
                lossWithout: "credentials before exec: setuid and file-capability raises are marked unknown"),
            Ladder(
                function: "exec", mechanisms: [.tracepoint("sched_process_exec", "on_exec")],
                lossWithout: "everything", isRequired: true),
            Ladder(
                function: "exit",
                mechanisms: [
                    Mechanism("tp_btf/sched_process_exit (group)", [.section(program: "on_exit_group")]) {
                        $0.tracepoints["sched_process_exit"] == 2
                    },
                    .tracepoint("sched_process_exit", "on_exit_thread"),
                ],
                lossWithout: "exits", isRequired: true),
            Ladder(
                function: "credentials",
                mechanisms: [
                    Mechanism("fentry/commit_creds", [.section(program: "on_commit_creds")]) {
                        $0.fentry == nil && $0.functions.contains("commit_creds")
                    },
                    Mechanism(
                        "tracepoint/syscalls",
                        [
                            .tracepoints(
                                program: "on_credentials_syscall", category: "syscalls",
                                events: credentialCalls.map { "sys_exit_\($0)" })
                        ],
                        blindSpot:
                            "credential changes other than by set*id, capset, prctl, unshare, setns, keyctl"
                    ) { $0.syscallTracepoints == nil },
                ],
                lossWithout: "credential changes outside exec"),
            Ladder(
                function: "cgroup",
                mechanisms: [
                    Mechanism(
                        "tp_btf/cgroup_mkdir, cgroup_rmdir",
                        [.section(program: "on_cgroup_mkdir"), .section(program: "on_cgroup_rmdir")]
                    ) { $0.has(tracepoint: "cgroup_mkdir") && $0.has(tracepoint: "cgroup_rmdir") }
                ],
                lossWithout: "paths of cgroups that live shorter than a look at the file system"),
        ],
        iterator: "on_task")
}
