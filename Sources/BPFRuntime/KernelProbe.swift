import CBPFShims
import CLibbpf
import Glibc
public import SystemPackage

/// What this kernel offers, found by asking it: never by version.
@safe
public struct KernelProbe: ~Copyable {
    private let btf: OpaquePointer

    /// Parses the kernel's own types.
    /// - Throws: `BPFError` where the kernel has no BTF.
    public init() throws(BPFError) {
        secd_libbpf_log_start()
        guard let loaded = unsafe btf__load_vmlinux_btf() else {
            throw BPFError(
                operation: "read", object: "/sys/kernel/btf/vmlinux", errno: Errno(rawValue: currentErrno()))
        }
        unsafe btf = loaded
    }

    deinit {
        unsafe btf__free(btf)
    }

    /// Those of some tracepoints that a `tp_btf` program can attach to, with the number of their arguments,
    /// the leading `void *` not counted.
    public func tracepoints(_ names: [String]) -> [String: Int] {
        let prefix = "btf_trace_"
        var found: [String: Int] = [:]
        for (name, id) in types(names.map { prefix + $0 }, kind: Self.typedef) {
            found[String(name.dropFirst(prefix.utf8.count))] = argumentCount(ofTracepoint: id)
        }
        return found
    }

    /// Those of some functions that the kernel has, by name.
    public func functions(_ names: [String]) -> Set<String> {
        Set(types(names, kind: Self.function).keys)
    }

    // BTF_KIND_ENUM, BTF_KIND_TYPEDEF and BTF_KIND_FUNC, include/uapi/linux/btf.h.
    private static let enumeration: UInt32 = 6
    private static let typedef: UInt32 = 8
    private static let function: UInt32 = 12

    private func types(_ names: [String], kind: UInt32) -> [String: UInt32] {
        // In the order of strcmp, which is that of the bytes.
        let sorted = Set(names).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var text: [CChar] = []
        var starts: [UInt32] = []
        for name in sorted {
            starts.append(UInt32(text.count))
            text += name.utf8CString
        }
        var ids = [UInt32](repeating: 0, count: sorted.count)
        unsafe secd_btf_find(btf, kind, text, starts, sorted.count, &ids)
        return Dictionary(uniqueKeysWithValues: zip(sorted, ids).filter { $0.1 != 0 })
    }

    private func argumentCount(ofTracepoint id: UInt32) -> Int {
        guard let typedef = unsafe btf__type_by_id(btf, id) else { return 0 }
        guard let pointer = unsafe btf__type_by_id(btf, typedef.pointee.type) else { return 0 }
        guard let prototype = unsafe btf__type_by_id(btf, pointer.pointee.type) else { return 0 }
        // The low 16 bits of `info` are the number of members (include/uapi/linux/btf.h).
        return max(0, Int(unsafe prototype.pointee.info & 0xffff) - 1)
    }

    /// Places of controllers in `css_set.subsys`, by the names that hierarchies of v1 are mounted with: the order
    /// depends on what the kernel was built with (enum cgroup_subsys_id).
    public func cgroupControllers() -> [String: UInt32] {
        let id = unsafe btf__find_by_name_kind(btf, "cgroup_subsys_id", Self.enumeration)
        guard id > 0, let type = unsafe btf__type_by_id(btf, UInt32(id)) else { return [:] }
        var places: [String: UInt32] = [:]
        // `struct btf_enum` follows the type, once for each value.
        let values = unsafe UnsafeRawPointer(type + 1)
        for index in 0..<Int(unsafe type.pointee.info & 0xffff) {
            let value = unsafe values.loadUnaligned(
                fromByteOffset: index * MemoryLayout<btf_enum>.stride, as: btf_enum.self)
            guard let text = unsafe btf__name_by_offset(btf, value.name_off) else { continue }
            let name = unsafe String(cString: text)
            guard name.hasSuffix(Self.controllerSuffix), value.val >= 0 else { continue }
            let controller = String(name.dropLast(Self.controllerSuffix.utf8.count))
            // Its name in v1 is the old one (`legacy_name`).
            places[controller == "io" ? "blkio" : controller] = UInt32(value.val)
        }
        return places
    }

    private static let controllerSuffix = "_cgrp_id"

    /// BTF id of a kernel function, or nil.
    public func function(_ name: String) -> UInt32? {
        let id = unsafe btf__find_by_name_kind(btf, name, Self.function)
        return id > 0 ? UInt32(id) : nil
    }

    /// Why LSM programs cannot be used, or nil: they can.
    public func lsmObstacle() -> Errno? {
        guard let id = function("bpf_lsm_bprm_committing_creds") else { return .noSuchFileOrDirectory }
        return Self.obstacle(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, id)
    }

    /// Why fentry programs cannot be used, or nil: they can.
    public func fentryObstacle() -> Errno? {
        guard let id = function("commit_creds") else { return .noSuchFileOrDirectory }
        return Self.obstacle(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, id)
    }

    /// Programs may make system calls fail at their functions: a kernel that was built for error injection.
    public static let makesCallsFail: Bool = {
        guard let probe = try? KernelProbe(), let id = probe.function("__x64_sys_getpgid") else {
            return false
        }
        return obstacle(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, id) == nil
    }()

    /// Why kprobes cannot be used, or nil: they can.
    public func kprobeObstacle() -> Errno? {
        guard unsafe access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0 else {
            return .noSuchFileOrDirectory
        }
        return nil
    }

    /// One link can have many functions of the kernel (kprobe_multi, CONFIG_FPROBE).
    public static let hasMultiProbes: Bool = secd_probe_multi() == 0

    /// Why programs cannot be loaded at all, or nil: they can.
    public func loadObstacle() -> Errno? {
        Self.obstacle(BPF_PROG_TYPE_RAW_TRACEPOINT, bpf_attach_type(rawValue: 0), 0)
    }

    /// Programs of cgroups may use what is kept of tasks (Linux 6.18 and later).
    public static var cgroupProgramsKnowTasks: Bool {
        secd_probe_helper(
            BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, BPF_FUNC_task_storage_get) == 1
    }

    /// Programs may write into the memory of the program that they were called for; lockdown forbids it.
    public static let writesIntoPrograms: Bool =
        secd_probe_helper(BPF_PROG_TYPE_KPROBE, bpf_attach_type(rawValue: 0), BPF_FUNC_probe_write_user) == 1

    /// Programs at uprobes may change registers (Linux 6.18 and later, as far as it is not locked down).
    public static let changesRegisters: Bool = secd_probe_registers() == 1

    private static func obstacle(_ type: bpf_prog_type, _ attach: bpf_attach_type, _ id: UInt32) -> Errno? {
        let result = secd_probe_program(type, attach, id)
        guard result >= 0 else { return Errno(rawValue: -result) }
        close(result)
        return nil
    }
}
