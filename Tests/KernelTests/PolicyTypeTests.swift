import CEventABI
import Foundation
import Glibc
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors
import Testing

extension KernelSuite {
    /// Each type of argument: what is read of it, and how events show it.
    @Suite("types of policies", .serialized) struct PolicyTypeTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// Something of the running process, shown at each umask(2).
        private func ofTask(_ path: String, _ type: String) throws -> JSON {
            try live.run([
                PolicySample.policy(
                    "task",
                    """
                    kprobes:
                    - call: sys_umask
                      syscall: true
                      args: [{index: 0, type: int}]
                      data: [{index: 0, type: \(type), source: current_task, resolve: "\(path)"}]
                    """)
            ])
            let story = try live.agent.run(.umask(1))
            return try story.only("process_kprobe").body["data"][0]
        }

        @Test("credentials: ids, capabilities, user namespace")
        func credentials() throws {
            let shown = try ofTask("cred", "cred")["process_credentials_arg"]

            #expect(shown["uid"].int == 0)
            #expect(shown["caps"]["effective"].array.count > 0)
        }

        @Test("a user namespace: depth, owner, number")
        func userNamespace() throws {
            let shown = try ofTask("cred.user_ns", "user_namespace")["user_ns_arg"]

            #expect(shown["ns"]["inum"].int == Kernel.inode("/proc/self/ns/user"))
        }

        @Test("a network device has a name")
        func netDevice() throws {
            let shown = try ofTask("nsproxy.net_ns.loopback_dev", "net_device")

            #expect(shown["net_dev_arg"]["name"].text == "lo")
        }

        @Test("a file, a path and a dentry of the process")
        func files() throws {
            let binary = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            #expect(try ofTask("mm.exe_file", "file")["file_arg"]["path"].text == binary)
            #expect(try ofTask("fs.root", "path")["path_arg"]["path"].text == "/")
            let dentry = try ofTask("mm.exe_file.f_path.dentry", "dentry")
            let name = String(binary.split(separator: "/").last ?? "")
            #expect(dentry["path_arg"]["path"].text.hasSuffix(name))
        }

