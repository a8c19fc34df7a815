/// Functions that system calls lead to: the tracepoints of those calls stand for them.
extension StandIn {
    /// Where an argument of the function stands at the tracepoint of a call.
    enum Source: Hashable {
        /// The argument of the call, by position: a number, or memory of the program.
        case argument(Int)
        /// Of the call, a descriptor: its file.
        case file(Int)
        /// What the call returns.
        case result
        /// Likewise, a descriptor: its file.
        case resultFile
        /// The credentials that the thread has now.
        case credentials
    }

    /// By function.
    static let ofCalls: [String: StandIn] = [
        "fd_install": returned(
            opening, [.result, .resultFile],
            "descriptors that come in pairs (pipe, socketpair), by a message, or of fcntl and bpf are not seen"
        ),
        "commit_creds": returned(
            changing, [.credentials],
            "changes by execve, prctl, keyctl and by user namespaces (unshare, setns) are not seen",
            "a call that changes nothing, and leaves the credentials as they are, is seen as well"),
        "security_mmap_file": made(
            ["mmap"], [.file(4), .argument(2), .argument(3)],
            "what execve and shmat map is not seen"),
        "security_sb_mount": made(
            ["mount"], [.argument(0), nil, .argument(2), .argument(3), nil]),
        "security_bpf": made(["bpf"], [.argument(0), nil, .argument(2), nil]),
    ]

    /// Calls that give a new descriptor.
    private static let opening = [
        "open", "openat", "openat2", "creat", "open_by_handle_at", "dup", "socket", "accept", "accept4",
        "memfd_create", "memfd_secret", "eventfd", "eventfd2", "epoll_create", "epoll_create1",
        "timerfd_create", "signalfd", "signalfd4", "inotify_init", "inotify_init1", "fanotify_init",
        "perf_event_open", "pidfd_open", "pidfd_getfd", "userfaultfd", "io_uring_setup", "mq_open",
        "open_tree", "fsopen", "fsmount", "fspick", "landlock_create_ruleset",
    ]

    /// Calls that change credentials.
    private static let changing = [
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
        "setgroups", "capset",
    ]

    private static func made(_ calls: [String], _ sources: [Source?], _ blindSpots: String...) -> StandIn {
        StandIn(
            kind: .calls(calls, returned: false), name: name("enter", calls), arguments: [], sources: sources,
            blindSpots: blindSpots + common(calls))
    }

    private static func returned(_ calls: [String], _ sources: [Source?], _ blindSpots: String...) -> StandIn
    {
        StandIn(
            kind: .calls(calls, returned: true), name: name("exit", calls), arguments: [], sources: sources,
            blindSpots: blindSpots + common(calls))
    }

    private static func name(_ end: String, _ calls: [String]) -> String {
        "tracepoint/syscalls/sys_\(end)_\(calls[0])" + (calls.count > 1 ? " and others" : "")
    }

    private static func common(_ calls: [String]) -> [String] {
        let rings = calls.compactMap { CallNumbers.rings[$0] }
        return ["32-bit calls and those of x32 are not seen"]
            + (rings.isEmpty ? [] : ["io_uring does the same without the system call (\(rings[0]))"])
    }

    /// Tracepoints of the calls, of the category `syscalls`; empty = it is met otherwise.
    var callPoints: [String] {
        guard case .calls(let calls, let returned) = kind else { return [] }
        return calls.map { (returned ? "sys_exit_" : "sys_enter_") + $0 }
    }

    /// Only calls that succeed are meant: what they return is not negative.
    var succeeds: Bool {
        if case .calls(_, let returned) = kind { returned } else { false }
    }

    /// Whether text is the caller's string, which can change meanwhile.
    var readsCallersText: Bool {
        if case .calls(_, let returned) = kind { !returned } else { false }
    }
}
