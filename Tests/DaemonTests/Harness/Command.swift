import Dispatch
import Foundation
import Glibc
import Synchronization

/// How a program ended.
enum Ending: Equatable, CustomStringConvertible {
    case code(Int32)
    case signal(Int32)
    case never

    var description: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let number): "signal \(number)"
        case .never: "no end"
        }
    }
}

/// A program that was started, with its output in files. It is ended with the test that forgets it.
///
/// Not Foundation's `Process`: its children inherit the signals that the test's threads block, and would never see
/// a SIGTERM.
final class Program: Sendable {
    let pid: Int32
    private let fate = Fate()

    /// What the thread that waits for it knows.
    private final class Fate: Sendable {
        let status = Mutex<Int32?>(nil)
        let ended = DispatchSemaphore(value: 0)
    }

    var isRunning: Bool { fate.status.withLock { $0 == nil } }

    /// - Parameters:
    ///   - command: the program's path and its arguments.
    ///   - environment: all of it.
    init(
        _ command: [String], environment: [String: String] = [:], output: String = "/dev/null",
        errors: String = "/dev/null"
    ) throws {
        let variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) { $1 }
        pid = try Self.spawn(
            command, variables.map { "\($0)=\($1)" }, output: output, errors: errors)
        // waitpid has no deadline; a thread of its own has time.
        let (pid, fate) = (pid, fate)
        Thread.detachNewThread {
            var status: Int32 = 0
            while unsafe waitpid(pid, &status, 0) == -1, errno == EINTR {}
            fate.status.withLock { $0 = status }
            fate.ended.signal()
        }
    }

    deinit {
        // A pid that was waited for may be somebody else's by now.
        if isRunning {
            kill(pid, SIGKILL)
            fate.ended.wait()
        }
    }

    private static let handedOn = Mutex<Set<Int32>>([])

    /// Programs that are started from now on have this descriptor, by the same number.
    static func handOn(_ descriptor: Int32) {
        handedOn.withLock { _ = $0.insert(descriptor) }
        _ = fcntl(descriptor, F_SETFD, 0)
    }

    /// They do no longer.
    static func keep(_ descriptor: Int32) { handedOn.withLock { _ = $0.remove(descriptor) } }

    /// What the tests' process has opened or inherited is not for its children: a daemon would list its sockets.
    private static func keepDescriptors() {
        let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let kept = handedOn.withLock { $0 }
        for descriptor in open.compactMap({ Int32($0) }) where descriptor > 2 && !kept.contains(descriptor) {
            // The one that lists them is closed by now.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }

    private static func spawn(
        _ command: [String], _ environment: [String], output: String, errors: String
    ) throws -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        keepDescriptors()

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var arguments = unsafe command.map { unsafe strdup($0) } + [nil]
        var variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe arguments.indices { unsafe free(arguments[index]) }
            for index in unsafe variables.indices { unsafe free(variables[index]) }
        }
        var pid: Int32 = 0
        let result = unsafe posix_spawn(&pid, command[0], &actions, &attributes, &arguments, &variables)
        guard result == 0 else { throw Failure("\(command[0]): error \(result)") }
        return pid
    }

    func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    /// Waits for the end.
    @discardableResult
    func wait(_ seconds: Double = 60) -> Ending {
        guard fate.ended.wait(timeout: .now() + seconds) == .success else { return .never }
        // For whoever waits again.
        fate.ended.signal()
        // wait(2): low seven bits are the signal, the second byte is the code.
        guard let status = fate.status.withLock({ $0 }) else { return .never }
        return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }
}

/// What a program that ran to its end has said.
struct Run {
    let ending: Ending
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// Runs a program to its end.
    @discardableResult
    static func program(_ command: [String], environment: [String: String] = [:], seconds: Double = 60) throws
        -> Run
    {
        let folder = try Folder()
        let program = try Program(
            command, environment: environment, output: folder / "output", errors: folder / "errors")
        let ending = program.wait(seconds)
        return Run(ending: ending, output: folder.text("output"), errors: folder.text("errors"))
    }

    /// Runs a script of the shell; its failure is the test's.
    @discardableResult
    static func shell(_ script: String) throws -> Run {
        let run = try program(["/bin/sh", "-c", script])
        guard run.ending == .code(0) else { throw Failure("\(script): \(run.ending)\n\(run.errors)") }
        return run
    }

    /// `/bin/true`, some times.
    static func processes(_ count: Int) throws {
        try shell("i=0; while [ $i -lt \(count) ]; do /bin/true; i=$((i+1)); done")
    }
}
