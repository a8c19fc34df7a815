import Glibc
import LinuxSystem

/// A system call with an effect that others can see: what is left of it shows what a mechanism did.
struct EffectCase {
    /// Name of the system call.
    let call: String
    /// The LSM hook that is asked for it, without `security_`.
    let lsmHook: String
    /// The function that cgroup programs stand for, where they do.
    var placeFunction: String?
    /// The file that is opened, where `security_file_open` is asked for the call.
    var file: String?
    /// What the process does before policies are there.
    var before: [Step] = []
    /// The call.
    let act: Step
    /// Whether it had its effect, once the process is gone.
    let happened: (Story) -> Bool
}

/// The cases of one round, with what they act on.
final class EffectRound {
    private let folder = TemporaryFolder()
    /// Processes that are acted on.
    private var targets: [Activity] = []
    private let listener: LoopbackSocket
    private let receiver: LoopbackSocket
    private(set) var cases: [EffectCase] = []

    init() throws {
        listener = try LoopbackSocket(SOCK_STREAM)
        receiver = try LoopbackSocket(SOCK_DGRAM)
        cases = files() + descriptors() + objects()
        cases += try processes() + sockets()
    }

    deinit {
        _ = try? Activity([Step("umount", folder / "mounted", 0)]).wait()
        _ = unsafe unlink(Self.pin)
    }

    private static let pin = "/sys/fs/bpf/secd-effect-\(getpid())"

    private func file(_ name: String, _ text: String = "before") -> String {
        _ = try? folder.script(name, text)
        return folder / name
    }

    private func files() -> [EffectCase] {
        let (opened, removed) = (file("opened"), file("removed"))
        let (renamed, changed) = (file("renamed"), file("changed"))
        let (moved, made) = (folder / "moved", folder / "made")
        return [
            EffectCase(
                call: "openat", lsmHook: "file_open", file: opened,
                act: .openat(Call.here, .path(opened), O_WRONLY | O_TRUNC),
                happened: { _ in Kernel.readText(opened).isEmpty }),
            EffectCase(
                call: "unlinkat", lsmHook: "inode_unlink", act: .unlinkat(Call.here, .path(removed)),
                happened: { _ in !Kernel.exists(removed) }),
            EffectCase(
                call: "renameat2", lsmHook: "inode_rename",
                act: .renameat2(.path(renamed), .path(moved), 0), happened: { _ in Kernel.exists(moved) }),
            EffectCase(
                call: "chmod", lsmHook: "inode_setattr", act: .chmod(.path(changed), 0o600),
                happened: { _ in Self.mode(changed) == 0o600 }),
            EffectCase(
                call: "mkdir", lsmHook: "inode_mkdir", act: .mkdir(.path(made)),
                happened: { _ in Kernel.exists(made) }),
        ]
    }

    private static func mode(_ path: String) -> UInt32 {
        ((try? FileStatus(path: path)).map(\.permissions) ?? 0) & 0o777
    }

    /// Reads and writes go through what was open before: the file that is read into is mapped and shared.
    private func descriptors() -> [EffectCase] {
        let (source, sink) = (file("source", "secret"), file("sink", String(repeating: ".", count: 4096)))
        let written = file("written", "")
        let second = Call.first + 1
        return [
            EffectCase(
                call: "read", lsmHook: "file_permission",
                before: [
                    .open(.path(source), O_RDONLY), .open(.path(sink), O_RDWR),
                    // PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED
                    .call(9, .number(Call.mapping), 4096, 3, 0x11, .number(second), 0),
                ],
                act: .call(0, .number(Call.first), .number(Call.mapping), 6),
                happened: { _ in Kernel.readText(sink).hasPrefix("secret") }),
            EffectCase(
                call: "write", lsmHook: "file_permission",
                before: [.open(.path(written), O_WRONLY)],
                act: .call(1, .number(Call.first), "secret", 6),
                happened: { _ in Kernel.readText(written) == "secret" }),
        ]
    }

