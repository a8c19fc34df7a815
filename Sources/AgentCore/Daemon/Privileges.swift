import Glibc

/// What the daemon may do: asked before anything is mounted or loaded, so that the reason is the first and only
/// thing that is said.
enum Privileges {
    private struct Capability {
        var name: String
        /// include/uapi/linux/capability.h
        var bit: UInt64
        /// Whether CAP_SYS_ADMIN stands in for it (capable() || capable(CAP_SYS_ADMIN), bpf_token_capable).
        var isInAdmin: Bool
    }

    private static let needed = [
        Capability(name: "CAP_BPF", bit: 39, isInAdmin: true),
        Capability(name: "CAP_PERFMON", bit: 38, isInAdmin: true),
        Capability(name: "CAP_NET_ADMIN", bit: 12, isInAdmin: true),
        Capability(name: "CAP_SYS_PTRACE", bit: 19, isInAdmin: false),
    ]
    private static let admin: UInt64 = 21

    /// - Throws: `DaemonError` that names what is missing.
    static func check() throws(DaemonError) {
        let missing = missing(from: effective)
        guard missing.isEmpty else {
            let all = "CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE"
            let lack = missing.count == needed.count ? all : missing.joined(separator: " and ")
            throw DaemonError(
                "no right to load kernel programs: \(lack) missing; run secd as root, or with \(all)",
                exit: .permission)
        }
    }

    /// Names of the capabilities that a set lacks.
    static func missing(from set: UInt64) -> [String] {
        needed.filter { set >> $0.bit & 1 == 0 && !($0.isInAdmin && set >> admin & 1 == 1) }.map(\.name)
    }

    /// CapEff of /proc/self/status; all where it cannot be read (the kernel will say what is missing).
    private static var effective: UInt64 {
        let text = String(decoding: ProcfsImage.read("/proc/self/status", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return line.flatMap { UInt64($0.dropFirst("CapEff:".count).filter { !$0.isWhitespace }, radix: 16) }
            ?? .max
    }
}