        @Test("numbers and text at the end of a path of members")
        func members() throws {
            #expect(try ofTask("group_leader.real_parent.tgid", "int")["int_arg"].int == Int(getpid()))
            #expect(try ofTask("comm", "string")["string_arg"].isPresent)
            #expect(try ofTask("comm", "const_buf")["bytes_arg"].isPresent)
            #expect(
                try ofTask("cred.cap_effective", "cap_effective")["cap_effective_arg"].text.count == 16)
        }

        // MARK: Modules

        @Test(
            "functions of modules are met, and their arguments read by the types of the module",
            .enabled(
                if: Kernel.exists("/sys/kernel/btf/overlay") && (Kernel.hasFentry || Kernel.hasKprobes),
                "overlayfs is no module with types here, or nothing can be attached to functions"))
        func modules() throws {
            let reports = try live.run([
                PolicySample.policy(
                    "modules",
                    """
                    kprobes:
                    - call: ovl_open
                      syscall: false
                      return: true
                      returnArg: {index: 0, type: int}
                      args:
                      - {index: 0, resolve: i_ino, type: uint64}
                      - {index: 1, type: file}
                      selectors:
                      - matchArgs: [{index: 1, operator: Postfix, values: ["/merged/there"]}]
                    """)
            ])
            defer { _ = try? live.run([]) }

            let story = try live.agent.run(
                steps: [
                    Step("unshare", Clone.newMounts), Step("private-mounts"),
                    Step("mount", "none", folder.path, "tmpfs", 0), Step("chdir", folder.path),
                    Step("mkdir", "lower"), Step("mkdir", "upper"), Step("mkdir", "work"),
                    Step("mkdir", "merged"), Step("copy", "/bin/true", "lower/there", 0o644),
                    Step("copy", "/bin/true", "lower/other", 0o644),
                    Step(
                        "mount", "overlay", "merged", "overlay", 0,
                        "lowerdir=lower,upperdir=upper,workdir=work"),
                    .open(.path("merged/other"), O_RDONLY), .open(.path("merged/there"), O_RDONLY),
                ])

            let mechanism = Kernel.hasFentry ? "fentry/ovl_open" : "kprobe/ovl_open"
            #expect(reports[0].hooks.map(\.mechanism) == [mechanism])
            let body = try story.only("process_kprobe").body
            #expect(body["args"][0]["size_arg"].int ?? 0 > 0)
            #expect(body["args"][1]["file_arg"]["path"].text.hasSuffix("/merged/there"))
            #expect(body["return"]["int_arg"].int ?? 0 == 0)
        }

        // MARK: Registers

        @Test("a system call shows registers of the program, and is judged by them")
        func registersOfCalls() throws {
            // include/uapi/asm/unistd_64.h
            let number = 95
            try live.run([
                PolicySample.policy(
                    "registers",
                    """
                    kprobes:
                    - call: sys_umask
                      syscall: true
                      args: [{index: 0, type: int}]
                      data:
                      - {index: 0, source: pt_regs, resolve: edi, type: uint32}
                      - {index: 1, source: pt_regs, resolve: orig_rax, type: int64}
                      - {index: 2, source: pt_regs, resolve: rsp, type: uint64}
                      selectors:
                      - matchData: [{index: 0, operator: Equal, values: ["0o651"]}]
                    """)
            ])

            let story = try live.agent.run(.umask(0o650), .umask(0o651))

            let body = try story.only("process_kprobe").body
            #expect(body["args"][0]["int_arg"].int == 0o651)
            #expect(body["data"][0]["uint_arg"].int == 0o651)
            #expect(body["data"][1]["long_arg"].int == number)
            #expect(body["data"][2].isPresent)
        }

        @Test(
            "a kprobe shows registers of the kernel: the arguments of the function",
            .enabled(if: Kernel.hasKprobes, "the kernel was built without kprobes"))
        func registersOfFunctions() throws {
            let reports = try live.run([
                PolicySample.policy(
                    "registers",
                    """
                    kprobes:
                    - call: security_socket_create
                      syscall: false
                      args:
                      - {index: 0, type: int}
                      - {index: 1, type: int}
                      data:
                      - {index: 0, source: pt_regs, resolve: edi, type: int}
                      - {index: 1, source: pt_regs, resolve: rsi, type: int}
                      selectors:
                      - matchData: [{index: 0, operator: Equal, values: ["\(Net.unix)"]}]
                    """)
            ])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .socket(1, Net.unix, Net.datagram))

            #expect(reports[0].hooks.map(\.mechanism) == ["kprobe/security_socket_create"])
            let body = try story.only("process_kprobe").body
            #expect(body["args"][1]["int_arg"].int == Net.datagram)
            #expect(body["data"][0]["int_arg"].int == Net.unix)
            #expect(body["data"][1]["int_arg"].int == Net.datagram)
        }

        @Test("writev: the pieces of a buffer follow each other")
        func pieces() throws {
            try live.run([
                PolicySample.policy(
                    "pieces",
                    """
                    kprobes:
                    - call: sys_writev
                      syscall: true
                      args:
                      - {index: 0, type: int}
                      - {index: 1, type: char_iovec, sizeArgIndex: 3}
                      - {index: 2, type: int}
                      selectors:
                      - matchArgs: [{index: 1, operator: Equal, values: ["one, two, three"]}]
                    """)
            ])

            let story = try live.agent.run(
                .open(.path(folder / "a"), O_CREAT | O_WRONLY),
                Step("write-pieces", Call.first, "one, ", "two, ", "three"),
                Step("write-pieces", Call.first, "one, ", "two"))

            let event = try story.only("process_kprobe")
            #expect(event.body["args"][1]["bytes_arg"].text == "b25lLCB0d28sIHRocmVl")
        }

        @Test("read: a buffer is shown as far as the call has filled it")
        func filled() throws {
            try live.run([
                PolicySample.policy(
                    "filled",
                    """
                    kprobes:
                    - call: sys_pread64
                      syscall: true
                      return: true
                      returnArg: {index: 0, type: size_t}
                      args:
                      - {index: 0, type: int}
                      - {index: 1, type: char_buf, sizeArgIndex: 3, returnCopy: true}
                      - {index: 2, type: size_t}
                    """)
            ])

            let story = try live.agent.run(
                .open(.path(folder / "a"), O_CREAT | O_RDWR), .call(1, .number(Call.first), "secret", 6),
                .call(17, .number(Call.first), "0123456789", 9, 0))

            let event = try story.only("process_kprobe")
            #expect(event.body["args"][1]["bytes_arg"].text == "c2VjcmV0")
        }

        @Test("bpf(2): what a program asks to load")
        func bpf() throws {
            try live.run([
                PolicySample.hook(
                    "bpf", "sys_bpf", [(0, "bpf_cmd"), (1, "bpf_attr")], selector: "label: all")
            ])

            let event = try live.agent.run(Step("load-program", "probe")).only("process_kprobe")

            #expect(event.body["args"][0]["bpf_cmd_arg"].text == "BPF_PROG_LOAD")
            let attributes = event.body["args"][1]["bpf_attr_arg"]
            #expect(attributes["ProgName"].text == "probe")
            #expect(attributes["ProgType"].text == "BPF_PROG_TYPE_KPROBE")
            #expect(attributes["InsnCnt"].int == 2)
        }

        @Test("sockets and programs at raw tracepoints")
        func rawTracepoints() throws {
            try live.run([
                PolicySample.policy(
                    "raw",
                    """
                    tracepoints:
                    - {subsystem: sock, event: inet_sock_set_state, raw: true, args: [{index: 0, type: sock}]}
                    - {subsystem: net, event: net_dev_queue, raw: true, args: [{index: 0, type: skb}]}
                    - subsystem: sched
                      event: sched_process_exec
                      raw: true
                      args: [{index: 2, type: linux_binprm}]
                    """)
            ])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.8,7").fails(ECONNREFUSED),
                .exec("/bin/true"))

            let arguments = live.events(story).map { $0.body["args"][0] }
            let socket = try #require(arguments.first { $0["sock_arg"].isPresent })["sock_arg"]
            #expect(socket["family"].text == "AF_INET" && socket["daddr"].text == "127.0.0.8")
            let packet = try #require(arguments.first { $0["skb_arg"].isPresent })["skb_arg"]
            #expect(packet["daddr"].text == "127.0.0.8" && packet["dport"].int == 7)
            #expect(packet["protocol"].text == "IPPROTO_TCP" && packet["len"].number >= 40)
            #expect(arguments.contains { $0["linux_binprm_arg"]["path"].text.hasSuffix("/true") })
        }

        /// Types that only functions have which this machine may not let us hook: their readers are packed by
        /// the kernel's own types all the same.
        @Test(
            "every type has a reader where the kernel passes it",
            arguments: [
                ("security_file_open", 0, ArgumentType.file), ("security_inode_getattr", 0, .path),
                ("security_inode_unlink", 1, .dentry), ("putname", 0, .filename),
                ("generic_file_read_iter", 0, .kiocb), ("generic_file_read_iter", 1, .iovIter),
                ("security_bprm_check", 0, .binprm), ("ip_rcv", 0, .skb), ("tcp_connect", 0, .sock),
                ("security_socket_connect", 0, .socket), ("security_socket_connect", 1, .sockaddr),
                ("security_socket_connect", 1, .sockaddrUn), ("ip_rcv", 1, .netDevice),
                ("security_capable", 0, .cred), ("security_capable", 1, .userNamespace),
                ("security_capable", 2, .capability), ("security_bpf", 0, .bpfCmd),
                ("security_bpf", 1, .bpfAttr), ("security_bpf_map", 0, .bpfMap),
                ("security_bpf_prog", 0, .bpfProg), ("perf_event_release_kernel", 0, .perfEvent),
            ])
        func readers(_ function: String, _ position: Int, _ type: ArgumentType) throws {
            let kernel = try PolicyKernel.types { _ in nil }
            try #require(kernel.function(function) != nil, "this kernel has no \(function)")
            let reader = ColumnReader(kernel, .function(function))

            let packed = try reader.pack(Column(source: .argument(position), type: type))

            #expect(packed.reader != 0)
        }

        @Test("types that have no meaning at a place are refused with the reason")
        func refused() throws {
            #expect(try obstacle(.dataLoc).contains("a field of a tracepoint"))
            #expect(try obstacle(.constBuf).contains("an array"))
        }

        /// Why the first argument of a function cannot be read so.
        private func obstacle(_ type: ArgumentType) throws -> String {
            let reader = ColumnReader(try PolicyKernel.types { _ in nil }, .function("tcp_connect"))
            do throws(ColumnReader.Obstacle) {
                _ = try reader.pack(Column(source: .argument(0), type: type))
                return "it is read"
            } catch {
                return error.reason
            }
        }
    }
}
