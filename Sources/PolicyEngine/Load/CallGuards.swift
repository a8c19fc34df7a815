import PolicyCompiler

/// What makes a system call fail from inside: a program at a function that the call passes before it has an
/// effect. It gives the error that the call was judged to get where it began (bpf/trace/refuse.h).
package struct CallGuard: Hashable, Sendable {
    /// How it is attached.
    package enum Kind: Hashable, Sendable {
        /// At what security modules are asked.
        case lsm
        /// At a function of the kernel, in front of it.
        case modify
    }

    package var kind: Kind
    /// The LSM hook or function.
    package var target: String
    /// Arguments of it.
    package var arguments: Int

    /// As status shows it.
    package var name: String { (kind == .lsm ? "lsm/" : "fmod_ret/") + target }
    /// In `tracefunction`.
    var program: String { kind == .lsm ? "on_guard" : "on_guard_modify" }
}

/// Where system calls can be made to fail, by what the kernel has there.
package enum CallGuards {
    /// What security modules are asked in the course of a call.
    package struct Way: Sendable {
        /// LSM hooks: whatever the call does to others, one of them is asked before.
        package var hooks: [String]
        /// Those that came after Linux 6.1, for what other hooks were asked about before.
        package var newer: [String] = []
        /// What passes, in sentences.
        package var blindSpots: [String] = []
        /// The only error, as a number; nil = any.
        package var error: Int64?
    }

    /// EPERM (include/uapi/asm-generic/errno-base.h).
    private static let notPermitted: Int64 = -1

    /// By system call, as the kernel is from 6.1 to 6.18. Not here are calls that ask nobody, and those that ask
    /// only in some of their cases.
    package static let ways: [String: Way] = {
        var ways: [String: Way] = [:]
        for (hooks, calls) in plain {
            for call in calls { ways[call] = Way(hooks: hooks) }
        }
        for call in ["open", "openat", "openat2", "creat"] {
            // New files are asked about before they are made, all others when they are opened.
            ways[call] = Way(
                hooks: ["inode_create", "file_open"],
                blindSpots: [
                    "opens with O_PATH pass; network file systems may cut a file (O_TRUNC) before it is refused"
                ])
        }
        for call in ["setxattr", "lsetxattr", "fsetxattr"] {
            ways[call] = Way(hooks: ["inode_setxattr"], newer: ["inode_set_acl"])
        }
        for call in ["removexattr", "lremovexattr", "fremovexattr"] {
            ways[call] = Way(hooks: ["inode_removexattr"], newer: ["inode_remove_acl"])
        }
        ways["ioctl"] = Way(hooks: ["file_ioctl"], newer: ["file_ioctl_compat"])
        ways["kill"] = Way(
            hooks: ["task_kill"],
            blindSpots: ["a kill of all processes (-1) has no effect, but seems to succeed"])
        ways["ptrace"] = Way(
            hooks: ["ptrace_access_check", "ptrace_traceme"],
            blindSpots: ["requests to a process that is traced already pass"])
        for call in ["delete_module", "reboot", "sethostname", "setdomainname", "swapon", "swapoff", "acct"] {
            ways[call] = Way(hooks: ["capable"], error: notPermitted)
        }
        return ways
    }()

    /// Hooks, and the calls that always ask one of them.
    private static let plain: [([String], [String])] = [
        (["inode_unlink"], ["unlink"]), (["inode_unlink", "inode_rmdir"], ["unlinkat"]),
        (["inode_rmdir"], ["rmdir"]), (["inode_rename"], ["rename", "renameat", "renameat2"]),
        (["inode_mkdir"], ["mkdir", "mkdirat"]), (["inode_create", "inode_mknod"], ["mknod", "mknodat"]),
        (["inode_symlink"], ["symlink", "symlinkat"]), (["inode_link"], ["link", "linkat"]),
        (
            ["inode_setattr"],
            [
                "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat",
                "truncate",
                "ftruncate", "utime", "utimes", "futimesat", "utimensat",
            ]
        ),
        (
            ["file_permission"],
            [
                "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev",
                "pwritev2", "sendfile64", "copy_file_range", "fallocate", "getdents", "getdents64",
            ]
        ),
        (["mmap_file"], ["mmap"]), (["file_mprotect"], ["mprotect", "pkey_mprotect"]),
        (["file_fcntl"], ["fcntl"]), (["file_lock"], ["flock"]), (["path_chroot"], ["chroot"]),
        (["sb_mount"], ["mount"]), (["sb_umount"], ["umount"]), (["move_mount"], ["move_mount"]),
        (["sb_pivotroot"], ["pivot_root"]), (["task_fix_setuid"], ["setuid", "setreuid", "setresuid"]),
        (["task_fix_setgid"], ["setgid", "setregid", "setresgid"]), (["task_fix_setgroups"], ["setgroups"]),
        (["capset"], ["capset"]), (["task_setpgid"], ["setpgid"]), (["task_setnice"], ["setpriority"]),
        (["task_setrlimit"], ["setrlimit"]),
        (
            ["task_setscheduler"],
            ["sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"]
        ),
        (["task_kill"], ["tkill", "tgkill"]), (["bpf"], ["bpf"]),
        (["perf_event_open"], ["perf_event_open"]), (["kernel_load_data"], ["init_module", "kexec_load"]),
        (["kernel_read_file"], ["finit_module"]), (["syslog"], ["syslog"]),
        (["bprm_creds_for_exec"], ["execve", "execveat"]),
        (["task_alloc"], ["clone", "clone3", "fork", "vfork"]),
        (["socket_create"], ["socket", "socketpair"]), (["socket_bind"], ["bind"]),
        (["socket_connect"], ["connect"]), (["socket_listen"], ["listen"]),
        (["socket_accept"], ["accept", "accept4"]), (["socket_sendmsg"], ["sendto", "sendmsg", "sendmmsg"]),
        (["socket_recvmsg"], ["recvfrom", "recvmsg", "recvmmsg"]), (["socket_setsockopt"], ["setsockopt"]),
        (["socket_getsockopt"], ["getsockopt"]), (["socket_shutdown"], ["shutdown"]),
    ]

    /// Guards on all that a call asks; nil = this kernel lacks one, or the call asks nobody.
    static func asking(_ call: String, _ kind: CallGuard.Kind, _ kernel: BTFKernelTypes) -> [CallGuard]? {
        guard let way = ways[call] else { return nil }
        var guards: [CallGuard] = []
        for hook in way.hooks + way.newer {
            let target = kind == .lsm ? hook : "security_" + hook
            let function = kind == .lsm ? kernel.lsmHook(hook) : kernel.function(target)
            if let function {
                guards.append(CallGuard(kind: kind, target: target, arguments: function.parameters.count))
            } else if way.hooks.contains(hook) {
                return nil
            }
        }
        return guards
    }

    /// Guards on the functions that a call is, by whatever number it is made; nil = not all of them are known.
    static func functions(of call: String, _ kernel: BTFKernelTypes) -> [CallGuard]? {
        let names = functionNames(of: call)
        let found = names.wide.filter { kernel.function($0) != nil }
        let narrow = names.narrow.filter { kernel.function($0) != nil }
        guard !found.isEmpty, !narrow.isEmpty else { return nil }
        // The registers of the caller.
        return (found + narrow).map { CallGuard(kind: .modify, target: $0, arguments: 1) }
    }

    /// Functions by which a call may be made, of 64-bit programs (and x32) and of 32-bit ones; a kernel has some
    /// of them. Nothing where they are known to have other names.
    package static func functionNames(of call: String) -> (wide: [String], narrow: [String]) {
        guard !otherwiseNamed.contains(call) else { return ([], []) }
        var narrow: [String] = []
        for name in CallNumbers.compatNames(of: call) {
            for begin in ["", "ia32_", "old_"] {
                for end in ["", "16", "32", "64", "_time32", "_time64"] {
                    narrow += ["__ia32_sys_", "__ia32_compat_sys_"].map { $0 + begin + name + end }
                }
            }
        }
        if CallNumbers.isSocketCall(call) {
            narrow += ["__ia32_sys_socketcall", "__ia32_compat_sys_socketcall"]
        }
        return (["__x64_sys_" + call, "__x64_compat_sys_" + call], narrow)
    }

    /// Calls with 32-bit functions whose names follow no rule (arch/x86/entry/syscalls/syscall_32.tbl), and
    /// those that do not come back from a function.
    private static let otherwiseNamed: Set<String> = [
        "mmap", "lseek", "settimeofday", "rt_sigreturn", "exit", "exit_group", "rt_sigaction",
    ]
}
