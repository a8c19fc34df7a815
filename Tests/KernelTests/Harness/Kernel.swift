import BPFRuntime
import CTestActivity
import Glibc
import LinuxSystem
import Sensors

/// What this machine lets the tests do: asked, never derived from a version.
enum Kernel {
    /// Programs can be loaded: root (or the capabilities), BTF, and a kernel that does not refuse.
    static let canLoadPrograms: Bool = {
        guard let probe = try? KernelProbe() else { return false }
        return probe.loadObstacle() == nil
    }()

    /// Programs of BPF LSM load and act.
    static let hasLSM: Bool = {
        guard let probe = try? KernelProbe() else { return false }
        return probe.lsmObstacle() == nil
    }()

    /// Programs on kernel functions load and act.
    static let hasFentry: Bool = {
        guard let probe = try? KernelProbe() else { return false }
        return probe.fentryObstacle() == nil
    }()

    /// Probes can be put on kernel functions.
    static let hasKprobes: Bool = {
        guard let probe = try? KernelProbe() else { return false }
        return probe.kprobeObstacle() == nil
    }()

    /// Programs may make system calls fail at their functions.
    static let makesCallsFail = hasFentry && KernelProbe.makesCallsFail

    /// Mount point of the v2 hierarchy.
    static let cgroupRoot: String? = {
        let fields = readText("/proc/self/mounts").split(separator: "\n").map { $0.split(separator: " ") }
        return fields.first { $0.count > 2 && $0[2] == "cgroup2" }.map { String($0[1]) }
    }()

    /// Whether a step that needs a feature works here, tried once in a process of its own.
    static func can(_ steps: Step...) -> Bool {
        (try? Activity(steps).wait()) == .exited(0)
    }

    /// Hardened kernels show no namespaces of other processes.
    static let canEnterUserNamespace: Bool = {
        guard let owner = try? Activity([Step("unshare", Clone.newUser), .report, .wait]),
            let pid = try? owner.report()
        else { return false }
        return can(Step("setns", "/proc/\(pid)/ns/user"))
    }()

    /// File system types that the kernel knows without loading a module.
    static func hasFileSystem(_ type: String) -> Bool {
        readText("/proc/filesystems").split(separator: "\n").contains {
            $0.split(separator: "\t").last == Substring(type)
        }
    }

    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    static func isWritable(_ path: String) -> Bool { unsafe access(path, W_OK) == 0 }

    /// Part of the usual counts: emulated kernels need 50 ms for a process (`SECD_TEST_SCALE=0.1`).
    static let scale = Double(environment("SECD_TEST_SCALE") ?? "") ?? 1

    static func scaled(_ count: Int) -> Int { max(1, Int(Double(count) * scale)) }

    /// How long an event may take to arrive: never waited for in full unless something is wrong.
    static let patience: Double = 10 / min(1, scale).squareRoot()

    /// The real path behind links: `/bin/true` is `/usr/bin/true` on merged systems.
    static func resolved(_ path: String) -> String {
        guard let text = unsafe realpath(path, nil) else { return path }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }

    /// The test's own executable.
    static let testBinary = resolved("/proc/self/exe")

    static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// Descriptors that this process has open.
    static var openDescriptors: Int {
        (0..<65_536).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }

    static func readText(_ path: String) -> String {
        guard let file = unsafe fopen(path, "re") else { return "" }
        defer { unsafe fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A number of /proc/PID/status.
    static func status(_ pid: Int, _ key: String) -> Int? {
        let line = readText("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line.flatMap { $0.split { $0 == "\t" || $0 == " " }.dropFirst().first }.flatMap { Int($0) }
    }

    /// Inode number of a file, or of a namespace from the text of its link (`mnt:[4026531832]`): hardened
    /// kernels do not let namespaces be opened.
    static func inode(_ path: String) -> Int? {
        var text = [CChar](repeating: 0, count: 256)
        let length = unsafe readlink(path, &text, text.count - 1)
        guard length > 0 else { return (try? FileStatus(path: path)).map { Int($0.inode) } }
        let name = String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Int(name.filter(\.isNumber))
    }
}

/// A folder of its own, removed with everything in it.
final class TemporaryFolder {
    let path: String

    init(in parent: String = "/tmp") {
        var template = Array((parent + "/secd-kernel.XXXXXX").utf8CString)
        guard let made = unsafe mkdtemp(&template) else { fatalError("mkdtemp: \(errno)") }
        path = unsafe String(cString: made)
        unsafe chmod(path, 0o755)
    }

    deinit {
        _ = try? Activity([.exec("/bin/rm", ["rm", "-rf", path])]).wait()
    }

    static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }

    /// Puts a copy of a program here.
    func copy(_ source: String, as name: String, mode: Int = 0o755) throws -> String {
        let target = self / name
        try Activity.run(Step("copy", source, target, mode))
        return target
    }

    /// Puts an executable script here.
    func script(_ name: String, _ text: String) throws -> String {
        let target = self / name
        guard let file = unsafe fopen(target, "we") else { throw ActivityError("\(target): \(errno)") }
        unsafe fputs(text, file)
        unsafe fclose(file)
        unsafe chmod(target, 0o755)
        return target
    }

    func link(_ name: String, to target: String) {
        unsafe symlink(target, self / name)
    }

    func makeFolder(_ name: String) -> String {
        unsafe mkdir(self / name, 0o755)
        return self / name
    }
}

extension TemporaryFolder {
    /// Permitted and effective capabilities of a file.
    func setCapabilities(_ path: String, _ permitted: UInt32) throws {
        let result = unsafe activity_set_file_capabilities(path, permitted)
        guard result == 0 else { throw ActivityError("setxattr \(path): \(-result)") }
    }
}
