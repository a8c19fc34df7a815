/// Fields of `tetragon.Process` and its parts; own fields from `Field.firstOwnNumber`.
public enum ProcessFields {
    public static let execID = Field(
        "exec_id", 1, .string, "Identity of this process image on this node: base64 of node:start:pid.")
    public static let pid = Field("pid", 2, .uint32Value, "Process id (tgid) in the initial pid namespace.")
    public static let uid = Field("uid", 3, .uint32Value, "Effective user id, initial user namespace.")
    public static let cwd = Field("cwd", 4, .string, "Working directory at exec, as the host sees it.")
    public static let binary = Field(
        "binary", 5, .string, "Resolved path of the executable, as the host sees it.")
    public static let arguments = Field(
        "arguments", 6, .string,
        "Arguments behind argv[0] in one string; those with a space are quoted. Of more than 4 KiB only process_exec has all, under the same exec_id."
    )
    public static let flags = Field(
        "flags", 7, .string,
        "How the image came to be, and what is missing: execve clone procFS rootcwd nocwd errorCWD errorPathResolutionBinary errorArgs truncArgs inInitTree kernelThread."
    )
    public static let startTime = Field("start_time", 8, .timestamp, "When the image began.")
    public static let auid = Field("auid", 9, .uint32Value, "Audit login uid; 4294967295 = none.")
    public static let pod = Field("pod", 10, .message, "The Kubernetes pod.")
    public static let docker = Field("docker", 11, .string, "First 31 characters of the container id.")
    public static let parentExecID = Field(
        "parent_exec_id", 12, .string, "exec_id of the image that forked this process.")
    public static let cap = Field("cap", 14, .message, "Capability sets.")
    public static let ns = Field("ns", 15, .message, "Namespaces.")
    public static let tid = Field("tid", 16, .uint32Value, "Thread that called execve.")
    public static let credentials = Field("process_credentials", 17, .message, "User and group ids.")
    public static let binaryProperties = Field(
        "binary_properties", 18, .message, "The executable's file, and privileges it raised.")
    public static let inInitTree = Field(
        "in_init_tree", 20, .boolValue, "Whether it descends from PID 1 of its pid namespace.")
    public static let environment = Field(
        "environment_variables", 21, .message, repeated: true, "Environment, on request and redacted.")

    public static let argv = Field(
        "argv", 50_000, .string, repeated: true, "All arguments, argv[0] included, one by one.")
    public static let argvMissing = Field(
        "argv_missing_bytes", 50_001, .uint64,
        "Bytes of argv that are not here: not delivered, or told by process_exec alone.")
    public static let comm = Field("comm", 50_002, .string, "The kernel's short name of the process.")
    public static let tty = Field("tty", 50_003, .string, "Controlling terminal.")
    public static let session = Field("session_id", 50_004, .uint32, "Audit session.")
    public static let cgroup = Field(
        "cgroup", 50_005, .message, "Control group, of the hierarchy that tells workloads.")
    public static let binaryInRoot = Field(
        "binary_in_root", 50_006, .string,
        "The executable as the process sees it, where its root is not the host's.")
    public static let cwdInRoot = Field(
        "cwd_in_root", 50_007, .string,
        "The working directory as the process sees it, where its root is not the host's.")
    public static let filename = Field(
        "filename", 50_008, .string, "What was given to execve, where it is not the binary's path.")
    public static let script = Field("script", 50_009, .message, "Of a #! file.")
    public static let fileless = Field(
        "fileless", 50_010, .bool,
        "Executed from memory (memfd or a file without a name on tmpfs), or a script there.")
    public static let deleted = Field(
        "binary_deleted", 50_011, .bool, "No name leads to the executable any more.")
    public static let pidInNamespace = Field(
        "pid_in_ns", 50_012, .uint32, "Process id in its own pid namespace.")
    public static let processStart = Field(
        "process_start_time", 50_013, .timestamp, "When the process was forked; survives exec.")
    public static let previousExecID = Field(
        "previous_exec_id", 50_014, .string, "The image that this process ran before.")
    public static let sha256 = Field(
        "binary_sha256", 50_015, .string, "SHA-256 of the executable, on request.")
    public static let pathFlags = Field(
        "path_flags", 50_016, .string,
        "What is unsure about binary or cwd: truncated unreadable detached outsideRoot.")
    public static let sha256Missing = Field(
        "binary_sha256_missing", 50_017, .string,
        "Why there is no digest though it was asked for: pending, busy, too_large or unreadable.")

    public static let workload = Field(
        "workload", 50_018, .message, "The container, unit or session that it runs in.")

    public static let environmentMissing = Field(
        "environment_missing_bytes", 50_019, .uint64,
        "Bytes of the environment that were asked for and not delivered; half a variable is missing as a whole."
    )

