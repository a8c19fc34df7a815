import CBPFShims
import CLibbpf
import Glibc
import LinuxSystem
import SystemPackage

/// An ELF object with programs and maps: opened, configured, then loaded into the kernel.
///
/// Owns everything that it loads: programs and maps end with it, except maps that other objects
/// reuse and links that are still attached.
@safe
public struct BPFProgramFile: ~Copyable {
    /// What messages call it: the sensor.
    public let name: String
    private var object: OpaquePointer
    /// The kernel's types that the object names, from `load` on.
    private let types: OwnedFD

    /// Opens an object from memory; nothing reaches the kernel yet.
    public init(elf: [UInt8], name: String) throws(BPFError) {
        secd_libbpf_log_start()
        let types = try Self.makeTypes(for: name)
        let path = "/proc/self/fd/\(types.raw)"
        let opened = unsafe elf.withUnsafeBytes {
            unsafe secd_open_object($0.baseAddress, $0.count, name, path)
        }
        guard let opened = unsafe opened else {
            throw BPFError(
                operation: "open", object: name, errno: Errno(rawValue: currentErrno()), log: Self.log)
        }
        self.name = name
        self.types = types
        unsafe object = opened
    }

    private static func makeTypes(for name: String) throws(BPFError) -> OwnedFD {
        do throws(Errno) {
            return try OwnedFD { secd_reduced_types_file() }
        } catch {
            throw BPFError(operation: "make a file in memory for", object: name, errno: error)
        }
    }

    deinit {
        unsafe bpf_object__close(object)
    }

    /// What libbpf and the verifier said since the last `init`.
    static var log: String {
        unsafe String(cString: secd_libbpf_log_text())
    }

    /// Names of all programs, in file order.
    public var programNames: [String] {
        var names: [String] = []
        var program = unsafe bpf_object__next_program(object, nil)
        while let current = unsafe program {
            unsafe names.append(String(cString: bpf_program__name(current)))
            unsafe program = bpf_object__next_program(object, current)
        }
        return names
    }

    /// Names of all maps, in file order.
    public var mapNames: [String] {
        var names: [String] = []
        var map = unsafe bpf_object__next_map(object, nil)
        while let current = unsafe map {
            unsafe names.append(String(cString: bpf_map__name(current)))
            unsafe map = bpf_object__next_map(object, current)
        }
        return names
    }

    /// Chooses the programs that `load` gives to the kernel; all others are left out.
    public mutating func selectPrograms(_ isWanted: (String) -> Bool) {
        var program = unsafe bpf_object__next_program(object, nil)
        while let current = unsafe program {
            let name = unsafe String(cString: bpf_program__name(current))
            unsafe bpf_program__set_autoload(current, isWanted(name))
            unsafe program = bpf_object__next_program(object, current)
        }
    }

    /// Sets what a program is made for, where its section cannot say it (attach types that this
    /// libbpf does not know).
    public mutating func setExpectedAttachType(_ type: UInt32, of program: String) throws(BPFError) {
        let found = try unsafe self.program(program)
        let result = unsafe bpf_program__set_expected_attach_type(found, bpf_attach_type(rawValue: type))
        guard result == 0 else { throw error("set the attach type of", program, -result) }
    }

    /// Says which function, LSM hook or tracepoint a program is loaded for, in place of the one of its section.
    public mutating func setTarget(_ function: String, of program: String) throws(BPFError) {
        let result = try unsafe bpf_program__set_attach_target(self.program(program), 0, function)
        guard result == 0 else { throw error("set the target of \(program) to", function, -result) }
    }

    /// Sets the size of a map before `load` (bytes of a ring, entries of any other map).
    public mutating func setMaxEntries(_ count: UInt32, ofMap name: String) throws(BPFError) {
        let result = try unsafe bpf_map__set_max_entries(map(name), count)
        guard result == 0 else { throw error("size", name, -result) }
    }

    /// Shares a map of an object that is loaded already, instead of making another.
    public mutating func reuse(_ shared: borrowing BPFMap) throws(BPFError) {
        let result = try unsafe bpf_map__reuse_fd(map(shared.name), shared.descriptor)
        guard result == 0 else { throw error("reuse", shared.name, -result) }
    }

    /// Writes a constant (`const volatile` in .rodata) before `load`. An object whose programs do not
    /// use it has no such constant; that is no error.
    public mutating func setConstant<Value: BitwiseCopyable>(_ name: String, _ value: Value) throws(BPFError)
    {
        var value = value
        let result = unsafe withUnsafeBytes(of: &value) {
            unsafe secd_set_constant(object, name, $0.baseAddress, $0.count)
        }
        guard result == 0 || result == -Errno.noSuchFileOrDirectory.rawValue else {
            throw error("set the constant", name, -result)
        }
    }

