import BPFObjects
import BPFRuntime
import CEventABI
import SystemPackage

/// Changes of files below configured paths.
enum FileSensor {
    static let functions = ["security_file_open", "security_path_unlink"]

    private static let opens = ["open", "openat", "openat2", "creat", "open_by_handle_at"]
    private static let changes = [
        "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
        "symlinkat", "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "mkdir", "mkdirat",
        "mknod", "mknodat", "truncate",
    ]
    private static let descriptorChanges = ["fchmod", "fchown"]

    static let plan = SensorPlan(
        name: "file", object: BPFObjects.file, probeObject: BPFObjects.fileProbe,
        ladders: [
            Ladder(
                function: "open",
                mechanisms: [
                    direct(
                        "fexit/security_file_open, tracepoint/syscalls", ["on_open"],
                        with: [calls("on_open_return", opens)], needs: "security_file_open"),
                    Mechanism(
                        "tracepoint/syscalls", [calls("on_open_call", opens)],
                        blindSpot: "opens by io_uring and by 32-bit programs", isAvailable: hasCalls),
                ],
                lossWithout: "opens for writing, creation and truncation"),
            Ladder(
                function: "names",
                mechanisms: [
                    direct(
                        "fexit/security_path_*, tracepoint/syscalls",
                        [
                            "on_unlink", "on_rmdir", "on_mkdir", "on_mknod", "on_symlink", "on_rename",
                            "on_link", "on_chmod", "on_chown", "on_truncate",
                        ],
                        with: [
                            calls("on_change_return", changes),
                            calls("on_descriptor_change_return", descriptorChanges),
                        ], needs: "security_path_unlink",
                        blindSpot:
                            "whether changes that io_uring and 32-bit programs were allowed to make succeeded"
                    ),
                    Mechanism(
                        "tracepoint/syscalls",
                        [
                            calls("on_change_call", changes),
                            calls("on_descriptor_change_call", descriptorChanges),
                        ],
                        blindSpot:
                            "where symbolic links lead: names are the caller's strings (source: user); changes by io_uring and by 32-bit programs",
                        isAvailable: hasCalls),
                ],
                lossWithout: "deletes, renames, links, chmod, chown and truncate"),
            Ladder(
                function: "map",
                mechanisms: [
                    Mechanism(
                        "tracepoint/syscalls",
                        [
                            calls("on_mmap_call", ["mmap"]),
                            calls("on_mprotect_call", ["mprotect", "pkey_mprotect"]),
                        ],
                        blindSpot: "executable mappings of 32-bit programs", isAvailable: hasCalls)
                ],
                lossWithout: "executable mappings"),
        ],
        iterator: nil)

    /// Hooks that know the file, with the tracepoints that know the result. These are attached first: what a
    /// hook has found waits for the end of its call.
    private static func direct(
        _ name: String, _ programs: [String], with calls: [Attachment], needs function: String,
        blindSpot: String? = nil
    ) -> Mechanism {
        Mechanism(name, calls + programs.map { .section(program: $0) }, blindSpot: blindSpot) {
            $0.fentry == nil && $0.functions.contains(function) && hasCalls($0)
        }
    }

    private static func calls(_ program: String, _ names: [String]) -> Attachment {
        .tracepoints(program: program, category: "syscalls", events: names.map { "sys_exit_\($0)" })
    }

    private static let hasCalls: @Sendable (KernelFacts) -> Bool = { $0.syscallTracepoints == nil }

    /// Tells the programs which paths are watched; the number of a watch is its place in the list.
    static func watch(_ paths: [String], _ file: borrowing BPFProgramFile) throws(BPFError) {
        let map = try file.openMap("secd_watched_paths")
        for (number, path) in paths.enumerated() {
            // A slash at the end makes the prefix match whole components: /etc does not cover /etcetera.
            let text = Array((path.hasSuffix("/") ? path : path + "/").utf8)
            guard text.count <= Int(SECD_FILE_PREFIX_MAX), number < Int(SECD_FILE_WATCH_MAX) else {
                throw BPFError(operation: "watch", object: path, errno: .fileNameTooLong)
            }
            var key = secd_file_prefix()
            key.bits = UInt32(text.count * 8)
            unsafe withUnsafeMutableBytes(of: &key.path) { unsafe $0.copyBytes(from: text) }
            try map.update(key, UInt32(number))
        }
    }
}
