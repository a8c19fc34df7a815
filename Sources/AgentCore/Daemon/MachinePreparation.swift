import CLinuxShims
import Glibc
import LinuxSystem
import Logging
import SystemPackage

/// What must be there before sensors can start: room for descriptors, and mounts. Only kernel file systems at their
/// usual places, only where nothing is mounted there yet, and said in the log.
enum MachinePreparation {
    private static let tracefs = "/sys/kernel/tracing"
    private static let bpffs = "/sys/fs/bpf"

    /// Descriptors below which policies at many hooks will not fit; sensors alone do.
    private static let fewDescriptors: UInt = 4096

    /// Makes room and mounts what is missing. A refusal is no error: the ladder of mechanisms goes on without.
    static func prepare(_ logger: Logger) {
        let descriptors = DescriptorLimit.raise()
        if descriptors < fewDescriptors {
            logger.warning("only \(descriptors) descriptors are allowed: policies at many hooks may not fit")
        }
        if unsafe access(tracefs + "/events", F_OK) != 0 { mount("tracefs", at: tracefs, logger) }
        if !isMounted(bpffs, type: "bpf") { mount("bpf", at: bpffs, logger) }
    }

    private static func mount(_ type: String, at path: String, _ logger: Logger) {
        _ = unsafe mkdir(path, 0o700)
        if unsafe CLinuxShims.mount(type, path, type, UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), nil) == 0 {
            logger.info("mounted \(type) at \(path): it was missing")
        } else {
            logger.warning(
                "cannot mount \(type) at \(path) (\(SystemCall.lastErrno)); mechanisms that need it are not used"
            )
        }
    }

    private static func isMounted(_ path: String, type: String) -> Bool {
        let text = String(decoding: ProcfsImage.read("/proc/self/mounts", limit: 1 << 20), as: UTF8.self)
        return text.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count > 2 && fields[1] == path && fields[2] == type
        }
    }
}
