import BPFRuntime
import Foundation

/// Where the programs under test are.
enum Programs {
    /// Folder of the package's products: the test bundle is an executable in it.
    static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .path

    static let secd = folder + "/secd"
    static let secctl = folder + "/secctl"

    static var areThere: Bool {
        FileManager.default.isExecutableFile(atPath: secd)
            && FileManager.default.isExecutableFile(atPath: secctl)
    }

    /// Asked, never derived from a version.
    static let canLoad: Bool = {
        guard let probe = try? KernelProbe() else { return false }
        return probe.loadObstacle() == nil
    }()

    static func isInstalled(_ program: String) -> Bool { path(of: program) != nil }

    static func path(of program: String) -> String? {
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/lib/systemd"].map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
