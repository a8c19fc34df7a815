/// Why the daemon ends before it began: one sentence that says what to do, and an exit code of
/// sysexits.h that service managers can act on.
package struct DaemonError: Error, CustomStringConvertible {
    package enum Exit: Int32, Sendable {
        /// EX_UNAVAILABLE: the kernel lacks something, or another daemon runs.
        case unavailable = 69
        /// EX_OSERR.
        case system = 71
        /// EX_CANTCREAT: a directory or file.
        case cannotCreate = 73
        /// EX_NOPERM.
        case permission = 77
        /// EX_CONFIG.
        case configuration = 78
    }

    package var description: String
    package var exit: Exit

    init(_ description: String, exit: Exit) {
        self.description = description
        self.exit = exit
    }
}
