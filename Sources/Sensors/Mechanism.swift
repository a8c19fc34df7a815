public import LinuxSystem

/// What this kernel offers, as far as a choice of mechanisms needs it. Probed once, at start.
public struct KernelFacts: Sendable {
    /// BPF LSM programs load *and* `bpf` is among the active LSMs.
    public var lsm: Obstacle?
    /// fentry and fexit programs attach to kernel functions.
    public var fentry: Obstacle?
    /// kprobes attach to kernel functions.
    public var kprobe: Obstacle?
    /// One link can have many kernel functions.
    public var multiProbe: Obstacle?
    /// Probes can be put into programs.
    public var uprobe: Obstacle?
    /// The memory of programs can be written to at probes.
    public var programMemory: Obstacle?
    /// Registers of programs can be changed at probes.
    public var programRegisters: Obstacle?
    /// Tracepoints of the syscalls category exist in tracefs.
    public var syscallTracepoints: Obstacle?
    /// Root of the v2 hierarchy, where cgroup programs attach.
    public var cgroup: Obstacle?
    /// `tp_btf` tracepoints → number of arguments.
    public var tracepoints: [String: Int]
    /// Kernel functions that BTF knows, among those that the sensors asked for.
    public var functions: Set<String>
    /// The hierarchy of cgroups that tells workloads; nil = none does.
    public var hierarchy: CgroupHierarchy?

    /// Why something is not available, in words.
    public struct Obstacle: Sendable, CustomStringConvertible {
        public var description: String
        public init(_ description: String) { self.description = description }
    }

    public init(
        lsm: Obstacle?, fentry: Obstacle?, kprobe: Obstacle?, syscallTracepoints: Obstacle?,
        cgroup: Obstacle?,
        tracepoints: [String: Int], functions: Set<String>, uprobe: Obstacle? = nil,
        programMemory: Obstacle? = nil, programRegisters: Obstacle? = nil, multiProbe: Obstacle? = nil,
        hierarchy: CgroupHierarchy? = nil
    ) {
        self.lsm = lsm
        self.fentry = fentry
        self.kprobe = kprobe
        self.multiProbe = multiProbe
        self.uprobe = uprobe
        self.programMemory = programMemory
        self.programRegisters = programRegisters
        self.syscallTracepoints = syscallTracepoints
        self.cgroup = cgroup
        self.tracepoints = tracepoints
        self.functions = functions
        self.hierarchy = hierarchy
    }

    func has(tracepoint name: String) -> Bool { tracepoints[name] != nil }
}

/// How one program is brought to its hook.
enum Attachment: Sendable {
    /// As the section name says.
    case section(program: String)
    /// One program on several tracepoints of one category; those that the kernel lacks are left out.
    case tracepoints(program: String, category: String, events: [String])
    /// At the root of the v2 hierarchy; `type` overrides what this libbpf can express.
    case cgroup(program: String, type: UInt32?)
    case kprobe(program: String, function: String, onReturn: Bool)
    /// At no hook: the daemon runs it.
    case run(program: String)

    var program: String {
        switch self {
        case .section(let program), .tracepoints(let program, _, _), .cgroup(let program, _),
            .kprobe(let program, _, _), .run(let program):
            program
        }
    }
}

/// One way to see something: a rung of a ladder.
struct Mechanism: Sendable {
    /// As it stands in `secctl status` and `stream_start`: `tp_btf/sched_process_exec`.
    var name: String
    var attachments: [Attachment]
    /// Whether this kernel offers it.
    var isAvailable: @Sendable (KernelFacts) -> Bool
    /// What this mechanism does not see, in a sentence; nil = nothing that we know of.
    var blindSpot: String?
    /// What the other programs of the object must know of the choice (`SECD_AGENT_*`).
    var agentFlags: UInt32 = 0

    init(
        _ name: String, _ attachments: [Attachment], blindSpot: String? = nil,
        isAvailable: @escaping @Sendable (KernelFacts) -> Bool
    ) {
        self.name = name
        self.attachments = attachments
        self.blindSpot = blindSpot
        self.isAvailable = isAvailable
    }

    /// A `tp_btf` program of the same object.
    static func tracepoint(_ tracepoint: String, _ program: String, blindSpot: String? = nil) -> Mechanism {
        Mechanism("tp_btf/\(tracepoint)", [.section(program: program)], blindSpot: blindSpot) {
            $0.has(tracepoint: tracepoint)
        }
    }
}

/// The mechanisms for one function of a sensor, best first; the first available one is used.
struct Ladder: Sendable {
    /// `exec`, `connect`, …
    var function: String
    var mechanisms: [Mechanism]
    /// What is lost when none is available.
    var lossWithout: String
    /// Whether the sensor is useless without it.
    var isRequired = false

    func best(_ facts: KernelFacts, without refused: [String]) -> Mechanism? {
        mechanisms.first { mechanism in
            mechanism.isAvailable(facts) && !refused.contains { mechanism.name.hasPrefix($0) }
        }
    }
}
