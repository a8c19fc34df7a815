import Foundation

/// A journald in a mount namespace of the test's own, where daemons are started, too.
final class PrivateJournal {
    private static let program = "/lib/systemd/systemd-journald"
    /// Keeps the namespace.
    private let holder: Program
    private var journald: Program?

    static var isPossible: Bool {
        FileManager.default.isExecutableFile(atPath: program) && Programs.isInstalled("journalctl")
            && Programs.isInstalled("nsenter") && exists("/etc/machine-id")
    }

    /// A namespace in which there is no journald yet.
    init() throws {
        let ready = try Folder()
        holder = try Program(
            Namespace.wrapper(
                """
                mkdir -p /run/systemd/journal /run/log && mount -t tmpfs secd-test /run/systemd/journal &&
                mount -t tmpfs secd-test /run/log && echo ready > \(ready / "ready")
                """) + ["/bin/sleep", "infinity"])
        guard eventually(20, { ready.text("ready") == "ready\n" }) else {
            throw Failure("no private namespace")
        }
    }

    /// Starts a command where this journald is.
    var wrapper: [String] { Namespace.of(holder.pid) }

    /// Entries of before are kept. Its socket need not be there yet.
    func start() throws { journald = try Program(wrapper + [Self.program]) }

    func signal(_ number: Int32) { journald?.signal(number) }

    /// Ends it in order: it stores what it has received.
    func terminate() {
        signal(SIGTERM)
        journald?.wait()
        journald = nil
    }

    /// The lines that `journalctl` prints, once journald has stored all that it has received.
    func query(_ arguments: String...) throws -> [String] {
        if journald != nil { try Run.program(wrapper + ["/usr/bin/journalctl", "--sync"]) }
        return try Run.program(wrapper + ["/usr/bin/journalctl", "-q", "--no-pager", "--all"] + arguments)
            .lines
    }
}
