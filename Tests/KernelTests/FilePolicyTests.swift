import FilePrevention
import Glibc
import PolicyModel
import Testing

/// The test is about fanotify: where LSM refuses, nobody asks.
private let isAsked = !Kernel.hasLSM && FilePrevention.obstacle == nil
/// io_uring can be switched off (kernel.io_uring_disabled).
private let hasRing = Kernel.can(Step("ring", 0, 0, 0, "", 0, 0))

extension KernelSuite {
    /// Files that policies keep from being opened, run, read and written.
    @Suite("policies on files", .serialized) struct FilePolicyTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }
        private var secret: String { folder / "secret" }

        init() throws {
            let file = unsafe fopen(secret, "we")
            unsafe fputs("secret", file)
            unsafe fclose(file)
        }

        /// Refused tries, tries that came through, bytes that somebody got.
        private func numbers(_ steps: Step...) throws -> [Int] {
            let activity = try Activity(steps)
            let numbers = try (0..<3).map { _ in try activity.report() }
            #expect(try activity.wait() == .exited(0))
            return numbers
        }

        @Test(
            "a file that must not be opened gives no byte to anybody who shares descriptors, nor by io_uring",
            .enabled(if: Kernel.hasLSM || isAsked, "needs BPF LSM or fanotify"),
            arguments: ["alone", "thread", "sibling", "ring"])
        func secrets(way: String) throws {
            guard way != "ring" || hasRing else { return }
            let tries = Kernel.scaled(100_000)
            let reports = try live.run([FilePolicySample.refusesOpens(secret)])

            let numbers = try numbers(Step("steal", secret, way, tries))

            #expect(numbers == [tries, 0, 0])
            #expect(live.counts()[1]?.overrides == UInt64(tries))
            #expect(reports[0].hooks.map(\.effect) == [.prevent])
            if isAsked {
                #expect(reports[0].hooks.map(\.mechanism) == ["fanotify"])
                #expect(reports[0].hooks.map(\.condition) == ["while secd lives"])
            }
        }

        @Test(
            "a file that may be opened and not be used gives no byte, and takes none, in any way",
            .enabled(if: isAsked, "fanotify does not refuse here"),
            arguments: ["read", "write", "ring", "sendfile", "splice", "cut", "truncate", "mmap"])
        func uses(way: String) throws {
            guard way != "ring" || hasRing else { return }
            let tries = Kernel.scaled(["sendfile", "mmap"].contains(way) ? 100_000 : 10_000)
            try live.run([FilePolicySample.refusesUse(secret)])

            let numbers = try numbers(Step("use", secret, way, tries))
            try live.run([])

            #expect(numbers == [tries, 0, 0])
            #expect(Kernel.readText(secret) == "secret")
        }

        @Test("who is killed at the begin of a read has no byte, and status promises no more than its end")
        func killedReaders() throws {
            let tries = Kernel.scaled(5000)
            let reports = try live.run([FilePolicySample.killsReaders(secret)])

            let numbers = try numbers(Step("peek", secret, tries))

            #expect(numbers == [tries, 0, 0])
            #expect(live.counts()[1]?.signals == UInt64(tries))
            #expect(reports[0].hooks.map(\.effect) == [.killBeforeReturn])
        }

        @Test(
            "while generations change, no open succeeds that both the old and the new one forbid",
            .enabled(if: Kernel.hasLSM || isAsked, "needs BPF LSM or fanotify"))
        func flips() throws {
            // All of them in one process, which is quick on emulated machines, too.
            let tries = Kernel.hasLSM ? 200_000 : Kernel.scaled(100_000)
            let text = FilePolicySample.refusesOpens(secret)
            try live.run([text])
            let activity = try Activity([Step("steal", secret, "alone", tries)])

            var round = 0
            var isOver = false
            while !isOver {
                round += 1
                // Other marks, and other tables: a group follows a group.
                let others = FilePolicySample.refusesOpens(folder / "other-\(round)", name: "others")
                try live.run(round % 2 == 0 ? [text] : [text, others])
                isOver = Self.hasEnded(activity.pid)
            }
            let numbers = try (0..<3).map { _ in try activity.report() }
            #expect(try activity.wait() == .exited(0))

            #expect(numbers == [tries, 0, 0])
            #expect(round > 1)
        }

        /// A process that nobody has waited for yet.
        private static func hasEnded(_ pid: Int) -> Bool {
            Kernel.readText("/proc/\(pid)/stat").contains(") Z ")
        }

        @Test(
            "the event names the file as the policy does, whatever it was opened by, and who tried",
            .enabled(if: isAsked, "fanotify does not refuse here"))
        func tells() throws {
            unsafe link(secret, folder / "another")
            try live.run([FilePolicySample.refusesOpens(secret, tells: true)])

            let story = try live.agent.run(
                .open(.path(folder / "another"), O_RDONLY).fails(EPERM), .open("/dev/null", O_RDONLY))

            #expect(story.status == .exited(0))
            let event = try story.only("process_lsm")
            #expect(event.body["verdict"].text == "denied")
            #expect(event.body["function_name"].text == "file_open")
            #expect(event.body["args"][0]["file_arg"]["path"].text == secret)
            #expect(event.process["pid"].int == story.pid)
        }

        @Test(
            "who is excepted opens the file, all others do not",
            .enabled(if: isAsked, "fanotify does not refuse here"))
        func exceptions() throws {
            let cat = Kernel.resolved("/bin/cat")
            try live.run([FilePolicySample.refusesOpens(secret, butFor: cat)])

            let reader = try live.agent.run(.exec(cat, ["cat", secret]))
            let other = try live.agent.run(.open(.path(secret), O_RDONLY).fails(EPERM))

            #expect([reader.status, other.status] == [.exited(0), .exited(0)])
            #expect(live.counts()[1]?.overrides == 1)
        }

        @Test(
            "a program that must not be run is not run; another one is",
            .enabled(if: Kernel.hasLSM || isAsked, "needs BPF LSM or fanotify"))
        func runs() throws {
            let program = try folder.copy("/bin/true", as: "forbidden")
            let free = try folder.copy("/bin/true", as: "free")
            try live.run([FilePolicySample.refusesRuns(program)])

            let refused = try live.agent.run(Step.exec(program).fails(EPERM))
            let allowed = try live.agent.run(.exec(free))

            #expect(refused.status == .exited(0) && refused.execs.isEmpty)
            #expect(allowed.status == .exited(0))
        }

        @Test(
            "in mode monitor the file is opened, and the event says what would have been",
            .enabled(if: isAsked, "fanotify does not refuse here"))
        func monitors() throws {
            let text = FilePolicySample.refusesOpens(secret, tells: true).replacing(
                "  lsmhooks:", with: "  options:\n  - name: policy-mode\n    value: monitor\n  lsmhooks:")
            try live.run([text])

            let story = try live.agent.run(.open(.path(secret), O_RDONLY))

            #expect(story.status == .exited(0))
            #expect(try story.only("process_lsm").body["would_be"].text == "denied")
            #expect(live.counts()[1]?.monitoredOverrides == 1)
        }

        @Test(
            "who opens a file is killed before it has it",
            .enabled(if: isAsked, "fanotify does not refuse here"))
        func kills() throws {
            let text = FilePolicySample.refusesOpens(secret, tells: true).replacing(
                "- action: Override\n        argError: -1", with: "- action: Sigkill")
            try live.run([text])

            let story = try live.agent.run(.open(.path(secret), O_RDONLY))

            #expect(story.status == .killed(signal: SIGKILL, core: false))
            #expect(try story.only("process_lsm").body["verdict"].text == "killed")
        }

        @Test(
            "an override of openat by a path is done by asking about the file, also where a link leads to it",
            .enabled(if: isAsked, "fanotify does not refuse here"))
        func calls() throws {
            folder.link("link", to: secret)
            let reports = try live.run([FilePolicySample.refusesCalls(secret)])

            let story = try live.agent.run(
                .openat(Call.here, .path(folder / "link"), O_RDONLY).fails(EPERM),
                .openat(Call.here, "/dev/null", O_RDONLY))

            #expect(story.status == .exited(0))
            #expect(reports[0].hooks.map(\.mechanism) == ["fanotify"])
            #expect(live.counts()[1]?.overrides == 1)
        }

        @Test(
            "what fanotify does not tell is refused at its line",
            .enabled(if: isAsked, "fanotify does not refuse here"),
            arguments: [
                (
                    FilePolicySample.refusesOpens("relative").replacing("Equal", with: "Postfix"),
                    "by Equal or Prefix"
                ),
                (FilePolicySample.refusesUse("/etc/hostname", access: "2"), "writes from reads"),
                (FilePolicySample.refusesUse("/dev/shm/secd-test"), "ext4, XFS or Btrfs"),
                (
                    FilePolicySample.refusesOpens("/etc/hostname").replacing("file_open", with: "mmap_file"),
                    "cannot refuse the call"
                ),
            ])
        func limits(text: String, reason: String) throws {
            let file = unsafe fopen("/dev/shm/secd-test", "we")
            unsafe fclose(file)
            defer { unsafe unlink("/dev/shm/secd-test") }

            let refusal = try #require(try live.refusal([text]))

            #expect(refusal.faults.count == 1)
            #expect(refusal.faults.first?.reason.contains(reason) == true, "\(refusal)")
        }
    }
}

