import BPFObjects
import BPFRuntime
import CEventABI
import SystemPackage

/// Changes of files below configured paths.
enum FileSensor {
    static let functions = ["security_file_open", "security_path_unlink", "security_mmap_file"]

    private static let nameCalls = [
        "unlink", "unlinkat", "rmdir", "rename", "renameat", "renameat2", "link", "linkat", "symlink",
        "symlinkat",
        "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "mkdir", "mkdirat", "mknod",
        "mknodat",
    ]

    static let plan = SensorPlan(
        name: "file", object: BPFObjects.file, probeObject: BPFObjects.fileProbe,
        ladders: [
            Ladder(
                function: "open",
                mechanisms: [
                    direct("fexit/security_file_open", ["on_open"], needs: "security_file_open"),
                    calls(
                        "on_open_call", ["open", "openat", "openat2", "creat", "open_by_handle_at"],
                        blindSpot: "opens by io_uring and by 32-bit programs"),
                ],
                lossWithout: "opens for writing and creation"),
            Ladder(
                function: "names",
                mechanisms: [
                    direct(
                        "fexit/security_path_*",
                        [
                            "on_unlink", "on_rmdir", "on_mkdir", "on_mknod", "on_symlink", "on_rename",
                            "on_link",
                            "on_chmod", "on_chown",
                        ], needs: "security_path_unlink",
                        blindSpot: "errors of the file system after the permission check"),
                    Mechanism(
                        "tracepoint/syscalls",
                        [
                            .tracepoints(
                                program: "on_change_call", category: "syscalls",
                                events: nameCalls.map { "sys_exit_\($0)" }),
                            .tracepoints(
                                program: "on_descriptor_change_call", category: "syscalls",
                                events: ["sys_exit_fchmod", "sys_exit_fchown"]),
                        ],
                        blindSpot:
                            "what a path led to: it is the caller's string (source: user); io_uring and 32-bit programs"
                    ) { $0.syscallTracepoints == nil },
                ],
                lossWithout: "deletes, renames, links, chmod and chown"),
            Ladder(
                function: "map",
                mechanisms: [
                    direct(
                        "fexit/security_mmap_file", ["on_mmap"], needs: "security_mmap_file",
                        blindSpot: "mprotect(PROT_EXEC)"),
                    calls("on_mmap_call", ["mmap"], blindSpot: "mprotect(PROT_EXEC) and 32-bit programs"),
                ],
                lossWithout: "executable mappings"),
        ],
        iterator: nil)

    private static func direct(
        _ name: String, _ programs: [String], needs function: String, blindSpot: String? = nil
    ) -> Mechanism {
        Mechanism(name, programs.map { .section(program: $0) }, blindSpot: blindSpot) {
            $0.fentry == nil && $0.functions.contains(function)
        }
    }

    private static func calls(_ program: String, _ names: [String], blindSpot: String) -> Mechanism {
        Mechanism(
            "tracepoint/syscalls",
            [.tracepoints(program: program, category: "syscalls", events: names.map { "sys_exit_\($0)" })],
            blindSpot: blindSpot
        ) { $0.syscallTracepoints == nil }
    }

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
