import BPFObjects
public import CEventABI

/// fork, exec, exit, credential changes, cgroup names, and the processes older than the daemon.
enum ProcessSensor {
    /// System calls that can change credentials. One program on each: as rare calls they cost less
    /// this way than a test on every system call (tracepoint +20 ns on others, raw sys_exit +65). Not setgroups:
    /// records hold no supplementary groups, so that nothing differs after it.
    static let credentialCalls = [
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
        "capset", "prctl", "unshare", "setns", "keyctl",
    ]

    /// Kernel functions that mechanisms are attached to.
    static let functions = ["commit_creds", "security_bprm_creds_from_file"]

    static let plan = SensorPlan(
        name: "process",
        object: BPFObjects.process,
        probeObject: BPFObjects.processProbe,
        ladders: [
            // In the order in which they are attached, the end of a process first: one whose fork is seen is known, and
            // must not end between this program and the one that would see its end.
            Ladder(
                function: "exit", mechanisms: [.tracepoint("sched_process_exit", "on_exit")],
                lossWithout: "exits", isRequired: true),
            Ladder(
                function: "prepare-exec",
                mechanisms: [
                    Mechanism.tracepoint("sched_prepare_exec", "on_prepare_exec"),
                    Mechanism("lsm/bprm_creds_from_file", [.section(program: "on_commit_lsm")]) {
                        $0.lsm == nil
                    },
                    Mechanism(
                        "fexit/security_bprm_creds_from_file", [.section(program: "on_creds_from_file")]
                    ) { $0.fentry == nil && $0.functions.contains("security_bprm_creds_from_file") },
                ].map(preparing),
                lossWithout: "credentials before exec: setuid and file-capability raises are marked unknown"),
            Ladder(
                function: "exec", mechanisms: [.tracepoint("sched_process_exec", "on_exec")],
                lossWithout: "everything", isRequired: true),
            Ladder(
                function: "fork", mechanisms: [.tracepoint("sched_process_fork", "on_fork")],
                lossWithout: "processes that never exec", isRequired: true),
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

    /// The exec program may believe that old credentials were looked at.
    private static func preparing(_ mechanism: Mechanism) -> Mechanism {
        var mechanism = mechanism
        mechanism.agentFlags = UInt32(SECD_AGENT_EXEC_PREPARED)
        return mechanism
    }
}

/// A process that is older than the daemon, as the kernel's iterator describes it.
public struct ProcessSeed: Sendable {
    /// The fixed part (bpf/abi/process.h).
    public var head: secd_seed
    /// Strings behind it: binary, cwd.
    public var tail: [UInt8]

    public init(head: secd_seed, tail: [UInt8] = []) {
        self.head = head
        self.tail = tail
    }

    /// Takes the iterator's output apart; what is damaged ends it.
    static func all(in bytes: [UInt8]) -> [ProcessSeed] {
        var seeds: [ProcessSeed] = []
        var offset = 0
        let fixed = MemoryLayout<secd_seed>.size
        while offset + fixed <= bytes.count {
            let head = unsafe bytes.withUnsafeBytes { buffer in
                unsafe buffer.loadUnaligned(fromByteOffset: offset, as: secd_seed.self)
            }
            let size = Int(head.size)
            guard size >= fixed + Int(head.binary.length) + Int(head.cwd.length), offset + size <= bytes.count
            else { break }
            seeds.append(ProcessSeed(head: head, tail: Array(bytes[(offset + fixed)..<(offset + size)])))
            offset += size
        }
        return seeds
    }
}
