import CEventABI
package import PolicyCompiler

/// System calls by all the numbers that lead to them, and what is known of each.
package enum CallNumbers {
    /// Positions in `secd_policy_calls`: of 64-bit programs, of x32, of 32-bit calls, and of what 32-bit
    /// programs call through socketcall(2).
    package static func positions(of name: String, _ table: SyscallTable) -> [UInt32] {
        var positions: [UInt32] = []
        if let number = table.numbers[name] { positions.append(UInt32(number)) }
        if let number = x32[name] { positions.append(number) }
        for alias in [name] + (compatNames[name] ?? []) {
            if let number = table.compatNumbers[alias] {
                positions.append(UInt32(SECD_POLICY_CALLS_COMPAT) + UInt32(number))
            }
        }
        for alias in [name] + (socketNames[name] ?? []) {
            if let index = socketCalls.firstIndex(of: alias) {
                positions.append(UInt32(SECD_POLICY_CALLS_SOCKET) + UInt32(index) + 1)
            }
        }
        return positions.filter { $0 < UInt32(SECD_POLICY_CALLS) }
    }

    /// Names of a call among those of 32-bit programs; empty = they have no such call by a number of its own.
    static func compatNames(of name: String) -> [String] {
        ([name] + (compatNames[name] ?? [])).filter { SyscallTable.x86.compatNumbers[$0] != nil }
    }

    /// Calls that x32 has numbers of its own for (arch/x86/entry/syscalls/syscall_64.tbl, abi x32).
    private static let x32: [String: UInt32] = {
        let names = [
            "rt_sigaction", "rt_sigreturn", "ioctl", "readv", "writev", "recvfrom", "sendmsg", "recvmsg",
            "execve", "ptrace", "rt_sigpending", "rt_sigtimedwait", "rt_sigqueueinfo", "sigaltstack",
            "timer_create", "mq_notify", "kexec_load", "waitid", "set_robust_list", "get_robust_list",
            "vmsplice", "move_pages", "preadv", "pwritev", "rt_tgsigqueueinfo", "recvmmsg", "sendmmsg",
            "process_vm_readv", "process_vm_writev", "setsockopt", "getsockopt", "io_setup", "io_submit",
            "execveat", "preadv2", "pwritev2",
        ]
        return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, UInt32(512 + $0)) })
    }()

    /// 32-bit calls with another name that do what a 64-bit call does. Where one has a 64-bit number in two
    /// arguments (`truncate64`, `fadvise64_64`), what stands behind it is shifted.
    private static let compatNames: [String: [String]] = [
        "mmap": ["mmap2"], "chown": ["chown32"], "lchown": ["lchown32"], "fchown": ["fchown32"],
        "setuid": ["setuid32"], "setgid": ["setgid32"], "setreuid": ["setreuid32"],
        "setregid": ["setregid32"], "setresuid": ["setresuid32"], "setresgid": ["setresgid32"],
        "getuid": ["getuid32"], "getgid": ["getgid32"], "geteuid": ["geteuid32"], "getegid": ["getegid32"],
        "getresuid": ["getresuid32"], "getresgid": ["getresgid32"],
        "setfsuid": ["setfsuid32"], "setfsgid": ["setfsgid32"], "setgroups": ["setgroups32"],
        "getgroups": ["getgroups32"],
        "newstat": ["stat64", "stat"], "newlstat": ["lstat64", "lstat"], "newfstat": ["fstat64", "fstat"],
        "newfstatat": ["fstatat64"], "statfs": ["statfs64"], "fstatfs": ["fstatfs64"],
        "newuname": ["uname", "olduname"], "sendfile64": ["sendfile"], "fcntl": ["fcntl64"],
        "truncate": ["truncate64"], "ftruncate": ["ftruncate64"], "fadvise64": ["fadvise64_64"],
        "lseek": ["_llseek"], "umount": ["oldumount"], "getdents": ["readdir"], "select": ["_newselect"],
        "wait4": ["waitpid"], "getrlimit": ["ugetrlimit"],
        "rt_sigaction": ["sigaction", "signal"], "rt_sigprocmask": ["sigprocmask"],
        "rt_sigpending": ["sigpending"], "rt_sigsuspend": ["sigsuspend"], "rt_sigreturn": ["sigreturn"],
        "settimeofday": ["stime"],
        "clock_gettime": ["clock_gettime64"], "clock_settime": ["clock_settime64"],
        "clock_adjtime": ["clock_adjtime64"], "clock_getres": ["clock_getres_time64"],
        "clock_nanosleep": ["clock_nanosleep_time64"], "timer_gettime": ["timer_gettime64"],
        "timer_settime": ["timer_settime64"], "timerfd_gettime": ["timerfd_gettime64"],
        "timerfd_settime": ["timerfd_settime64"], "utimensat": ["utimensat_time64"],
        "pselect6": ["pselect6_time64"], "ppoll": ["ppoll_time64"],
        "io_pgetevents": ["io_pgetevents_time64"], "recvmmsg": ["recvmmsg_time64"],
        "mq_timedsend": ["mq_timedsend_time64"], "mq_timedreceive": ["mq_timedreceive_time64"],
        "semtimedop": ["semtimedop_time64"], "rt_sigtimedwait": ["rt_sigtimedwait_time64"],
        "futex": ["futex_time64"], "sched_rr_get_interval": ["sched_rr_get_interval_time64"],
    ]

    /// 32-bit calls that no 64-bit call does with such arguments. The kernel refuses most of them (ENOSYS);
    /// `socketcall` and `ipc` lead to other calls (`socketCalls`, `ipcCalls`).
    package static let onlyCompat: Set<String> = [
        "break", "stty", "gtty", "ftime", "prof", "lock", "mpx", "ulimit", "profil", "idle", "vm86old",
        "vm86", "bdflush", "nice", "sgetmask", "ssetmask", "socketcall", "ipc",
    ]

    /// Calls of socketcall(2) by its first argument, from 1 (include/uapi/linux/net.h).
    private static let socketCalls = [
        "socket", "bind", "connect", "listen", "accept", "getsockname", "getpeername", "socketpair", "send",
        "recv", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4",
        "recvmmsg", "sendmmsg",
    ]

    /// send(2) and recv(2) are no calls of 64-bit programs.
    private static let socketNames = ["sendto": ["send"], "recvfrom": ["recv"]]

    /// Calls that ipc(2) of 32-bit programs makes, too, with its arguments in another order.
    static let ipcCalls: Set<String> = [
        "semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget", "msgctl", "shmat", "shmdt",
        "shmget", "shmctl",
    ]

    /// Positions of 32-bit calls whose arguments are words in memory, and how many: `old_mmap`, `old_select`,
    /// and socketcall(2), which has as many as what it calls.
    static let listed: [UInt32: UInt32] = {
        let counts = [
            "mmap": 6, "select": 5, "socketcall": UInt32(SECD_POLICY_LISTED_SOCKET),
        ]
        let numbers = SyscallTable.x86.compatNumbers
        return Dictionary(
            uniqueKeysWithValues: counts.compactMap { name, count in
                numbers[name].map { (UInt32(SECD_POLICY_CALLS_COMPAT) + UInt32($0), count) }
            })
    }()

    /// What io_uring calls the same operation.
    static let rings: [String: String] = [
        "open": "IORING_OP_OPENAT", "openat": "IORING_OP_OPENAT", "openat2": "IORING_OP_OPENAT2",
        "close": "IORING_OP_CLOSE", "read": "IORING_OP_READ", "readv": "IORING_OP_READV",
        "pread64": "IORING_OP_READ", "write": "IORING_OP_WRITE", "writev": "IORING_OP_WRITEV",
        "pwrite64": "IORING_OP_WRITE", "connect": "IORING_OP_CONNECT", "accept4": "IORING_OP_ACCEPT",
        "accept": "IORING_OP_ACCEPT", "sendto": "IORING_OP_SEND", "sendmsg": "IORING_OP_SENDMSG",
        "recvfrom": "IORING_OP_RECV", "recvmsg": "IORING_OP_RECVMSG", "socket": "IORING_OP_SOCKET",
        "bind": "IORING_OP_BIND", "listen": "IORING_OP_LISTEN", "unlinkat": "IORING_OP_UNLINKAT",
        "unlink": "IORING_OP_UNLINKAT", "renameat2": "IORING_OP_RENAMEAT", "mkdirat": "IORING_OP_MKDIRAT",
        "symlinkat": "IORING_OP_SYMLINKAT", "linkat": "IORING_OP_LINKAT", "splice": "IORING_OP_SPLICE",
        "tee": "IORING_OP_TEE", "fallocate": "IORING_OP_FALLOCATE", "ftruncate": "IORING_OP_FTRUNCATE",
        "setxattr": "IORING_OP_SETXATTR", "fsetxattr": "IORING_OP_FSETXATTR",
    ]

    /// Whether socketcall(2) of 32-bit programs makes it, too.
    static func isSocketCall(_ name: String) -> Bool { socketCalls.contains(name) }

    /// Calls after which arguments are gone: they do not return, or not to the same program or descriptor.
    static let losesArguments: Set<String> = [
        "execve", "execveat", "exit", "exit_group", "rt_sigreturn", "close", "close_range",
    ]

    /// What is kept until they return would be kept for ever.
    static let neverReturns: Set<String> = ["exit", "exit_group"]

    /// Calls that look for a deadly signal before they do anything, whatever they are called with.
    static let endsBeforeEffect: Set<String> = [
        "execve", "execveat", "clone", "clone3", "fork", "vfork", "mmap",
    ]
}
