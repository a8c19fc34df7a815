import CEventABI
import PolicyModel

/// How calls at an attach point are met on this kernel.
struct HookMechanism: Hashable {
    /// What is attached for it.
    enum Attachment: Hashable {
        /// Positions in `secd_policy_calls`; the programs on all system calls serve them, when they are
        /// made or when they return.
        case calls([UInt32], returned: Bool)
        /// Likewise, before they are made; what was judged there is done by guards on their way.
        case guarded([UInt32], [CallGuard])
        /// A program of its own, with the hook's number as its cookie.
        case tracepoint(category: String, event: String)
        /// A program that is loaded for this tracepoint alone.
        case rawTracepoint(String)
        /// A program that is loaded for this LSM hook or function alone, by its name in `tracefunction`;
        /// with one for the return where the hook waits.
        case function(String, program: String, returning: String?)
        /// Probes on a function, with the hook's number as their cookie.
        case probe(String)
        /// The same where one link has many functions.
        case multiProbe(String)
        /// Probes in a program's file.
        case program(ProgramPlaces)
        /// The same program at tracepoints of single system calls.
        case callPoints([String])
        /// Programs that see mapped files.
        case loads
        /// Questions of fanotify.
        case files(FileCalls)
        /// SECD_POLICY_PLACE_*: cgroup programs that serve up to four hooks.
        case places([UInt32])
    }

    /// As it stands in events and status: `tp_btf/sys_enter`.
    var name: String
    /// SECD_POLICY_BY_*.
    var number: UInt16
    /// What is attached for it.
    var attachment: Attachment
    /// Of what it is attached to, where names may come to mean another: then it is another hook.
    var version = ""
    /// What is attached is not the function that policies name, but stands for it.
    var standIn: StandIn?
    /// Signals can be sent from there.
    var canSignal: Bool
    /// The call can be refused there.
    var canDeny: Bool
    /// The memory of the program can be written to there.
    var canWrite = false
    /// Its registers can be changed there.
    var canChange = false
    /// The only error that a refused call can have; nil = any.
    var onlyError: Int64?
    /// It can be waited there for what the call returns.
    var canWait: Bool
    /// Who waits is judged again at the return, where a condition was unknown.
    var judgesAgain = false
    /// The call has returned there.
    var isReturn = false
    /// What a kill there does to the call.
    var killEffect: EffectClass
    /// What it does not see, or sees otherwise, in sentences.
    var blindSpots: [String]

    /// The registers are there: of the program at its system calls and in its own functions, of the kernel at a
    /// kprobe.
    var hasRegisters: Bool { Self.withRegisters.contains(Int32(number)) }

    private static let withRegisters: Set<Int32> = [
        SECD_POLICY_BY_SYS_ENTER, SECD_POLICY_BY_SYS_EXIT, SECD_POLICY_BY_GUARD, SECD_POLICY_BY_KPROBE,
        SECD_POLICY_BY_UPROBE,
    ]
}
