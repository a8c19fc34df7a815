import BPFRuntime
import FilePrevention
import Glibc
import LinuxSystem
import PolicyCompiler
import PolicyEngine
import PolicyModel
import Sensors
import SystemPackage
import Testing

extension KernelSuite {
    /// What the kernel refuses in the middle of a change: it is said so that one understands it, and nothing has
    /// changed.
    @Suite("policies that the kernel refuses", .serialized) struct PolicyRefusalTests {
        let folder = TemporaryFolder()

        /// An argument of umask that nobody else gives.
        private static let met = 0o653

        /// Kills who calls umask with `met`, without an event. `more` stands in its selector.
        private func kills(
            _ name: String, _ met: Int = Self.met, action: String = "Sigkill", more: String = ""
        ) -> String {
            PolicySample.policy(
                name,
                """
                kprobes:
                - call: sys_umask
                  syscall: true
                  args:
                  - {index: 0, type: int}
                  selectors:
                  - matchArgs:
                    - {index: 0, operator: Equal, values: ["\(met)"]}
                \(more)    matchActions:
                    - {action: \(action)}
                    - {action: NoPost}
                """)
        }

        private func isKilled(_ met: Int = Self.met) throws -> Bool {
            try Activity([.umask(met)]).wait() == .killed(signal: SIGKILL, core: false)
        }

        // MARK: Half-way

        @Test(
            "where one of a policy's hooks cannot be attached, the others are taken back; what ran before goes on",
            .enabled(
                if: unsafe access("/sys/bus/event_source/devices/uprobe/type", F_OK) == 0,
                "the kernel was built without uprobes"))
        func halfWay() throws {
            let program = try folder.copy(Kernel.resolved("/bin/true"), as: "cut")
            let entry = try Self.entry(of: program)
            let policies = try DirectPolicies(programs: CutProgram(path: program))
            #expect(try policies.run([kills("before")]) == nil)
            let links = DirectPolicies.links
            let text =
                kills("good", 0o654)
                    + """
                      uprobes:
                      - path: \(program)
                        addrs: [\(entry)]

                    """

            let refusal = try #require(try policies.run([kills("before"), text]))

            #expect(refusal.faults.count == 1)
            let reason = refusal.faults.first?.reason ?? ""
            #expect(reason.hasPrefix("spec.uprobes[0]: "), "\(reason)")
            #expect(reason.contains("the kernel does not take it (cannot attach "), "\(reason)")
            #expect(DirectPolicies.links == links)
            #expect(try isKilled() && !isKilled(0o654))
            // The policy without the broken part runs.
            #expect(try policies.run([kills("before"), kills("good", 0o654)]) == nil)
            #expect(try isKilled() && isKilled(0o654))
        }

        /// Where a program begins to run, as its ELF header says.
        private static func entry(of path: String) throws -> UInt64 {
            let head = try ProgramReader().open(path).read(at: 24, count: 8)
            return try #require(head).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }

        @Test(
            "where a late step fails, what follows forks and execs for the policy is taken back, too",
            .enabled(if: !Kernel.hasLSM && FilePrevention.obstacle == nil, "fanotify does not refuse here"))
        func lateStep() throws {
            let file = "/dev/shm/secd-refusal-\(getpid())"
            unsafe fclose(unsafe fopen(file, "we"))
            defer { unsafe unlink(file) }
            let policies = try DirectPolicies()
            #expect(try policies.run([kills("before")]) == nil)
            let links = DirectPolicies.links
            let following = kills(
                "following", 0o654, action: "KillTree",
                more: """
                        matchBinaries:
                        - {operator: In, values: [/nowhere/x], followChildren: true}
                        matchNamespaceChanges:
                        - {operator: In, values: [Mnt]}

                    """)

            let refusal = try #require(
                try policies.run([kills("before"), following, FilePolicySample.refusesUse(file)]))

            #expect(refusal.faults.map { $0.reason.contains("ext4, XFS or Btrfs") } == [true], "\(refusal)")
            #expect(DirectPolicies.links == links)
            #expect(try isKilled())
            // All of that is attached where nothing fails, and gone with its policy.
            #expect(try policies.run([kills("before"), following]) == nil)
            #expect(DirectPolicies.links >= links + 4)
            #expect(try policies.run([kills("before")]) == nil)
            #expect(DirectPolicies.links == links)
        }

        // MARK: Words

