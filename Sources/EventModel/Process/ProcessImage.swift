public import CEventABI
public import WorkloadModel

/// What is known about one process image: the exec record of the kernel (or one that was made
/// from procfs for a process older than the daemon), taken apart on demand, never copied.
public struct ProcessImage: Sendable {
    /// The fixed part (bpf/abi/process.h).
    public var head: secd_exec
    /// Strings behind it: binary, cwd, filename, interp, arguments, cgroup path.
    public var tail: [UInt8]
    /// argv beyond the record, assembled from pieces; nil where the record holds all.
    public var longArguments: [UInt8]?
    /// Path of the cgroup, from the cgroup table.
    public var cgroupPath: [UInt8] = []
    /// Start of the container's id, from the cgroup table; empty on the host.
    public var containerID: [UInt8] = []
    /// What it runs in, from the cgroup table; nil on the host, and for a runtime's helpers.
    public var workload: WorkloadRecord?
    /// Environment, NUL-terminated entries, already redacted; nil = not asked for.
    public var environment: [UInt8]?
    /// Bytes of the environment that `environment` lacks. Meaningless without it.
    public var environmentMissing = 0
    /// Lower-case hexadecimal; empty = not asked for, or missing for the reason below.
    public var sha256: [UInt8] = []
    /// Why a digest that was asked for is not there.
    public var missingDigest: MissingDigest?

    public init() {
        head = secd_exec()
        tail = []
    }

    /// Whether its container may still get a name.
    @inline(__always)
    public var isUnnamed: Bool { workload?.isPending ?? false }

    /// Whether its container has no numeric identity yet.
    public var isUnidentified: Bool { workload?.isUnidentified ?? false }

    /// Ranges of the strings in `tail`, in record order.
    public var binaryRange: Range<Int> { 0..<Int(head.binary.length) }
    /// Working directory.
    public var cwdRange: Range<Int> { next(binaryRange, head.cwd.length) }
    /// What the caller gave to execve.
    public var filenameRange: Range<Int> { next(cwdRange, head.filename_length) }
    /// The interpreter of a `#!` file.
    public var interpreterRange: Range<Int> { next(filenameRange, head.interp_length) }
    /// argv as far as the record holds it, each argument with its NUL.
    public var argumentsRange: Range<Int> { next(interpreterRange, head.arguments_length) }

    private func next(_ previous: Range<Int>, _ length: UInt16) -> Range<Int> {
        previous.upperBound..<previous.upperBound + Int(length)
    }

    /// Puts `[comm]` in the place of a binary that nobody can name: kernel threads have none, and hardened
    /// kernels hide that of PID 1.
    @inline(__always)
    public mutating func nameByTask() {
        if head.binary.length == 0 { nameByComm() }
    }

    @inline(never)
    private mutating func nameByComm() {
        let comm = unsafe withUnsafeBytes(of: head.comm) { unsafe Array($0.prefix { $0 != 0 }) }
        guard !comm.isEmpty else { return }
        tail.insert(contentsOf: [UInt8(ascii: "[")] + comm + [UInt8(ascii: "]")], at: 0)
        head.binary.length = UInt16(comm.count + 2)
    }

    /// Whether the lengths in the head stay inside the tail; false = the record is damaged.
    public var isConsistent: Bool { argumentsRange.upperBound <= tail.count }

    /// Has this flag (`SECD_IMAGE_*`)?
    @inline(__always)
    public func has(_ flag: UInt32) -> Bool { head.flags & flag != 0 }

    /// Bytes of argv that are at hand.
    public var argumentBytesKnown: Int { longArguments?.count ?? argumentsRange.count }

    /// Drops what only the event of the exec tells: argv beyond `SECD_ARGUMENTS_INLINE`, and the environment.
    /// Other events and the tree keep the beginning, and say that it is one (`truncArgs`): else a process
    /// with 2 MiB of arguments could fill the log with every connection it makes, and memory by sleeping.
    /// Returns whether there was any.
    package mutating func shorten() -> Bool {
        guard environment != nil || longArguments != nil else { return false }
        let limit = Int(SECD_ARGUMENTS_INLINE)
        var shortened = environment != nil
        environment = nil
        if let arguments = longArguments, arguments.count > limit {
            longArguments = Array(arguments.prefix(limit))
            shortened = true
        }
        return shortened
    }

    /// Calls `body` with all argument bytes that are at hand: each argument ends in NUL.
    @inline(__always)
    func withArguments(_ body: (RawSpan) -> Void) {
        if let longArguments {
            unsafe body(longArguments.span.bytes)
        } else {
            unsafe body(tail.span.bytes.extracting(argumentsRange))
        }
    }

    /// Whether the process sees this path by another name than the host.
    static func differsInRoot(_ path: secd_path) -> Bool {
        path.root != 0 && path.root != SECD_PATH_OUTSIDE && path.length > 0
            && !(path.root == path.length && path.length == 1)
    }
}