    private func objects() -> [EffectCase] {
        let place = folder.makeFolder("mounted")
        let pin = Self.pin
        var cases = [
            EffectCase(
                call: "mount", lsmHook: "sb_mount", act: Step("mount", "none", place, "tmpfs", 0),
                happened: { _ in Kernel.readText("/proc/self/mounts").contains(" \(place) tmpfs ") })
        ]
        if Kernel.readText("/proc/self/mounts").contains(" /sys/fs/bpf bpf ") {
            cases.append(
                EffectCase(
                    call: "bpf", lsmHook: "bpf", before: [Step("make-map")], act: Step("pin-map", pin),
                    happened: { _ in Kernel.exists(pin) }))
        }
        return cases
    }

    private func processes() throws -> [EffectCase] {
        let (ran, born) = (folder / "ran", folder / "born")
        let (killed, traced) = (try target(), try target())
        let seize = 0x4206
        let endWithTracer = 0x10_0000
        return [
            EffectCase(
                call: "execve", lsmHook: "bprm_check_security", act: .exec("/bin/mkdir", ["mkdir", ran]),
                happened: { _ in Kernel.exists(ran) }),
            EffectCase(
                call: "clone", lsmHook: "task_alloc", act: Step("fork-mkdir", born),
                happened: { _ in Kernel.exists(born) }),
            EffectCase(
                call: "kill", lsmHook: "task_kill", act: .call(62, .number(killed.pid), 15),
                happened: { _ in Self.ended(killed) }),
            EffectCase(
                call: "ptrace", lsmHook: "ptrace_access_check",
                act: .call(101, .number(seize), .number(traced.pid), 0, .number(endWithTracer)),
                happened: { _ in Self.ended(traced) }),
            EffectCase(
                call: "setuid", lsmHook: "task_fix_setuid", act: Step("setuid", Call.nobody),
                happened: { story in story.events.contains { $0.kind == "process_credentials" } }),
        ]
    }

    private func target() throws -> Activity {
        let target = try Activity([.report, .wait])
        _ = try target.report()
        targets.append(target)
        return target
    }

    /// Whether a target was ended by what was done to it. It is ended here by a signal that a process gets
    /// after all others which are waiting for it.
    private static func ended(_ target: Activity) -> Bool {
        kill(pid_t(target.pid), SIGPROF)
        return (try? target.wait()) != .killed(signal: SIGPROF, core: false)
    }

    private func sockets() throws -> [EffectCase] {
        let bound = folder / "bound"
        let (listener, receiver) = (listener, receiver)
        return [
            EffectCase(
                call: "bind", lsmHook: "socket_bind", before: [.socket(0, Net.unix, Net.stream)],
                act: .bind(0, "u,\(bound)"), happened: { _ in Kernel.exists(bound) }),
            EffectCase(
                call: "connect", lsmHook: "socket_connect", placeFunction: "security_socket_connect",
                before: [.socket(0, Net.inet, Net.stream)], act: .connect(0, listener.address),
                happened: { _ in listener.hasConnection() }),
            EffectCase(
                call: "sendto", lsmHook: "socket_sendmsg", placeFunction: "security_socket_sendmsg",
                before: [.socket(0, Net.inet, Net.datagram)], act: .sendTo(0, receiver.address, 6),
                happened: { _ in receiver.hasData() }),
        ]
    }
}

/// A socket of the test itself, on 127.0.0.1.
final class LoopbackSocket: Sendable {
    private let descriptor: Int32
    /// As steps take it.
    let address: String

    init(_ type: __socket_type) throws {
        descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let result = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(descriptor, address, length) == 0 else { return Int32(-1) }
                return unsafe getsockname(descriptor, address, &length)
            }
        }
        guard descriptor >= 0, result == 0 else { throw ActivityError("socket: \(errno)") }
        if type == SOCK_STREAM { listen(descriptor, 8) }
        address = "4,127.0.0.1,\(UInt16(bigEndian: name.sin_port))"
    }

    deinit { close(descriptor) }

    /// Whether somebody has connected; takes the connection.
    func hasConnection() -> Bool {
        guard isReadable() else { return false }
        let accepted = accept(descriptor, nil, nil)
        if accepted >= 0 { close(accepted) }
        return accepted >= 0
    }

    /// Whether a datagram is there.
    func hasData() -> Bool { isReadable() }

    private func isReadable() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }
}
