import CLinuxShims
import Glibc
import LinuxSystem
public import PolicyCompiler
public import PolicyModel
import SystemPackage

/// The kernel that runs here, as the compiler of policies asks about it.
public enum PolicyKernel {
    /// Why there is nothing to compare policies with, in a sentence.
    public struct Unknown: Error, CustomStringConvertible {
        public let description: String
    }

    private static let typeInformation = "/sys/kernel/btf/vmlinux"
    private static let tracepoints = "/sys/kernel/tracing/events"
    /// Bytes; the largest kernels have some 20 MiB of types.
    private static let typesLimit = 64 << 20
    private static let formatLimit = 1 << 20
    private static let traceableFunctions = "/sys/kernel/tracing/available_filter_functions"
    /// Bytes; 60,000 functions have 2 MiB.
    private static let traceableLimit = 32 << 20

    /// What policies are checked with: this kernel's types, and the host's namespaces.
    /// - Parameter matcher: a test of names by a regular expression; nil where that cannot be compiled.
    public static func settings(
        matcher: @escaping @Sendable (String) -> (@Sendable (String) -> Bool)?
    ) throws(Unknown) -> CheckSettings {
        CheckSettings(
            kernel: try types(matcher: matcher), hostNamespaces: hostNamespaces(), programs: ProgramReader())
    }

    /// Types from the kernel's own information; tracepoints as far as this user may read them.
    /// - Parameter matcher: as of `settings`.
    public static func types(
        matcher: @escaping @Sendable (String) -> (@Sendable (String) -> Bool)?
    ) throws(Unknown) -> BTFKernelTypes {
        let bytes: [UInt8]
        do throws(Errno) {
            bytes = try read(typeInformation, limit: typesLimit)
        } catch {
            throw Unknown(description: "cannot read \(typeInformation): \(error)")
        }
        do throws(BTFKernelTypes.Failure) {
            return try BTFKernelTypes(
                release: release(), bytes: bytes, tracepointFormat: { format($0, $1) },
                traceable: traceable, matcher: matcher, modules: KernelModuleReader())
        } catch {
            throw Unknown(description: error.description)
        }
    }

    /// Inode numbers of the machine's own namespaces, as far as this user may see them: those of PID 1. Where
    /// they are hidden, those of kthreadd: kernel threads never leave the first.
    public static func hostNamespaces() -> [NamespaceKind: UInt64] {
        let names: [NamespaceKind: String] = [
            .uts: "uts", .ipc: "ipc", .mount: "mnt", .pid: "pid", .pidForChildren: "pid_for_children",
            .net: "net", .time: "time", .timeForChildren: "time_for_children", .cgroup: "cgroup",
            .user: "user",
        ]
        return names.compactMapValues { name in
            // mnt:[4026531841]
            var text = [CChar](repeating: 0, count: 64)
            for pid in [1, 2] {
                let length = unsafe readlink("/proc/\(pid)/ns/\(name)", &text, text.count)
                guard length > 0 else { continue }
                let link = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
                return UInt64(link.drop { $0 != "[" }.dropFirst().dropLast())
            }
            return nil
        }
    }

    private static func release() -> String {
        var name = utsname()
        guard unsafe uname(&name) == 0 else { return "this kernel" }
        let text = unsafe withUnsafeBytes(of: &name.release) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return "Linux \(text)"
    }

    private static func format(_ subsystem: String, _ event: String) -> TracepointFormatText {
        // Names come from a policy: they must not lead out of the folder.
        guard [subsystem, event].allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("/") }) else {
            return .absent
        }
        let folder = "\(tracepoints)/\(subsystem)"
        guard unsafe access(tracepoints, X_OK) == 0 else { return .unreadable }
        guard unsafe access("\(folder)/\(event)", F_OK) == 0 else { return .absent }
        guard let bytes = try? read("\(folder)/\(event)/format", limit: formatLimit) else {
            return .unreadable
        }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    /// A line for each function, with its module behind it.
    private static func traceable() -> Set<String>? {
        guard let bytes = try? read(traceableFunctions, limit: traceableLimit) else { return nil }
        var names: Set<String> = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            names.insert(String(decoding: line.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self))
        }
        return names.isEmpty ? nil : names
    }

    static func read(_ path: String, limit: Int) throws(Errno) -> [UInt8] {
        let file = try OwnedFD { unsafe secd_open(path, O_RDONLY | O_CLOEXEC, 0) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while bytes.count <= limit {
            let count = try file.read(into: &piece)
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        throw .fileTooLarge
    }
}
