import Glibc
import Testing

extension KernelSuite {
    /// Rules for system calls hold whatever numbers a program calls them by: those of 64-bit programs, of
    /// x32, of 32-bit programs, and the calls that 32-bit programs make through another one.
    @Suite("other numbers of system calls", .serialized) struct CompatCallTests {
        private static let hasCompat = Kernel.can(compat(20))

        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        /// int 0x80 (arch/x86/entry/syscalls/syscall_32.tbl).
        private static func compat(_ number: Int, _ arguments: any CustomStringConvertible...) -> Step {
            Step("call32", bytes: ([number] + arguments).map { Array($0.description.utf8) })
        }

        /// Bit of a number that says: x32.
        private static let x32 = 0x4000_0000

        /// Kills who makes a call with this number as an argument.
        private func kills(_ call: String, _ index: Int, _ value: Int) throws {
            try live.run([
                PolicySample.hook(
                    "kills", call, (0...index).map { ($0, "int") },
                    selector:
                        "{matchArgs: [{index: \(index), operator: Equal, values: [\"\(value)\"]}], "
                        + "matchActions: [{action: Sigkill}]}")
            ])
        }

        private let killed = Activity.Status.killed(signal: SIGKILL, core: false)

        @Test(
            "calls of 32-bit programs are told as the call that they are, also by their other names",
            .enabled(if: hasCompat, "the kernel takes no 32-bit calls"))
        func told() throws {
            let path = folder / "not-there"
            try live.run([
                PolicySample.hook(
                    "cuts", "sys_truncate", [(0, "string")],
                    selector: "matchArgs: [{index: 0, operator: Equal, values: [\"\(path)\"]}]")
            ])
            defer { _ = try? live.run([]) }

            let story = try live.agent.run(
                .call(76, .path(path), 1).fails(ENOENT), Self.compat(92, ":" + path, 1).fails(ENOENT),
                Self.compat(193, ":" + path, 1, 0).fails(ENOENT))

            #expect(live.events(story).map { $0.body["args"][0]["string_arg"].text } == [path, path, path])
            #expect(live.events(story).map { $0.body["abi"].text } == ["", "i386", "i386"])
        }

        @Test(
            "who calls by a 32-bit number is killed all the same",
            .enabled(if: hasCompat, "the kernel takes no 32-bit calls"))
        func compatIsKilled() throws {
            try kills("sys_umask", 0, 0o123)
            defer { _ = try? live.run([]) }

            #expect(try live.agent.run(Self.compat(60, 0o123)).status == killed)
            #expect(try live.agent.run(Self.compat(60, 0o022)).status == .exited(0))
        }

        /// Also where the kernel has no x32: the call would fail, and who tries it is told and killed.
        @Test("who calls by a number of x32 is killed all the same")
        func x32IsKilled() throws {
            try kills("sys_umask", 0, 0o123)
            defer { _ = try? live.run([]) }

            let story = try live.agent.run(.call(Self.x32 + 95, 0o123))

            #expect(story.status == killed)
            #expect(live.events(story).map { $0.body["abi"].text } == ["x32"])
        }

        @Test(
            "socketcall(2) is the call that its first argument says, with the arguments that lie in memory",
            .enabled(if: hasCompat, "the kernel takes no 32-bit calls"))
        func socketCalls() throws {
            try kills("sys_socket", 1, Int(SOCK_SEQPACKET.rawValue))
            defer { _ = try? live.run([]) }

            // 1: socket. 5: accept, with the same numbers.
            let refused = try live.agent.run(Self.compat(102, 1, "=1,5,0"))
            let other = try live.agent.run(
                Self.compat(102, 1, "=1,1,0"), Self.compat(102, 5, "=77,5,0").fails(EBADF),
                Self.compat(102, 77, "=1,5,0").fails(EINVAL), .call(102))

            #expect(refused.status == killed)
            #expect(
                live.events(refused).map { event in
                    (0..<2).map { event.body["args"][$0]["int_arg"].int }
                } == [[1, 5]])
            #expect(live.events(refused).map { $0.body["abi"].text } == ["i386"])
            #expect(other.status == .exited(0))
            #expect(live.events(other).isEmpty)
        }

        @Test(
            "the first mmap(2) of 32-bit programs has its arguments in memory",
            .enabled(if: hasCompat, "the kernel takes no 32-bit calls"))
        func listedArguments() throws {
            try kills("sys_mmap", 1, 0x7000)
            defer { _ = try? live.run([]) }

            // PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS
            #expect(try live.agent.run(Self.compat(90, "=0,0x7000,1,0x22,-1,0")).status == killed)
            #expect(try live.agent.run(Self.compat(90, "=0,0x6000,1,0x22,-1,0")).status == .exited(0))
        }
    }
}
