/// The fields that events of policies share. Tetragon numbers them differently in each message, and lacks some
/// of them in most: those have the same number of ours wherever it does.
struct PolicyHookFields {
    let arguments: Field
    let data: Field
    let returned: Field
    let action: Field
    let returnAction: Field
    let policyName: Field
    let message: Field
    let tags: Field
    let kernelStack: Field
    let userStack: Field
    let imaHash: Field
    let ancestors: Field

    private init(
        arguments: Int32, data: Int32 = 50_020, returned: Int32 = 50_021, action: Int32,
        returnAction: Int32 = 50_022, policyName: Int32, message: Int32, tags: Int32,
        kernelStack: Int32 = 50_023, userStack: Int32 = 50_024, imaHash: Int32 = 50_025, ancestors: Int32
    ) {
        self.arguments = Field(
            "args", arguments, .message, repeated: true, "Arguments, as the policy lists them.")
        self.data = Field(
            "data", data, .message, repeated: true, "What the policy reads beside the arguments.")
        self.returned = Field("return", returned, .message, "What the call returned.")
        self.action = Field(
            "action", action, .enumeration,
            "The action that decided; where the policy only monitors, the one that would have.")
        self.returnAction = Field("return_action", returnAction, .enumeration, "The same of the return.")
        self.policyName = Field(
            "policy_name", policyName, .string,
            "The policy that acted, else the first that matched; policies has them all.")
        self.message = Field("message", message, .string, "Its message.")
        self.tags = Field("tags", tags, .string, repeated: true, "Its tags.")
        self.kernelStack = Field(
            "kernel_stack_trace", kernelStack, .message, repeated: true,
            "Functions of the kernel, innermost first.")
        self.userStack = Field(
            "user_stack_trace", userStack, .message, repeated: true,
            "Functions of the program, innermost first.")
        self.imaHash = Field("ima_hash", imaHash, .string, "Hash of the file by IMA, as algorithm:value.")
        self.ancestors = Field(
            "ancestors", ancestors, .message, repeated: true, "From the grandparent to PID 1, in short form.")
    }

    static let kprobe = PolicyHookFields(
        arguments: 4, data: 14, returned: 5, action: 6, returnAction: 9, policyName: 8, message: 10, tags: 11,
        kernelStack: 7, userStack: 12, ancestors: 13)
    static let tracepoint = PolicyHookFields(
        arguments: 6, action: 8, policyName: 7, message: 9, tags: 10, ancestors: 11)
    static let lsm = PolicyHookFields(
        arguments: 7, action: 8, policyName: 5, message: 6, tags: 9, imaHash: 11, ancestors: 10)
    static let uprobe = PolicyHookFields(
        arguments: 7, data: 13, action: 12, policyName: 5, message: 6, tags: 8, ancestors: 9)
    static let usdt = PolicyHookFields(
        arguments: 8, action: 11, policyName: 6, message: 7, tags: 9, ancestors: 10)
}

/// Fields of single kinds, and our own ones of all.
public enum PolicyFields {
    public static let function = Field("function_name", 3, .string, "The function.")
    public static let subsystem = Field("subsys", 4, .string, "Subsystem of the tracepoint.")
    public static let tracepoint = Field("event", 5, .string, "Name of the tracepoint.")
    public static let path = Field("path", 3, .string, "The program or library.")
    public static let symbol = Field("symbol", 4, .string, "The function.")
    public static let offset = Field("offset", 10, .uint64, "Place in the file, where no symbol is named.")
    public static let counterOffset = Field(
        "ref_ctr_offset", 11, .uint64, "Place of the counter that switches the probe on.")
    public static let provider = Field("provider", 4, .string, "Provider of the probe.")
    public static let probe = Field("name", 5, .string, "Name of the probe.")
    public static let probeFlags = Field("flags", 12, .string, "Not used.")

    public static let address = Field("address", 1, .uint64, "Address; only where addresses may be shown.")
    public static let symbolOffset = Field("offset", 2, .uint64, "Place inside the symbol.")
    public static let stackSymbol = Field("symbol", 3, .string, "Function.")
    public static let stackModule = Field("module", 4, .string, "Kernel module, program or library.")

