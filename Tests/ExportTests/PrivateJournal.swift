import CLinuxShims
import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// A journald of the test's own, in a mount namespace of the test's own: it can be stopped and killed
/// without the machine's noticing.
final class PrivateJournal {
    private static let program = "/lib/systemd/systemd-journald"
    private var pid: pid_t = 0
    private let directory = TestDirectory()

    static var isPossible: Bool { unsafe isRoot && access(program, X_OK) == 0 }

    /// Calls `body` on a thread that has its own, empty, `/run/systemd/journal` and `/run/log`; threads
    /// and processes started there share them.
    static func run(_ body: @escaping @Sendable (PrivateJournal) throws -> Void) throws {
        let box = ErrorBox()
        let thread = try Thread(name: "journal-test") {
            do {
                try SystemCall.result { secd_unshare_mounts() }
                guard
                    shell(
                        """
                        mount --make-rprivate / && mkdir -p /run/systemd/journal /run/log &&
                        mount -t tmpfs secd-test /run/systemd/journal && mount -t tmpfs secd-test /run/log
                        """)
                else { throw Errno.notPermitted }
                let journal = PrivateJournal()
                defer { journal.kill() }
                try body(journal)
            } catch {
                box.store(error)
            }
        }
        thread.join()
        if let error = box.take() { throw error }
    }

    /// Starts journald; entries of before are kept. Its socket need not be there yet.
    func start() throws {
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup(Self.program), nil]
        defer { unsafe free(arguments[0]) }
        let result = unsafe posix_spawn(&child, Self.program, nil, nil, &arguments, nil)
        guard result == 0 else { throw Errno(rawValue: result) }
        pid = child
    }

    func signal(_ number: Int32) {
        if pid > 0 { _ = Glibc.kill(pid, number) }
    }

    /// Ends journald in order: it stores what it has received.
    func terminate() {
        signal(SIGTERM)
        reap()
    }

    func kill() {
        signal(SIGKILL)
        reap()
    }

    private func reap() {
        guard pid > 0 else { return }
        var status: Int32 = 0
        _ = unsafe waitpid(pid, &status, 0)
        pid = 0
    }

    /// What `journalctl` prints, one line each, once journald has stored all that it has received.
    func query(_ arguments: String) -> [String] {
        shell(
            "journalctl --sync 2>/dev/null; journalctl -q --no-pager \(arguments) > \(directory.path)/out 2>&1"
        )
        return lines(directory.path + "/out").dropLast()
    }
}

private final class ErrorBox: Sendable {
    private let error = Mutex<(any Error)?>(nil)
    func store(_ error: any Error) { self.error.withLock { $0 = error } }
    func take() -> (any Error)? { error.withLock { $0 } }
}
