import Foundation
import Glibc
import LinuxSystem
import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

extension KernelSuite {
    /// Real policies of the field (../shared/corpus), each loaded as it is, but without enforcing: they shall
    /// not act on the machine. They lie outside of the repository, and stay there.
    @Suite("corpus", .serialized) struct CorpusRunTests {
        private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../shared/corpus/tracing-policies").standardized.path
        private static var isHere: Bool { unsafe access(folder, R_OK) == 0 }
        private var live: LivePolicies { .shared }

        /// What became of a file.
        enum Outcome {
            case noPolicy
            /// Found by the check, with lines.
            case errors([(line: Int, message: String)])
            /// Found when it was loaded.
            case refused([PolicyRefusal.Fault])
            case loaded(PolicyReport)
        }

        /// Steps that set a policy off, and the hook that then tells.
        struct Trigger {
            var file: String
            var hook: String
            var steps: [Step]
        }

        private static var triggers: [Trigger] {
            [
                Trigger(
                    file: "tracingpolicy/sys_mount.yaml", hook: "__x64_sys_mount",
                    steps: [Step("mount", "none", "/nowhere", "tmpfs", 0).fails(ENOENT)]),
                Trigger(
                    file: "tracingpolicy/sys_ptrace.yaml", hook: "__x64_sys_ptrace",
                    steps: [.call(101, 0x4206, 0, 0, 0).fails(ESRCH)]),
                Trigger(
                    file: "tracingpolicy/openat_write.yaml", hook: "__x64_sys_openat",
                    steps: [.openat(Call.here, "/etc/passwd", O_RDWR)]),
                Trigger(
                    file: "tracingpolicy/raw_syscalls.yaml", hook: "raw_syscalls/sys_enter",
                    steps: [.umask(0o22)]),
                Trigger(
                    file: "tracingpolicy/security-socket-connect.yaml", hook: "security_socket_connect",
                    steps: [
                        .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.1,1").fails(ECONNREFUSED),
                    ]),
                Trigger(
                    file: "tracingpolicy/tcp-connect.yaml", hook: "tcp_connect",
                    steps: [
                        .socket(0, Net.inet, Net.stream), .connect(0, "4,127.0.0.1,1").fails(ECONNREFUSED),
                    ]),
                Trigger(
                    file: "tracingpolicy/lsm_file_open.yaml", hook: "file_open",
                    steps: [.exec("/usr/bin/cat", ["cat", "/etc/passwd"])]),
                Trigger(
                    file: "tracingpolicy/filename_monitoring.yaml", hook: "security_file_permission",
                    steps: [
                        .open("/etc/passwd", O_RDONLY),
                        .call(9, .number(Call.mapping), 4096, 3, 0x32, -1, 0),
                        .call(0, .number(Call.first), .number(Call.mapping), 1),
                    ]),
            ]
        }

        @Test(
            "every policy of the field loads, or is refused with the reason at its line",
            .enabled(if: isHere, "../shared/corpus is not here"))
        func all() throws {
            let files = try FileManager.default.subpathsOfDirectory(atPath: Self.folder)
                .filter { $0.hasSuffix(".yaml") }.sorted()
            try #require(files.count >= 45)
            defer { _ = try? live.run([]) }

            var loaded: Set<String> = []
            for file in files {
                let text = text(of: file)
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                let outcome = try live.load(file: file, text)
                // Some tell every system call of the machine.
                try live.run([])
                for line in Self.describe(outcome) { print("corpus | \(file) | \(line) |") }
                judge(outcome, file, lines)
                if case .loaded = outcome { loaded.insert(file) }
            }
            for trigger in Self.triggers where loaded.contains(trigger.file) {
                try drain()
                try set(off: trigger)
                try live.run([])
            }
            try drain()
        }

        private func text(of file: String) -> String { Kernel.readText("\(Self.folder)/\(file)") }

        /// Waits until everything is delivered that was told before, however much it is.
        private func drain() throws {
            let mark = live.agent.capture.count
            let marker = try Activity([])
            try marker.wait()
            let end = live.agent.capture.wait(2 * Kernel.patience, of: marker.pid, from: mark) {
                $0.kind == "process_exit"
            }
            try #require(end != nil)
        }

