import BPFRuntime
import Foundation
import Glibc
import PolicyEngine
import PolicyModel
import Testing

extension KernelSuite {
    /// Functions of the kernel that policies name, and what meets them here: where nobody may attach to
    /// functions, something else stands for them. The table is printed, and docs/effects.md has it.
    @Suite("stand-ins", .serialized) struct StandInTests {
        private var live: LivePolicies { .shared }
        private let folder = TemporaryFolder()

        /// A function, and steps that call it.
        struct Function {
            var name: String
            var steps: [Step]
            /// Arguments that the event must show, by position.
            var shows: [String]
        }

        private var functions: [Function] {
            let connected = Step.connection()
            return [
                Function(
                    name: "security_socket_connect",
                    steps: [
                        .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.1,1").fails(ECONNREFUSED),
                    ], shows: ["socket", "sockaddr"]),
                Function(
                    name: "security_socket_bind",
                    steps: [.socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0")],
                    shows: ["socket", "sockaddr"]),
                Function(
                    name: "security_socket_sendmsg",
                    steps: [.socket(0, Net.inet, Net.datagram), .sendTo(0, "4,127.0.0.1,9", 3)],
                    shows: ["socket"]),
                Function(name: "tcp_connect", steps: connected, shows: ["sock"]),
                Function(name: "tcp_sendmsg", steps: connected + [.send(1, 10)], shows: ["sock"]),
                Function(name: "tcp_close", steps: connected + [.close(socket: 1)], shows: ["sock"]),
                Function(name: "tcp_set_state", steps: connected, shows: ["sock", "int"]),
                Function(name: "inet_csk_listen_start", steps: connected, shows: ["sock"]),
                Function(name: "wake_up_new_task", steps: [Step("many-clone", 1, 0)], shows: []),
                Function(
                    name: "security_bprm_check", steps: [.exec("/bin/true")], shows: ["linux_binprm"]),
                Function(
                    name: "devcgroup_check_permission", steps: [.open(.path("/dev/null"), O_RDONLY)],
                    shows: ["int16", "uint32", "uint32", "int16"]),
                Function(
                    name: "fd_install", steps: [.open(.path("/etc/passwd"), O_RDONLY)],
                    shows: ["int", "file"]),
                Function(name: "commit_creds", steps: [Step("setuid", Call.nobody)], shows: ["cred"]),
                Function(
                    name: "security_mmap_file",
                    steps: [.open(.path("/etc/passwd"), O_RDONLY), .mmap(Call.first, PROT_READ)],
                    shows: ["file", "uint32", "uint32"]),
                Function(
                    name: "security_socket_create", steps: [.socket(0, Net.inet, Net.stream)],
                    shows: ["int", "int", "int"]),
                Function(name: "security_socket_listen", steps: connected, shows: ["socket"]),
                Function(
                    // No file system has this name.
                    name: "security_sb_mount",
                    steps: [
                        .call(165, "none", .path(folder.path), "secdtest", 0, 0).fails(ENODEV)
                    ], shows: ["string", "nop", "string", "uint64"]),
                Function(
                    // No command has this number.
                    name: "security_bpf", steps: [.call(321, 9999, 0, 0).fails(EINVAL)], shows: ["int"]),
                Function(
                    name: "cap_capable", steps: [Step("setuid", 0)], shows: ["nop", "nop", "capability"]),
            ]
        }

        private func policy(_ function: Function) -> String {
            let arguments = function.shows.enumerated().map { "  - {index: \($0), type: \($1)}" }
            return PolicySample.policy(
                "stand-in",
                (["kprobes:", "- call: \(function.name)", "  syscall: false"]
                    + (arguments.isEmpty ? [] : ["  args:"] + arguments)).joined(separator: "\n"))
        }

        @Test("a function is met here by itself or by what stands for it, with its arguments")
        func table() throws {
            defer { _ = try? live.run([]) }
            var lines: [String] = []
            for function in functions {
                let report: PolicyReport
                do {
                    report = try live.run([policy(function)])[0]
                } catch let refusal as PolicyRefusal {
                    // A tracepoint that this kernel does not have yet. What its verifier refuses is a fault of ours.
                    #expect(!refusal.reason.contains("verifier"), "\(function.name): \(refusal.reason)")
                    print("stand-in skipped: \(function.name): \(refusal.reason)")
                    continue
                }
                let story = try live.agent.run(steps: function.steps)
                try live.agent.settle()
                let events = live.agent.capture.events(of: story.pid).filter {
                    $0.kind == "process_kprobe" && $0.body["function_name"].text == function.name
                }
                #expect(!events.isEmpty, "\(function.name): \(story)")
                let shown = function.shows.filter { $0 != "nop" }.count
                #expect(
                    events.allSatisfy { $0.body["args"].array.count >= shown }, "\(function.name): \(events)")
                let hook = report.hooks[0]
                lines.append(
                    "| `\(function.name)` | `\(hook.mechanism)` | "
                        + "\(hook.blindSpots.isEmpty ? "–" : hook.blindSpots.joined(separator: "; ")) |")
            }
            for line in lines { print("stand-in \(line)") }
            #expect(lines.count >= 4)
            try TablePage.standIns.check(lines)
        }

