import EventFilters
import Foundation
import PolicyCompiler
import PolicyModel

/// The kernel that runs here, as the compiler asks about it.
enum LocalKernel {
    private static let typeInformation = "/sys/kernel/btf/vmlinux"
    private static let tracepoints = "/sys/kernel/tracing/events"
    private static let formatLimit = 1 << 20

    /// Types from the kernel's own information; tracepoints as far as this user may read them.
    static func types() throws -> any KernelTypes {
        guard case .bytes(let bytes) = try PolicyFiles.read(typeInformation, limit: 64 << 20) else {
            throw InputError("\(typeInformation) is larger than any kernel's")
        }
        do {
            return try BTFKernelTypes(
                release: release(), bytes: bytes, tracepointFormat: { format($0, $1) },
                matcher: { matcher($0) })
        } catch {
            throw InputError(error.description)
        }
    }

    /// Inode numbers of the first process's namespaces; those that this user may see.
    static func hostNamespaces() -> [NamespaceKind: UInt64] {
        let names: [NamespaceKind: String] = [
            .uts: "uts", .ipc: "ipc", .mount: "mnt", .pid: "pid", .pidForChildren: "pid_for_children",
            .net: "net",
            .time: "time", .timeForChildren: "time_for_children", .cgroup: "cgroup", .user: "user",
        ]
        return names.compactMapValues { name in
            let link = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/1/ns/\(name)")
            return link.flatMap { UInt64($0.drop { $0 != "[" }.dropFirst().dropLast()) }
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
        let files = FileManager.default
        guard files.isExecutableFile(atPath: tracepoints) else { return .unreadable }
        guard files.fileExists(atPath: "\(folder)/\(event)") else { return .absent }
        guard case .bytes(let bytes) = try? PolicyFiles.read("\(folder)/\(event)/format", limit: formatLimit)
        else {
            return .unreadable
        }
        return .text(String(decoding: bytes, as: UTF8.self))
    }

    private static func matcher(_ pattern: String) -> (@Sendable (String) -> Bool)? {
        guard let expression = try? LinearRegex(pattern) else { return nil }
        return { expression.matches($0) }
    }
}
