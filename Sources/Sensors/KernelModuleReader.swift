import Glibc
import PolicyCompiler

/// Modules that are loaded and have types: files of /sys/kernel/btf.
struct KernelModuleReader: KernelModules {
    private static let folder = "/sys/kernel/btf"
    /// The kernel itself is among them.
    private static let kernel = "vmlinux"
    /// Bytes; the largest modules have 2 MiB of types.
    private static let typesLimit = 16 << 20

    func loaded() -> [String: UInt64] {
        var found: [String: UInt64] = [:]
        guard let stream = unsafe opendir(Self.folder) else { return found }
        defer { unsafe closedir(stream) }
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
                unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if Self.isName(name) { found[name] = unsafe UInt64(entry.pointee.d_ino) }
        }
        return found
    }

    func typeInformation(of module: String) -> [UInt8]? {
        Self.isName(module)
            ? try? PolicyKernel.read("\(Self.folder)/\(module)", limit: Self.typesLimit) : nil
    }

    /// A name comes from a policy: it must not lead out of the folder.
    private static func isName(_ module: String) -> Bool {
        !module.isEmpty && !module.hasPrefix(".") && !module.contains("/") && module != kernel
    }
}