    public static let permitted = Field("permitted", 1, .enumeration, repeated: true, "Permitted set.")
    public static let effective = Field("effective", 2, .enumeration, repeated: true, "Effective set.")
    public static let inheritable = Field("inheritable", 3, .enumeration, repeated: true, "Inheritable set.")
    public static let bounding = Field("bounding_mask", 50_000, .string, "Bounding set, hexadecimal mask.")
    public static let ambient = Field("ambient_mask", 50_001, .string, "Ambient set, hexadecimal mask.")

    public static let inum = Field("inum", 1, .uint32, "Inode number of the namespace.")
    public static let isHost = Field("is_host", 2, .bool, "Whether it is PID 1's namespace.")
    public static let uts = Field("uts", 1, .message, "UTS namespace.")
    public static let ipc = Field("ipc", 2, .message, "IPC namespace.")
    public static let mnt = Field("mnt", 3, .message, "Mount namespace.")
    public static let pidNamespace = Field("pid", 4, .message, "PID namespace.")
    public static let pidForChildren = Field(
        "pid_for_children", 5, .message, "PID namespace of its children.")
    public static let net = Field("net", 6, .message, "Network namespace.")
    public static let time = Field("time", 7, .message, "Time namespace.")
    public static let timeForChildren = Field(
        "time_for_children", 8, .message, "Time namespace of its children.")
    public static let cgroupNamespace = Field("cgroup", 9, .message, "Cgroup namespace.")
    public static let user = Field("user", 10, .message, "User namespace.")

    public static let credUid = Field("uid", 1, .uint32Value, "Real user id.")
    public static let credGid = Field("gid", 2, .uint32Value, "Real group id.")
    public static let euid = Field("euid", 3, .uint32Value, "Effective user id.")
    public static let egid = Field("egid", 4, .uint32Value, "Effective group id.")
    public static let suid = Field("suid", 5, .uint32Value, "Saved user id.")
    public static let sgid = Field("sgid", 6, .uint32Value, "Saved group id.")
    public static let fsuid = Field("fsuid", 7, .uint32Value, "File-system user id.")
    public static let fsgid = Field("fsgid", 8, .uint32Value, "File-system group id.")
    public static let securebits = Field("securebits", 9, .enumeration, repeated: true, "Secure bits.")
    public static let userNamespace = Field(
        "user_ns", 11, .message, "User namespace, where it is not the initial one.")
    public static let level = Field("level", 1, .int32Value, "Depth below the initial user namespace.")
    public static let owner = Field("uid", 2, .uint32Value, "Owner of the user namespace.")
    public static let group = Field("gid", 3, .uint32Value, "Group of the user namespace.")

    public static let setuid = Field("setuid", 1, .uint32Value, "The euid that the setuid bit gave.")
    public static let setgid = Field("setgid", 2, .uint32Value, "The egid that the setgid bit gave.")
    public static let privilegesChanged = Field(
        "privileges_changed", 3, .enumeration, repeated: true, "How the executable raised privileges.")
    public static let file = Field(
        "file", 4, .message,
        "The executable's file. (Tetragon shows it only where it is deleted or fileless.)")
    public static let inode = Field("inode", 1, .message, "The inode.")
    public static let path = Field("path", 2, .string, "Its path or name.")
    public static let inodeNumber = Field("number", 1, .uint64, "Inode number.")
    public static let inodeLinks = Field("links", 2, .uint32Value, "Hard links; 0 = deleted.")
    public static let device = Field(
        "device", 50_000, .uint32, "Device of the file system: major << 20, plus minor.")
    public static let mode = Field("mode", 50_001, .string, "Type and permission bits, octal.")
    public static let fileOwner = Field("owner", 50_002, .uint32Value, "Owner of the file.")
    public static let size = Field("size", 50_003, .uint64, "Size in bytes.")
    public static let ctime = Field("ctime", 50_004, .timestamp, "Last status change.")
    public static let privilegeUnknown = Field(
        "privileges_unknown", 50_000, .bool, "No mechanism of this kernel shows the credentials before exec.")

    public static let cgroupID = Field("id", 1, .uint64, "Cgroup id: the inode of its directory.")
    public static let cgroupPath = Field("path", 2, .string, "Path below the root of the hierarchy.")
    public static let scriptPath = Field("path", 1, .string, "The #! file as given to execve, made absolute.")
    public static let interpreter = Field("interpreter", 2, .string, "Interpreter that its first line names.")
    public static let envKey = Field("Key", 1, .string, "Name.")
    public static let envValue = Field("Value", 2, .string, "Value, redacted where a filter says so.")

    static let raisedCapabilities = EnumCase("PRIVILEGES_RAISED_EXEC_FILE_CAP", 1)
    static let raisedSetuid = EnumCase("PRIVILEGES_RAISED_EXEC_FILE_SETUID", 2)
    static let raisedSetgid = EnumCase("PRIVILEGES_RAISED_EXEC_FILE_SETGID", 3)
}
