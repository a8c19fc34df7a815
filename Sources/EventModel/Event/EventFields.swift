/// Fields that events share, and those of the envelope.
public enum EventFields {
    public static let process = Field("process", 1, .message, "The acting process.")
    public static let parent = Field("parent", 2, .message, "Its parent.")
    public static let exitAncestors = Field(
        "ancestors", 6, .message, repeated: true, "From the grandparent to PID 1, in short form.")

    public static let nodeName = Field("node_name", 1000, .string, "Name of the node.")
    public static let time = Field("time", 1001, .timestamp, "When it happened, by the kernel's clock.")
    public static let clusterName = Field("cluster_name", 1003, .string, "Name of the cluster.")
    public static let secd = Field(
        "secd", 50_100, .message, "Where the event stands in the stream; what secctl verify checks.")

    public static let stream = Field("stream", 1, .string, "Identifies the run of the daemon.")
    public static let ring = Field("ring", 2, .string, "Ring of the record: lifecycle, verdict, observation.")
    public static let cpu = Field("cpu", 3, .uint32Value, "CPU that wrote the record.")
    public static let sequence = Field("seq", 4, .uint64, "Number of the record, per ring and CPU, from 1.")
    public static let skipped = Field(
        "skipped", 5, .uint64, "Records of this ring and CPU that gave no event since the last that did.")
    public static let line = Field("line", 6, .uint64, "Number of the event in the stream, from 1.")

    public static let signal = Field("signal", 3, .string, "Signal that ended the process.")
    public static let status = Field("status", 4, .uint32, "Exit code.")
    public static let exitTime = Field("time", 5, .timestamp, "When it ended.")
    public static let coreDumped = Field("core_dumped", 50_000, .bool, "Whether a core was dumped.")
    public static let duration = Field(
        "duration_ns", 50_001, .uint64, "Life of the image since its exec (or fork), nanoseconds.")
    public static let processDuration = Field(
        "process_duration_ns", 50_002, .uint64, "Life of the process since its fork, nanoseconds.")
    public static let usage = Field(
        "usage", 50_003, .message, "What the image used since its exec, ended threads included.")
    public static let processUsage = Field(
        "process_usage", 50_004, .message, "What the process used since its fork.")
    public static let threads = Field("threads", 50_005, .uint32, "Threads that ended in this process.")
    public static let cpuTime = Field("cpu_ns", 1, .uint64, "CPU time, exact, nanoseconds.")
    public static let readBytes = Field("read_bytes", 2, .uint64, "Read from storage.")
    public static let writeBytes = Field("write_bytes", 3, .uint64, "Written to storage.")
    public static let readChars = Field("read_chars", 4, .uint64, "Read by system calls.")
    public static let writeChars = Field("write_chars", 5, .uint64, "Written by system calls.")
    public static let peakMemory = Field(
        "rss_bytes", 6, .uint64, "Peak resident memory; absent where this kernel does not tell.")

    public static let ancestors = Field(
        "ancestors", 3, .message, repeated: true, "From the grandparent to PID 1, in short form.")
    public static let old = Field("old", 4, .message, "Before.")
    public static let new = Field("new", 5, .message, "After.")
    public static let oldCapabilities = Field("old_cap", 6, .message, "Capability sets before.")
    public static let newCapabilities = Field("new_cap", 7, .message, "Capability sets after.")
    public static let syscall = Field(
        "syscall", 8, .string, "System call that changed them, where the mechanism knows it.")
    public static let tid = Field("tid", 9, .uint32Value, "Thread whose credentials changed.")
    public static let socket = Field("socket", 4, .message, "The socket.")
    public static let namedEvents = Field(
        "events", 4, .uint64, "Events of the workload that left before its name came, marked as pending.")
    public static let file = Field("file", 4, .message, "The file.")
}