    /// Gives the selected programs and all maps to the kernel.
    public mutating func load() throws(BPFError) {
        // An object of maps alone asks for no types.
        if unsafe bpf_object__next_program(object, nil) != nil {
            let result = unsafe secd_write_reduced_types(object, types.raw)
            guard result == 0 else { throw error("read the kernel's types for", name, -result) }
        }
        let result = unsafe bpf_object__load(object)
        // Read by now: some megabytes of memory, and a policy may have an object for each of its hooks.
        ftruncate(types.raw, 0)
        guard result == 0 else { throw error("load", name, -result) }
    }

    /// Instructions that the verifier walked for a loaded program.
    public func verifiedInstructions(of program: String) throws(BPFError) -> Int {
        let descriptor = try unsafe bpf_program__fd(self.program(program))
        var info = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        let result = unsafe bpf_obj_get_info_by_fd(descriptor, &info, &size)
        guard result == 0 else { throw error("inspect", program, -result) }
        return Int(info.verified_insns)
    }

    /// Time and runs of a loaded program, where the kernel counts them (kernel.bpf_stats_enabled).
    public func runs(of program: String) throws(BPFError) -> (nanoseconds: UInt64, runs: UInt64) {
        let descriptor = try unsafe bpf_program__fd(self.program(program))
        var nanoseconds: UInt64 = 0
        var runs: UInt64 = 0
        let result = unsafe secd_program_runs(descriptor, &nanoseconds, &runs)
        guard result == 0 else { throw error("inspect", program, -result) }
        return (nanoseconds, runs)
    }

    /// Runs a loaded program that stands at no hook (section `syscall`).
    public func run(_ program: String) throws(BPFError) {
        var options = unsafe bpf_test_run_opts()
        unsafe options.sz = MemoryLayout<bpf_test_run_opts>.size
        let descriptor = try unsafe bpf_program__fd(self.program(program))
        let result = unsafe bpf_prog_test_run_opts(descriptor, &options)
        guard result == 0 else { throw error("run", program, -result) }
    }

    /// Descriptor of a loaded program, valid while the object lives.
    public func programDescriptor(_ name: String) throws(BPFError) -> Int32 {
        try unsafe bpf_program__fd(program(name))
    }

    /// A loaded map. The descriptor is duplicated: the map outlives the object.
    public func openMap(_ name: String) throws(BPFError) -> BPFMap {
        let found = try unsafe map(name)
        return try unsafe BPFMap(
            duplicating: bpf_map__fd(found), name: name, keySize: Int(bpf_map__key_size(found)),
            valueSize: Int(bpf_map__value_size(found)), maxEntries: Int(bpf_map__max_entries(found)))
    }

    /// Attaches a loaded program as its section says.
    public func attach(_ program: String) throws(BPFError) -> BPFLink {
        let link = try unsafe bpf_program__attach(self.program(program))
        guard let link = unsafe link else { throw error("attach", program, currentErrno()) }
        return unsafe BPFLink(adopting: link)
    }

    /// Attaches a program to a kernel tracepoint by category and name.
    public func attach(_ program: String, tracepoint category: String, _ event: String) throws(BPFError)
        -> BPFLink
    {
        let link = try unsafe bpf_program__attach_tracepoint(self.program(program), category, event)
        guard let link = unsafe link else {
            throw error("attach \(program) to", "\(category)/\(event)", currentErrno())
        }
        return unsafe BPFLink(adopting: link)
    }

    /// The same with a number that the program asks for with `bpf_get_attach_cookie`.
    public func attach(
        _ program: String, tracepoint category: String, _ event: String, cookie: UInt64
    ) throws(BPFError) -> BPFLink {
        var options = bpf_tracepoint_opts()
        options.sz = MemoryLayout<bpf_tracepoint_opts>.size
        options.bpf_cookie = cookie
        let link = try unsafe bpf_program__attach_tracepoint_opts(
            self.program(program), category, event, &options)
        guard let link = unsafe link else {
            throw error("attach \(program) to", "\(category)/\(event)", currentErrno())
        }
        return unsafe BPFLink(adopting: link)
    }

    /// Attaches a program to a raw tracepoint by name.
    public func attach(_ program: String, rawTracepoint event: String) throws(BPFError) -> BPFLink {
        let link = try unsafe bpf_program__attach_raw_tracepoint(self.program(program), event)
        guard let link = unsafe link else { throw error("attach \(program) to", event, currentErrno()) }
        return unsafe BPFLink(adopting: link)
    }