        @Test("the socket of a connect and of its end is the one that is meant, with its addresses")
        func sockets() throws {
            defer { _ = try? live.run([]) }
            let text = PolicySample.policy(
                "tcp",
                """
                kprobes:
                - call: tcp_connect
                  syscall: false
                  args:
                  - {index: 0, type: sock}
                - call: tcp_close
                  syscall: false
                  args:
                  - {index: 0, type: sock}
                """)
            try live.run([text])
            let story = try live.agent.run(steps: Step.connection() + [.close(socket: 1)])
            try live.agent.settle()

            let events = live.agent.capture.events(of: story.pid).filter { $0.kind == "process_kprobe" }
            let connects = events.filter { $0.body["function_name"].text == "tcp_connect" }
            let closes = events.filter { $0.body["function_name"].text == "tcp_close" }
            #expect(connects.count == 1)
            let to = connects[0].body["args"][0]["sock_arg"]
            #expect(to["daddr"].text == "127.0.0.1")
            #expect(to["family"].text == "AF_INET")
            #expect(closes.contains { $0.body["args"][0]["sock_arg"]["dport"].number == to["dport"].number })
        }

        @Test("a connect to a Unix socket is refused where the kernel has a place for it")
        func unixConnect() throws {
            defer { _ = try? live.run([]) }
            let (refused, free) = (folder / "refused", folder / "free")
            let text = PolicySample.policy(
                "unix",
                """
                kprobes:
                - call: security_socket_connect
                  syscall: false
                  args:
                  - {index: 1, type: sockaddr_un}
                  selectors:
                  - matchArgs:
                    - {index: 1, operator: Equal, values: ["\(refused)"]}
                    matchActions:
                    - {action: Override, argError: -1}
                """)
            let hook = try live.run([text])[0].hooks[0]
            guard hook.mechanism.contains("unix") || hook.mechanism.hasPrefix("lsm/") else {
                print("skipped: connects of Unix sockets are not met by \(hook.mechanism)")
                return
            }
            #expect(hook.effect == .prevent)
            let story = try live.agent.run(
                steps: [
                    .socket(0, Net.unix, Net.stream), .bind(0, "u," + refused), .listen(0),
                    .socket(1, Net.unix, Net.stream), .connect(1, "u," + refused).fails(EPERM),
                    .socket(2, Net.unix, Net.stream), .bind(2, "u," + free), .listen(2),
                    .connect(1, "u," + free),
                ])
            try live.agent.settle()

            let events = live.agent.capture.events(of: story.pid).filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0.body["action"].text } == ["KPROBE_ACTION_OVERRIDE"])
        }

        @Test(
            "without LSM, fentry and kprobes a connect is refused by cgroup programs, where these know tasks",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func nothingElse() throws {
            let host = "127.0.0.96"
            let policies = try DirectPolicies(facts: {
                $0.lsmObstacle = "switched off by this test"
                $0.fentryObstacle = "switched off by this test"
                $0.kprobeObstacle = "switched off by this test"
                $0.multiProbeObstacle = "switched off by this test"
            })
            let text = PolicySample.deniesConnects(host).replacing(
                "argError: -1", with: "argError: -1\n      - action: NoPost")

            let refusal = try policies.run([text])

            let tries = { (error: Int32) throws in
                try Activity([
                    .socket(0, Net.inet, Net.stream), .connect(0, "4,\(host),1").fails(error),
                ]).wait()
            }
            if KernelProbe.cgroupProgramsKnowTasks {
                #expect(refusal == nil)
                #expect(try tries(EPERM) == .exited(0))
            } else {
                #expect(
                    refusal?.faults.map(\.reason) == [
                        "spec.kprobes[0]: security_socket_connect cannot be hooked: "
                            + "its cgroup programs have no task storage (6.18)"
                    ])
                #expect(refusal?.faults.map(\.place.line) == [7])
                #expect(try tries(ECONNREFUSED) == .exited(0))
            }
        }

        @Test("a descriptor is told with its file where it is made, and none where the call fails")
        func descriptors() throws {
            defer { _ = try? live.run([]) }
            let (there, absent) = (folder / "there", folder / "absent")
            try live.run([
                PolicySample.policy(
                    "descriptors",
                    """
                    kprobes:
                    - call: fd_install
                      syscall: false
                      args:
                      - {index: 0, type: int}
                      - {index: 1, type: file}
                    """)
            ])
            let story = try live.agent.run(
                .open(.path(absent), O_RDONLY).fails(ENOENT), .open(.path(there), O_RDWR | O_CREAT),
                .open(.path(absent), O_RDONLY).fails(ENOENT))

            let events = live.events(story)
            #expect(story.status == .exited(0))
            #expect(events.map { $0.body["args"][0]["int_arg"].int }.allSatisfy { ($0 ?? -1) >= 0 })
            let paths = events.map { $0.body["args"][1]["file_arg"]["path"].text }
            #expect(paths.filter { $0 == there }.count == 1, "\(paths)")
            #expect(!paths.contains(absent), "\(paths)")
        }

        @Test("who opens a file is killed where its descriptor is made")
        func killsOpener() throws {
            defer { _ = try? live.run([]) }
            let secret = folder / "secret"
            try Data("secret".utf8).write(to: URL(filePath: secret))
            let report = try live.run([
                PolicySample.policy(
                    "opener",
                    """
                    kprobes:
                    - call: fd_install
                      syscall: false
                      args:
                      - {index: 1, type: file}
                      selectors:
                      - matchArgs:
                        - {index: 1, operator: Equal, values: ["\(secret)"]}
                        matchActions:
                        - {action: Sigkill}
                    """)
            ])[0]

            let story = try live.agent.run(.open(.path(secret), O_RDONLY), .exit(7))

            #expect(report.hooks.map(\.effect) == [.killBeforeReturn])
            #expect(story.status == .killed(signal: SIGKILL, core: false))
        }

        @Test(
            "a socket is refused before it is made, by its protocol",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func socketCreate() throws {
            defer { _ = try? live.run([]) }
            // Experimental protocols (RFC 3692): nobody else uses them here.
            let report = try live.run([
                PolicySample.policy(
                    "protocol",
                    """
                    kprobes:
                    - call: security_socket_create
                      syscall: false
                      args:
                      - {index: 2, type: int}
                      selectors:
                      - matchArgs:
                        - {index: 2, operator: Equal, values: ["253"]}
                        matchActions:
                        - {action: Override, argError: -1}
                    """)
            ])[0]

            let story = try live.agent.run(
                .socket(0, Net.inet, 3, 253).fails(EPERM), .socket(0, Net.inet, 3, 254))

            #expect(report.hooks.map(\.effect) == [.prevent])
            #expect(story.status == .exited(0))
            #expect(live.events(story).map { $0.body["action"].text } == ["KPROBE_ACTION_OVERRIDE"])
        }

        @Test("a device is refused before it is made")
        func device() throws {
            defer { _ = try? live.run([]) }
            // Nobody makes /dev/random meanwhile.
            let text = PolicySample.policy(
                "device",
                """
                kprobes:
                - call: devcgroup_check_permission
                  syscall: false
                  args:
                  - {index: 1, type: uint32}
                  - {index: 2, type: uint32}
                  - {index: 3, type: int16}
                  selectors:
                  - matchArgs:
                    - {index: 1, operator: Equal, values: ["1"]}
                    - {index: 2, operator: Equal, values: ["8"]}
                    - {index: 3, operator: Mask, values: ["1"]}
                    matchActions:
                    - {action: Override, argError: -1}
                """)
            if let refusal = try live.refusal([text]) {
                print("skipped: devices are not refused here: \(refusal.reason)")
                return
            }
            func mknod(_ name: String, minor: Int) -> Step {
                .call(133, .path(folder / name), .number(Int(S_IFCHR) | 0o600), .number(1 << 8 | minor))
            }
            let report = try live.run([text])[0]
            #expect(report.hooks.map(\.mechanism) == ["cgroup/dev"])
            #expect(report.hooks.map(\.effect) == [.prevent])
            let story = try live.agent.run(
                steps: [mknod("random", minor: 8).fails(EPERM), mknod("urandom", minor: 9)])
            try live.agent.settle()

            let events = live.agent.capture.events(of: story.pid).filter { $0.kind == "process_kprobe" }
            #expect(events.map { $0.body["action"].text } == ["KPROBE_ACTION_OVERRIDE"])
            #expect(events.map { $0.body["args"].array.count } == [3])
        }
    }
}
