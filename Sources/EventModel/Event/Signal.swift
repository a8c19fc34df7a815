/// Signals by number on x86-64 and arm64 (include/uapi/asm-generic/signal.h).
public enum Signal {
    private static let names: [StaticString] = [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL",
        "SIGUSR1",
        "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP",
        "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH",
        "SIGIO",
        "SIGPWR", "SIGSYS",
    ]

    /// `SIGKILL` for 9; `SIGRT` for the real-time signals, which have no names of their own.
    public static func name(_ number: UInt32) -> StaticString {
        number < names.count ? names[Int(number)] : "SIGRT"
    }
}

/// The system calls that change credentials, by x86-64 number (arch/x86/entry/syscalls/syscall_64.tbl).
enum CredentialSyscall {
    static func name(_ number: UInt32) -> StaticString? {
        switch number {
        case 105: "setuid"
        case 106: "setgid"
        case 113: "setreuid"
        case 114: "setregid"
        case 116: "setgroups"
        case 117: "setresuid"
        case 119: "setresgid"
        case 122: "setfsuid"
        case 123: "setfsgid"
        case 126: "capset"
        case 157: "prctl"
        case 250: "keyctl"
        case 272: "unshare"
        case 308: "setns"
        default: nil
        }
    }
}
