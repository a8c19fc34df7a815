public import CEventABI
public import EventModel
public import WorkloadModel

/// A process image to be put together field by field, for samples and tests: keeps the strings and
/// the lengths in the head together, as the kernel does.
public struct SampleImage {
    /// The fixed part; lengths of strings are filled in by `image` and `record`.
    public var head = secd_exec()
    /// Path of the file that runs.
    public var binary: [UInt8] = []
    /// Working directory.
    public var cwd: [UInt8] = []
    /// What was given to execve.
    public var filename: [UInt8] = []
    /// Interpreter of a `#!` file; empty = none.
    public var interpreter: [UInt8] = []
    /// argv, `argv[0]` first.
    public var arguments: [[UInt8]] = []
    /// Bytes of argv that were lost on the way, behind those that are here.
    public var lostArgumentBytes = 0
    /// Below the root of the hierarchy.
    public var cgroupPath: [UInt8] = []
    /// As events show it: the beginning of the runtime's id; empty = the host.
    public var containerID: [UInt8] = []
    /// What it runs in; nil = the host.
    public var workload: Workload?
    /// Numeric identity of its labels; 0 = none.
    public var identity: UInt32 = 0
    /// `KEY=value` entries, each with its NUL; nil = not recorded.
    public var environment: [UInt8]?
    /// Bytes of the environment that were lost on the way, behind those that are here.
    public var lostEnvironmentBytes = 0
    /// Lower-case hexadecimal; empty = not asked for.
    public var sha256: [UInt8] = []

    /// - Parameter start: CLOCK_BOOTTIME of the image, nanoseconds.
    public init(pid: UInt32, start: UInt64, binary: String, arguments: [String] = [], cwd: String = "/") {
        head.head.kind = UInt16(SECD_KIND_EXEC)
        head.head.version = UInt8(SECD_ABI_VERSION)
        head.head.time_ns = start
        head.image = secd_image(start_ns: start, pid: pid, reserved: 0)
        head.tid = pid
        head.pid_in_ns = pid
        head.process_start_ns = start
        head.loginuid = .max
        head.sessionid = .max
        head.flags = SECD_IMAGE_EXECVE
        self.binary = Array(binary.utf8)
        self.cwd = Array(cwd.utf8)
        self.arguments = arguments.map { Array($0.utf8) }
        filename = self.binary
    }

    /// argv with its terminators.
    public var argumentBytes: [UInt8] { arguments.flatMap { $0 + [0] } }

    private var completeHead: secd_exec {
        var head = head
        let arguments = argumentBytes
        head.binary.length = UInt16(binary.count)
        head.cwd.length = UInt16(cwd.count)
        head.filename_length = UInt16(filename.count)
        head.interp_length = UInt16(interpreter.count)
        head.arguments_length = UInt16(min(arguments.count, Int(SECD_ARGUMENTS_INLINE)))
        head.arguments_total = UInt32(arguments.count + lostArgumentBytes)
        head.argc = UInt32(self.arguments.count)
        head.environment_total = UInt32((environment?.count ?? 0) + lostEnvironmentBytes)
        head.head.size = UInt32(MemoryLayout<secd_exec>.size + tail.count)
        return head
    }

    private var tail: [UInt8] {
        binary + cwd + filename + interpreter + argumentBytes.prefix(Int(SECD_ARGUMENTS_INLINE))
    }

    /// The image as the pipeline makes it from the record and what followed it.
    public var image: ProcessImage {
        var image = ProcessImage()
        image.head = completeHead
        image.tail = tail
        if argumentBytes.count > Int(SECD_ARGUMENTS_INLINE) { image.longArguments = argumentBytes }
        image.cgroupPath = cgroupPath
        image.containerID = containerID
        image.workload = workload.map(WorkloadRecord.init)
        if identity > 0 { image.workload?.identify(as: identity) }
        image.environment = environment
        image.environmentMissing = lostEnvironmentBytes
        image.sha256 = sha256
        return image
    }

    /// The record as the kernel writes it: head and strings.
    public var record: [UInt8] {
        var head = completeHead
        return unsafe withUnsafeBytes(of: &head) { unsafe Array($0) } + tail
    }

    /// An object of this image.
    public func object(_ context: EncodingContext, parent: ProcessObject? = nil) -> ProcessObject {
        let object = ProcessObject(context: context)
        object.assign(image: image, parent: parent)
        return object
    }
}

/// Copies as much of a text into a fixed array of a C struct as it holds.
public func copy<Characters: BitwiseCopyable>(_ text: String, into characters: inout Characters) {
    unsafe withUnsafeMutableBytes(of: &characters) {
        unsafe $0.copyBytes(from: Array(text.utf8).prefix($0.count))
    }
}
