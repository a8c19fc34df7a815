import BPFRuntime

/// What this kernel offers to policies; each is why not, or nil: it does.
public struct EngineFacts: Sendable {
    /// A kfunc that came with the cgroup programs of Unix sockets (Linux 6.7): where it is, they are.
    static let unixPlaceMark = "bpf_sock_addr_set_sun_path"

    /// BPF LSM programs load and act.
    public var lsmObstacle: String?
    /// fentry and fmod_ret programs attach to kernel functions.
    public var fentryObstacle: String?
    /// kprobes attach to kernel functions.
    public var kprobeObstacle: String?
    /// One link can have many kernel functions.
    public var multiProbeObstacle: String? =
        KernelProbe.hasMultiProbes ? nil : "this kernel was built without CONFIG_FPROBE"
    /// Probes can be put into programs.
    public var uprobeObstacle: String?
    /// The memory of programs can be written to (`Set`).
    public var memoryObstacle: String? =
        KernelProbe.writesIntoPrograms
        ? nil
        : "this kernel does not let programs write into the memory of others, as where it is locked down"
    /// Registers of programs can be changed (`Override` in uprobes, `Set` of a number in a register).
    public var registerObstacle: String? =
        KernelProbe.changesRegisters
        ? nil : "registers can be changed from Linux 6.18 on, where it is not locked down; not by this kernel"
    /// The engine's cgroup programs load: they need what is kept of tasks.
    public var cgroupObstacle: String? =
        KernelProbe.cgroupProgramsKnowTasks ? nil : "its cgroup programs have no task storage (6.18)"
    /// System calls can be made to fail at their functions (CONFIG_FUNCTION_ERROR_INJECTION); asked when first
    /// needed.
    public var makesCallsFail: @Sendable () -> Bool = { KernelProbe.makesCallsFail }
    /// Mount point of the v2 hierarchy; nil = cgroup programs cannot be attached.
    public var cgroupRoot: String?
    /// The operator lets policies make the daemon ask over the network (GetUrl, DnsLookup).
    public var allowsOutreach = false

    public init(
        lsmObstacle: String?, fentryObstacle: String?, kprobeObstacle: String?, cgroupRoot: String?,
        uprobeObstacle: String? = nil
    ) {
        self.lsmObstacle = lsmObstacle
        self.fentryObstacle = fentryObstacle
        self.kprobeObstacle = kprobeObstacle
        self.uprobeObstacle = uprobeObstacle
        self.cgroupRoot = cgroupRoot
    }
}