    /// Attaches a kprobe program to a kernel function.
    public func attach(_ program: String, kprobe function: String, onReturn: Bool) throws(BPFError) -> BPFLink
    {
        let link = try unsafe bpf_program__attach_kprobe(self.program(program), onReturn, function)
        guard let link = unsafe link else { throw error("attach \(program) to", function, currentErrno()) }
        return unsafe BPFLink(adopting: link)
    }

    /// The same with a number that the program asks for with `bpf_get_attach_cookie`.
    public func attach(
        _ program: String, kprobe function: String, onReturn: Bool, cookie: UInt64
    ) throws(BPFError) -> BPFLink {
        var options = bpf_kprobe_opts()
        options.sz = MemoryLayout<bpf_kprobe_opts>.size
        options.bpf_cookie = cookie
        options.retprobe = onReturn
        let link = try unsafe bpf_program__attach_kprobe_opts(self.program(program), function, &options)
        guard let link = unsafe link else { throw error("attach \(program) to", function, currentErrno()) }
        return unsafe BPFLink(adopting: link)
    }

    /// What a program at functions of the kernel is loaded for, so that one link can have many of them
    /// (BPF_TRACE_KPROBE_MULTI).
    public static let multiProbeType = BPF_TRACE_KPROBE_MULTI.rawValue

    /// Attaches a program that was loaded for `multiProbeType` to functions of the kernel, by one link: all or none.
    /// - Parameter functions: different ones, with the numbers that the program asks for with `bpf_get_attach_cookie`.
    public func attach(
        _ program: String, functions: [(name: String, cookie: UInt64)], onReturn: Bool
    ) throws(BPFError) -> BPFLink {
        var text: [CChar] = []
        var starts: [UInt32] = []
        for function in functions {
            starts.append(UInt32(text.count))
            text += function.name.utf8CString
        }
        let link = try unsafe secd_attach_functions(
            self.program(program), text, starts, functions.map(\.cookie), functions.count, onReturn)
        guard let link = unsafe link else {
            let object =
                functions.count == 1 ? functions[0].name : "\(functions.count) functions of the kernel"
            throw error("attach \(program) to", object, currentErrno())
        }
        return unsafe BPFLink(adopting: link)
    }

    /// Attaches a program to a place in a program's file, for all processes that run it.
    /// - Parameters:
    ///   - counterOffset: where in the file the number stands that the kernel counts up meanwhile; 0 = none.
    ///   - cookie: the number that the program asks for with `bpf_get_attach_cookie`.
    public func attach(
        _ program: String, toFile path: String, offset: UInt64, counterOffset: UInt64, onReturn: Bool,
        cookie: UInt64
    ) throws(BPFError) -> BPFLink {
        var options = unsafe bpf_uprobe_opts()
        unsafe options.sz = MemoryLayout<bpf_uprobe_opts>.size
        unsafe options.bpf_cookie = cookie
        unsafe options.retprobe = onReturn
        unsafe options.ref_ctr_offset = Int(clamping: counterOffset)
        let everyProcess: Int32 = -1
        let link = try unsafe bpf_program__attach_uprobe_opts(
            self.program(program), everyProcess, path, Int(clamping: offset), &options)
        guard let link = unsafe link else {
            throw error("attach \(program) to", "offset \(offset) of the program", currentErrno())
        }
        return unsafe BPFLink(adopting: link)
    }

    /// Attaches a program to a cgroup, with the attach type that it was loaded for.
    public func attach(_ program: String, cgroup: Int32) throws(BPFError) -> BPFLink {
        let link = try unsafe bpf_program__attach_cgroup(self.program(program), cgroup)
        guard let link = unsafe link else {
            throw error("attach \(program) to", "the cgroup root", currentErrno())
        }
        return unsafe BPFLink(adopting: link)
    }

    private func program(_ name: String) throws(BPFError) -> OpaquePointer {
        guard let program = unsafe bpf_object__find_program_by_name(object, name) else {
            throw error("find", name, Errno.noSuchFileOrDirectory.rawValue)
        }
        return unsafe program
    }

    private func map(_ name: String) throws(BPFError) -> OpaquePointer {
        guard let map = unsafe bpf_object__find_map_by_name(object, name) else {
            throw error("find", name, Errno.noSuchFileOrDirectory.rawValue)
        }
        return unsafe map
    }

    private func error(_ operation: String, _ object: String, _ errno: Int32) -> BPFError {
        BPFError(operation: operation, object: object, errno: Errno(rawValue: errno), log: Self.log)
    }
}
