import CLibbpf
import Synchronization

/// Runs a loaded program that stands at no hook (section `syscall`), again and again, without allocating.
/// One thread at a time.
@safe
public final class ProgramRunner: @unchecked Sendable {
    // @unchecked: its owner sees to it that one thread at a time runs it.

    private let file: BPFProgramFile
    private let descriptor: Int32
    private let options: UnsafeMutablePointer<bpf_test_run_opts>

    /// - Parameter file: loaded; kept with everything that it has.
    public init(_ file: consuming BPFProgramFile, _ program: String) throws(BPFError) {
        descriptor = try file.programDescriptor(program)
        self.file = file
        unsafe options = .allocate(capacity: 1)
        unsafe options.initialize(to: bpf_test_run_opts())
    }

    deinit { unsafe options.deallocate() }

    /// What the program returns; nil where the kernel could not run it.
    @inline(__always)
    public func run() -> UInt32? {
        unsafe options.pointee = unsafe bpf_test_run_opts()
        unsafe options.pointee.sz = MemoryLayout<bpf_test_run_opts>.size
        guard unsafe bpf_prog_test_run_opts(descriptor, options) == 0 else { return nil }
        return unsafe options.pointee.retval
    }
}
