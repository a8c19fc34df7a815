import CEventABI
import PolicyCompiler

/// System calls by all the numbers that lead to them, and what is known of each.
enum CallNumbers {
    /// Positions in `secd_policy_calls`: of 64-bit programs, of x32 and of 32-bit calls.
    static func positions(of name: String, _ table: SyscallTable) -> [UInt32] {
        var positions: [UInt32] = []
        if let number = table.numbers[name] { positions.append(UInt32(number)) }
        if let number = x32[name] { positions.append(number) }
        for alias in [name] + (compatNames[name] ?? []) {
            if let number = table.compatNumbers[alias] {
                positions.append(UInt32(SECD_POLICY_CALLS_COMPAT) + UInt32(number))
            }
        }
        return positions.filter { $0 < UInt32(SECD_POLICY_CALLS) }
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

    /// 32-bit calls with the same arguments and another name.
    private static let compatNames: [String: [String]] = [
        "mmap": ["mmap2"], "chown": ["chown32"], "lchown": ["lchown32"], "fchown": ["fchown32"],
        "setuid": ["setuid32"], "setgid": ["setgid32"], "setreuid": ["setreuid32"],
        "setregid": ["setregid32"], "setresuid": ["setresuid32"], "setresgid": ["setresgid32"],
        "setfsuid": ["setfsuid32"], "setfsgid": ["setfsgid32"], "setgroups": ["setgroups32"],
        "getgroups": ["getgroups32"], "newstat": ["stat64"], "newlstat": ["lstat64"],
        "newfstat": ["fstat64"], "newfstatat": ["fstatat64"], "sendfile64": ["sendfile64", "sendfile"],
        "fcntl": ["fcntl64"], "wait4": ["waitpid"],
    ]

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

    /// Calls that socketcall(2) of 32-bit programs makes, too.
    static let multiplexed: Set<String> = [
        "socket", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername",
        "socketpair", "sendto", "recvfrom", "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg",
        "sendmmsg", "recvmmsg",
    ]

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