    public static let policies = Field(
        "policies", 50_000, .message, repeated: true, "Every selector of every policy that matched.")
    public static let verdict = Field(
        "verdict", 50_001, .string, "What became of the call: none, denied, killed, signalled or changed.")
    public static let expected = Field(
        "would_be", 50_002, .string,
        "What would have become of it if every policy that matched were enforced: denied, killed, signalled or changed."
    )
    public static let error = Field(
        "error", 50_003, .string, "Name of the errno that the call got, or would have got.")
    public static let mechanism = Field(
        "mechanism", 50_004, .string, "What the hook runs on: kprobe, fentry, lsm, tracepoint, …")
    public static let effect = Field(
        "effect", 50_005, .string,
        "What actions can achieve here: prevent, kill-before-effect, kill-before-return or observe.")
    public static let generation = Field(
        "generation", 50_006, .uint64, "Number of the set of policies that judged the call.")
    public static let uncertain = Field(
        "uncertain", 50_007, .bool, "A condition could not be decided; policies.unknown says which.")
    public static let heldBack = Field(
        "held_back", 50_008, .uint64, "Events like this that a rate limit held back since the last one.")
    public static let fileHash = Field(
        "file_hash", 50_009, .string, "Hash of the file, computed by the daemon, as algorithm:value.")
    public static let rights = Field(
        "rights", 50_010, .message,
        "cap, ns and process_credentials of the process, where a policy that matched asks for one of them.")
    public static let count = Field(
        "count", 50_011, .uint64,
        "Calls that this event stands for (action Count); the arguments are its key.")
    public static let interval = Field("interval_ns", 50_012, .uint64, "Span of the count, nanoseconds.")
    public static let duration = Field(
        "duration_ns", 50_013, .uint64, "From the call to its return, where the event waited for it.")
    public static let returnMissed = Field(
        "return_missed", 50_014, .bool, "The return is not told: too many calls waited at once.")
    public static let signalFailed = Field(
        "signal_failed", 50_015, .bool, "The kernel refused to send the signal, or to change the program.")
    public static let abi = Field(
        "abi", 50_016, .string, "Of a syscall that did not come by the usual entry: i386 or x32.")
    public static let tid = Field("tid", 50_017, .uint32Value, "Thread that made the call.")
    public static let attribution = Field(
        "process_is", 50_018, .string,
        "Where nobody made a call: interrupted (process is whoever ran then) or tracked (the socket's, by TrackSock)."
    )

    public static let name = Field("name", 1, .string, "Name of the policy.")
    public static let namespace = Field("namespace", 2, .string, "Its namespace, where it has one.")
    public static let selector = Field("selector", 3, .uint32Value, "Position of the selector, from 0.")
    public static let selectorLabel = Field("selector_label", 4, .string, "Label of the selector.")
    public static let mode = Field("mode", 5, .string, "enforce, monitor or shadow.")
    public static let matchAction = Field("action", 6, .string, "Its strongest action, as in the policy.")
    public static let matchMessage = Field("message", 7, .string, "Its message.")
    public static let matchTags = Field("tags", 8, .string, repeated: true, "Its tags.")
    public static let unknown = Field(
        "unknown", 9, .string, repeated: true, "Conditions that could not be decided: matchArgs[0], …")

    public static let loadedPath = Field("path", 2, .string, "The file that was mapped.")
    public static let buildID = Field("buildid", 3, .bytes, "Its build id.")
    public static let loaderParent = Field("parent", 4, .message, "Its parent.")
    public static let loaderAncestors = Field(
        "ancestors", 5, .message, repeated: true, "From the grandparent to PID 1, in short form.")

    public static let throttle = Field(
        "type", 1, .enumeration, "Whether events begin to be held back, or are sent again.")
    public static let throttledCgroup = Field("cgroup", 2, .string, "The control group that is limited.")
    public static let throttledPolicy = Field("policy_name", 50_000, .string, "The policy with the limit.")
    public static let throttledHook = Field("hook", 50_001, .string, "Its hook.")
    public static let throttledCount = Field(
        "held_back", 50_002, .uint64, "Events that were held back since THROTTLE_START; exact.")
}