/// Texts of policies on files.
enum FilePolicySample {
    /// Opens of a file fail. Without `tells` there are no events, only counters.
    static func refusesOpens(
        _ path: String, name: String = "opens", tells: Bool = false, butFor binary: String? = nil
    ) -> String {
        let exception = binary.map {
            "\n    matchBinaries:\n    - {operator: NotIn, values: [\"\($0)\"]}"
        }
        return PolicySample.policy(
            name,
            """
            lsmhooks:
            - hook: file_open
              args:
              - {index: 0, type: file}
              selectors:
              - matchArgs:
                - {index: 0, operator: Equal, values: ["\(path)"]}
                matchActions:
                - action: Override
                  argError: -1\(tells ? "" : "\n    - action: NoPost")
            """ + (exception ?? ""))
    }

    /// Reads and writes of a file fail, also by descriptors.
    static func refusesUse(_ path: String, access: String? = nil) -> String {
        let condition = access.map { "\n    - {index: 1, operator: Equal, values: [\"\($0)\"]}" }
        return PolicySample.policy(
            "uses",
            """
            lsmhooks:
            - hook: file_permission
              args:
              - {index: 0, type: file}
              - {index: 1, type: int}
              selectors:
              - matchArgs:
                - {index: 0, operator: Equal, values: ["\(path)"]}\(condition ?? "")
                matchActions:
                - action: Override
                  argError: -1
                - action: NoPost
            """)
    }

    /// Who reads a file is killed, without an event.
    static func killsReaders(_ path: String) -> String {
        PolicySample.hook(
            "readers", "sys_read", [(0, "fd")],
            selector: "{matchArgs: [{index: 0, operator: Equal, values: [\"\(path)\"]}], "
                + "matchActions: [{action: Sigkill}, {action: NoPost}]}")
    }

    /// A program is not run.
    static func refusesRuns(_ path: String) -> String {
        PolicySample.policy(
            "runs",
            """
            lsmhooks:
            - hook: bprm_check_security
              args:
              - {index: 0, type: linux_binprm}
              selectors:
              - matchArgs:
                - {index: 0, operator: Equal, values: ["\(path)"]}
                matchActions:
                - action: Override
                  argError: -1
            """)
    }

    /// A system call with a path fails.
    static func refusesCalls(_ path: String) -> String {
        PolicySample.policy(
            "calls",
            """
            kprobes:
            - call: sys_openat
              syscall: true
              args:
              - {index: 1, type: string}
              selectors:
              - matchArgs:
                - {index: 1, operator: Equal, values: ["\(path)"]}
                matchActions:
                - action: Override
                  argError: -1
            """)
    }
}
