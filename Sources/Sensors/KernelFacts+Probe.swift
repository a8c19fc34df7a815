import BPFRuntime
import Glibc
import LinuxSystem
import SystemPackage

extension KernelFacts {
    /// Asks the kernel.
    ///
    /// - Parameters:
    ///   - probe: The kernel's types.
    ///   - tracepoints: `tp_btf` tracepoints that a sensor could use.
    ///   - functions: Kernel functions that a sensor could use.
    ///   - cgroupRoot: Root of the v2 hierarchy, or nil.
    ///   - hierarchy: That of workloads, or nil.
    static func probe(
        _ probe: borrowing KernelProbe, tracepoints: [String], functions: [String], cgroupRoot: String?,
        hierarchy: CgroupHierarchy?
    ) -> KernelFacts {
        KernelFacts(
            lsm: lsm(probe),
            fentry: probe.fentryObstacle().map { Obstacle("program load refused: \($0)") },
            kprobe: probe.kprobeObstacle().map { _ in Obstacle("the kernel was built without CONFIG_KPROBES")
            },
            syscallTracepoints: exists("/sys/kernel/tracing/events/syscalls/sys_exit_connect/id")
                ? nil : Obstacle("tracefs is not mounted, or the kernel lacks CONFIG_FTRACE_SYSCALLS"),
            cgroup: cgroupRoot == nil ? CgroupPrograms.obstacle : nil,
            tracepoints: probe.tracepoints(tracepoints), functions: probe.functions(functions),
            uprobe: exists("/sys/bus/event_source/devices/uprobe/type")
                ? nil : Obstacle("the kernel was built without CONFIG_UPROBE_EVENTS"),
            programMemory: KernelProbe.writesIntoPrograms
                ? nil : Obstacle("the kernel does not let programs write into others; lockdown forbids it"),
            programRegisters: KernelProbe.changesRegisters
                ? nil
                : Obstacle("the kernel does not let programs change registers: Linux 6.18, not locked down"),
            multiProbe: KernelProbe.hasMultiProbes
                ? nil : Obstacle("the kernel was built without CONFIG_FPROBE"),
            hierarchy: hierarchy)
    }

    private static func lsm(_ probe: borrowing KernelProbe) -> Obstacle? {
        if let obstacle = probe.lsmObstacle() { return Obstacle("program load refused: \(obstacle)") }
        // Programs load even where the LSM is compiled in but not active: then they never run.
        guard let active = SmallFile.read("/sys/kernel/security/lsm") else { return nil }
        guard active.split(separator: ",").contains("bpf") else {
            return Obstacle(
                "not among the active LSMs (\(active)): add bpf to lsm= on the kernel command line")
        }
        return nil
    }

    private static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }
}

/// Small files of /proc and /sys.
enum SmallFile {
    /// The content without the last line break, of a longer one the first `limit` bytes; nil = nothing can be read.
    static func read(_ path: String, limit: Int = 4096) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = unsafe fread(&bytes, 1, bytes.count, file)
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}
