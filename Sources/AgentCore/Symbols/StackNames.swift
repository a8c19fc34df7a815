import CEventABI
package import EventModel
import LinuxSystem
package import PolicyCompiler
import SystemPackage

/// Names for the addresses of stacks. Owned by the worker.
package struct StackNames {
    /// How long the worker waits for functions of programs that were not read before, nanoseconds and event.
    private static let patience: UInt64 = 20_000_000
    /// Bytes of /proc/PID/maps that are read.
    private static let mapLimit = 4 << 20

    /// Nil = no policy has asked for stacks yet, or the kernel hides its addresses.
    package var kernel: SymbolTable?
    private var reader: SymbolReader?

    package init() {}

    /// Functions of the kernel as it runs now; nil where it hides its addresses.
    package static func readKernel() -> SymbolTable? {
        let table = SymbolTable(kallsyms: ProcfsImage.read("/proc/kallsyms", limit: 64 << 20))
        return table.count > 0 ? table : nil
    }

    /// Names what can be named; other frames keep their addresses.
    package mutating func name(_ event: inout PolicyEvent, of process: ProcessObject?) {
        if let kernel, !event.kernelStack.isEmpty {
            for index in event.kernelStack.indices { Self.name(&event.kernelStack[index], kernel) }
        }
        guard let process, !event.userStack.isEmpty else { return }
        let pid = process.image.head.image.pid
        let map = MemoryMap(ProcfsImage.read("/proc/\(pid)/maps", limit: Self.mapLimit))
        // It may have ended, and its pid been given again.
        guard !map.regions.isEmpty,
            ProcessLife.started(Int32(bitPattern: pid), at: process.image.head.process_start_ns)
        else { return }
        let deadline = MonotonicClock.now &+ Self.patience
        for index in event.userStack.indices {
            guard let region = map.region(of: event.userStack[index].address) else { continue }
            name(&event.userStack[index], region, pid, deadline)
        }
    }

    private static func name(_ frame: inout PolicyStackFrame, _ kernel: SymbolTable) {
        guard let function = kernel.function(at: frame.address) else { return }
        // Where the kernel lies in memory is a secret that the name makes needless.
        frame = PolicyStackFrame(
            address: 0, offset: function.offset, symbol: function.name, module: function.module)
    }

    private mutating func name(
        _ frame: inout PolicyStackFrame, _ region: MemoryMap.Region, _ pid: UInt32, _ deadline: UInt64
    ) {
        let path = String(decoding: region.path, as: UTF8.self)
        let place = frame.address - region.range.lowerBound + region.offset
        frame.module = path
        frame.offset = place
        guard path.hasPrefix("/"), region.inode != 0 else { return }
        if reader == nil { reader = try? SymbolReader() }
        let file = SymbolReader.File(inode: region.inode, path: path)
        guard let table = reader?.table(of: file, mappedBy: pid, until: deadline),
            let function = table.function(at: place)
        else { return }
        frame.symbol = function.name
        frame.offset = function.offset
    }
}