        @Test("a program that the kernel does not take is told at the policy's line, in words for its author")
        func verifier() throws {
            // Where tracing programs attach, the kernel refuses this function by a list of its own; elsewhere the
            // engine is made to believe that they do.
            let function = Kernel.hasLSM ? "migrate_disable" : "security_inode_unlink"
            let policies = try DirectPolicies(facts: {
                $0.lsmObstacle = Kernel.hasLSM ? $0.lsmObstacle : "none"
                $0.fentryObstacle = nil
            })
            #expect(try policies.run([kills("before")]) == nil)
            let links = DirectPolicies.links
            let text = PolicySample.policy("refused", "kprobes:\n- call: \(function)\n  syscall: false\n")

            let refusal = try #require(try policies.run([kills("before"), text]))

            #expect(refusal.faults.map(\.place.line) == [7])
            let reason = refusal.faults.first?.reason ?? ""
            #expect(reason.hasPrefix("spec.kprobes[0]: \(function): "), "\(reason)")
            #expect(
                reason.contains("the kernel's verifier refuses the program")
                    || reason.contains("the kernel does not allow it")
                    || reason.contains("the kernel does not take it"), "\(reason)")
            #expect(!reason.contains("\n") && !reason.contains("libbpf"), "\(reason)")
            #expect(policies.words.contains("cannot load") || policies.words.contains("cannot attach"))
            #expect(DirectPolicies.links == links)
            #expect(try isKilled())
        }

        @Test("what errors of the kernel mean to whoever wrote a policy")
        func meanings() {
            func meaning(_ operation: String, _ error: Int32, _ log: String = "") -> String {
                BPFError(operation: operation, object: "x", errno: .init(rawValue: error), log: log).meaning
            }
            #expect(
                meaning("load", EINVAL, "R1 type=scalar expected=fp\nprocessed 12 insns (limit 1000000)")
                    .hasPrefix("the kernel's verifier refuses the program that it needs"))
            #expect(meaning("load", E2BIG).hasPrefix("the program that it needs is more than"))
            #expect(meaning("load", EPERM).hasPrefix("the kernel does not allow it"))
            #expect(meaning("fill", E2BIG).hasPrefix("there is no room for it in the tables"))
            #expect(meaning("make", ENOMEM).hasPrefix("the kernel has no memory for it"))
            #expect(meaning("attach", ENOENT).hasPrefix("the place is not there"))
            #expect(meaning("attach", EBUSY).hasPrefix("something else holds the place"))
            #expect(meaning("open", EMFILE).hasPrefix("there are no descriptors left"))
            #expect(meaning("attach", EINVAL).hasSuffix("(cannot attach x: Invalid argument)"))
        }

        // MARK: A full map

        @Test("keys that the kernel has no room for are counted all the same, and told as one")
        func fullMap() throws {
            let live = LivePolicies.shared
            let room = 16_384
            let calls = room + 3_616
            let text = PolicySample.policy(
                "masks",
                """
                kprobes:
                - call: sys_umask
                  syscall: true
                  args:
                  - {index: 0, type: int, label: mask}
                  selectors:
                  - matchArgs:
                    - {index: 0, operator: InRange, values: ["1000000:\(1_000_000 + calls - 1)"]}
                    matchActions:
                    - {action: Count, countBy: [0], interval: 600}
                """)
            try live.run([text])
            let mark = live.agent.capture.count

            #expect(try Activity([Step("umasks", 1_000_000, calls)]).wait() == .exited(0))
            try live.run([])

            var keyed = 0
            var rest = 0
            _ = live.agent.capture.wait(Kernel.patience, from: mark) { event in
                guard event.kind == "process_kprobe", event.body["policy_name"].text == "masks" else {
                    return false
                }
                let count = Int(event.body["count"].text) ?? event.body["count"].int ?? 0
                if event.body["args"].array.isEmpty { rest += count } else { keyed += count }
                return keyed + rest >= calls
            }
            #expect(keyed + rest == calls)
            #expect(keyed <= room && rest >= calls - room)
        }

        // MARK: The answering thread

        @Test(
            "policies that kill at the calls of the answering thread end neither it nor the daemon",
            .enabled(if: !Kernel.hasLSM && FilePrevention.obstacle == nil, "fanotify does not refuse here"))
        func answerer() throws {
            let live = LivePolicies.shared
            let secret = try folder.script("secret", "secret")
            let calls = ["sys_read", "sys_write", "sys_ppoll", "sys_poll", "sys_bpf", "sys_futex"]
            let hooks = calls.map { call in
                """
                - call: \(call)
                  syscall: true
                  selectors:
                  - matchPIDs:
                    - {operator: In, values: [\(getpid())]}
                    matchActions:
                    - {action: Sigkill}
                    - {action: NoPost}

                """
            }
            try live.run([
                PolicySample.policy("suicide", "kprobes:\n" + hooks.joined()),
                FilePolicySample.refusesOpens(secret),
            ])
            defer { _ = try? live.run([]) }
            let tries = Kernel.scaled(1000)

            let activity = try Activity([Step("steal", secret, "alone", tries)])
            let numbers = try (0..<3).map { _ in try activity.report() }

            #expect(try activity.wait() == .exited(0))
            #expect(numbers == [tries, 0, 0])
            #expect(live.counts()[1]?.signals ?? 0 == 0)
            #expect(live.counts()[2]?.overrides == UInt64(tries))
        }
    }
}

extension Activity {
    /// Does the steps and waits for the end, however it is.
    fileprivate static func run(steps: [Step]) throws -> Status { try Activity(steps).wait() }
}