        private func set(off trigger: Trigger) throws {
            guard case .loaded = try live.load(file: trigger.file, text(of: trigger.file)) else {
                Issue.record("\(trigger.file) does not load again")
                return
            }
            let mark = live.agent.capture.count
            let activity = try Activity(trigger.steps)
            #expect(try activity.wait() == .exited(0), "\(trigger.file)")
            try live.run([])
            try drain()
            let hooks = live.agent.capture.events(of: activity.pid, from: mark).map { event in
                event.kind == "process_tracepoint"
                    ? "\(event.body["subsys"].text)/\(event.body["event"].text)"
                    : event.body["function_name"].text
            }
            #expect(hooks.contains(trigger.hook), "\(trigger.file): \(hooks)")
        }

        /// A file may be refused for what it says or for what this kernel lacks, and for nothing else.
        private func judge(_ outcome: Outcome, _ file: String, _ lines: [String]) {
            switch outcome {
            case .noPolicy, .loaded: break
            case .errors(let errors):
                for error in errors {
                    let line = lines.indices.contains(error.line - 1) ? lines[error.line - 1] : ""
                    let isPlaceToFillIn = error.message.hasSuffix("is no address") && line.contains("${")
                    let isMissingSymbol =
                        error.message.contains("has no ")
                        && Self.quoted(error.message).contains { line.contains($0) }
                    let isMissingFile = Self.isMissingFile(error.message)
                    #expect(
                        isPlaceToFillIn || isMissingSymbol || isMissingFile,
                        "\(file):\(error.line): \(error.message)")
                }
            case .refused(let faults):
                #expect(!faults.isEmpty, "\(file)")
                for fault in faults {
                    #expect(lines.indices.contains(Int(fault.place.line) - 1), "\(file): \(fault)")
                    let isWeak = Self.weaknesses.contains { fault.reason.contains($0) }
                    #expect(
                        isWeak || Self.isMissingFile(fault.reason)
                            || !Kernel.hasLSM && Self.obstacles.contains { fault.reason.contains($0) },
                        "\(file):\(fault.place.line): \(fault.reason)")
                }
            }
        }

        /// What stands in quotation marks.
        private static func quoted(_ message: String) -> [Substring] {
            message.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { $0.offset % 2 == 1 }.map(\.element)
        }

        /// Programs of other machines.
        private static func isMissingFile(_ reason: String) -> Bool {
            reason.hasSuffix("is not there")
        }

        /// Of kernels without LSM, fentry and kprobes.
        private static let obstacles = ["need fentry", "LSM hooks need BPF LSM", "cgroup2", "fanotify"]
        /// Of every kernel: not every system call can be refused, names that programs pass are not trusted, and
        /// nobody here lets policies ask over the network.
        private static let weaknesses = [
            "cannot refuse the call", "degraded: true", "the setting policy-outreach allows it",
        ]

        private static func describe(_ outcome: Outcome) -> [String] {
            switch outcome {
            case .noPolicy: return ["no policy"]
            case .errors(let errors): return errors.map { "refused | line \($0.line): \($0.message)" }
            case .refused(let faults): return faults.map { "refused | line \($0.place.line): \($0.reason)" }
            case .loaded(let report):
                let mechanisms = Set(report.hooks.map(\.mechanism)).sorted().prefix(6)
                return ["loaded | \(report.hooks.count) hooks: \(mechanisms.joined(separator: ", "))"]
            }
        }
    }
}

extension LivePolicies {
    /// Loads a file as it is, but in mode monitor, in the place of what runs.
    func load(file: String, _ text: String) throws -> KernelSuite.CorpusRunTests.Outcome {
        var batch = PolicyBatch(settings)
        batch.add(file: file, bytes: Array(text.utf8))
        let errors = batch.files[0].diagnostics.filter { $0.severity == .error }
        if errors.contains(where: { $0.message.contains("\"apiVersion\" is missing") }) { return .noPolicy }
        if !errors.isEmpty { return .errors(errors.map { ($0.line, $0.message) }) }
        guard !batch.policies.isEmpty else { return .noPolicy }
        let policies = batch.policies.map { policy in
            var policy = policy
            policy.mode = .monitor
            return policy
        }
        switch replace(text, policies) {
        case .success(let reports): return .loaded(reports[0])
        case .failure(let refusal): return .refused(refusal.faults)
        }
    }
}
