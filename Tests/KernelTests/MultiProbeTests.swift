import BPFRuntime
import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// Lists of many functions, which one link and one program meet (kprobe_multi).
    @Suite(
        "lists of functions", .serialized,
        .enabled(if: KernelProbe.hasMultiProbes, "the kernel was built without CONFIG_FPROBE"))
    struct MultiProbeTests {
        private var live: LivePolicies { .shared }

        private static let shared = ["create", "bind", "listen", "connect"].map { "security_socket_\($0)" }
        private static let sockets =
            shared + ["accept", "shutdown", "getsockname", "getpeername"].map { "security_socket_\($0)" }
        private static let folders =
            shared + ["mkdir", "rmdir", "rename", "symlink"].map { "security_inode_\($0)" }

        /// A policy on a list of functions.
        private func list(_ name: String, _ functions: [String], _ more: String = "") -> String {
            PolicySample.policy(
                name,
                "lists:\n- name: functions\n  values: [\(functions.joined(separator: ", "))]\n"
                    + "kprobes:\n- call: \"list:functions\"\n  syscall: false\n" + more)
        }

        /// Functions that a process was seen to call, in their order.
        private func called(_ steps: Step...) throws -> [String] {
            live.events(try live.agent.run(steps: steps)).map { $0.body["function_name"].text }
        }

        @Test("one link has them all; each call is told once, while lists with common functions come and go")
        func calls() throws {
            let folder = TemporaryFolder()
            try live.run([])
            let links = DirectPolicies.links

            let reports = try live.run([list("sockets", Self.sockets)])

            #expect(DirectPolicies.links == links + 1)
            #expect(reports[0].hooks.map(\.mechanism) == Self.sockets.map { "kprobe_multi/\($0)" })
            #expect(
                try called(
                    .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"), .listen(0),
                    .mkdir(.path(folder / "a")))
                    == ["security_socket_create", "security_socket_bind", "security_socket_listen"])

            try live.run([list("folders", Self.folders)])
            #expect(
                try called(
                    .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"), .mkdir(.path(folder / "b")))
                    == ["security_socket_create", "security_socket_bind", "security_inode_mkdir"])

            try live.run([list("sockets", Self.sockets), list("folders", Self.folders)])
            #expect(
                try called(.socket(0, Net.inet, Net.stream), .mkdir(.path(folder / "c")))
                    == ["security_socket_create", "security_inode_mkdir"])

            try live.run([])
            #expect(DirectPolicies.links == links)
        }

        @Test("what functions return is told with the call")
        func returns() throws {
            let functions = Self.sockets + ["inet_bind"]
            try live.run([])
            let links = DirectPolicies.links

            let reports = try live.run([
                list(
                    "returns", functions,
                    """
                      return: true
                      returnArg: {index: 0, type: int}
                      selectors:
                      - matchReturnArgs: [{index: 0, operator: Equal, values: ["-\(EADDRNOTAVAIL)"]}]
                    """)
            ])
            defer { _ = try? live.run([]) }

            #expect(DirectPolicies.links == links + 2)
            #expect(reports[0].hooks.map(\.mechanism) == functions.map { "kprobe_multi/\($0)" })
            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .bind(0, "4,192.0.2.1,0").fails(EADDRNOTAVAIL),
                .socket(1, Net.inet, Net.stream), .bind(1, "4,127.0.0.1,0"))
            let body = try story.only("process_kprobe").body
            #expect(body["function_name"].text == "inet_bind")
            #expect(body["return"]["int_arg"].int == -Int(EADDRNOTAVAIL))
        }

        @Test(
            "an entry with few functions has a program for each",
            .enabled(if: Kernel.hasFentry, "needs fentry"))
        func few() throws {
            let reports = try live.run([list("few", Array(Self.sockets.prefix(7)))])
            defer { _ = try? live.run([]) }

            #expect(reports[0].hooks.count == 7)
            #expect(!reports[0].hooks.contains { $0.mechanism.hasPrefix("kprobe_multi/") })
        }
    }
}
