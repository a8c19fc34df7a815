import AgentModel
import Configuration
import Foundation
import TestSupport
import Testing

extension DaemonSuite {
    /// A start that is refused says why in a sentence, and with an exit code that a service manager can act on.
    @Suite struct StartTests {
        private func refused(
            yaml: String = "", _ arguments: [String] = [], wrapper: [String] = [], in folder: Folder? = nil,
            environment: [String: String] = [:]
        ) throws -> (ending: Ending, said: String) {
            let daemon = try TestDaemon(
                in: folder, yaml: yaml, arguments, environment: environment, wrapper: wrapper)
            return (daemon.program.wait(), daemon.log)
        }

        @Test func aWrongConfigurationIsShownWithItsLines() throws {
            let daemon = try TestDaemon(yaml: "sokcet: /x\nexport:\n  file:\n    max-size: 10Q\n")
            #expect(daemon.program.wait() == .code(78))
            let file = daemon.folder / "secd.yaml"
            #expect(
                daemon.log == """
                    \(file):1:1: error: sokcet: unknown key
                        1 | sokcet: /x
                          | ^~~~~~ did you mean "socket"?
                    \(file):4:15: error: export.file.max-size: expected a size, found "10Q"
                        4 |     max-size: 10Q
                          |               ^~~ like 64K, 16M or 1G

                    """)
            #expect(!exists(daemon.state) && !exists(daemon.pins) && !exists(daemon.exportFile))
        }

        @Test func anExpressionThatDoesNotCompileIsShownWithItsLine() throws {
            let daemon = try TestDaemon(yaml: "events:\n  redact: ['--password[= (\\S+']\n")
            #expect(daemon.program.wait() == .code(78))
            #expect(
                daemon.log.hasPrefix(
                    "\(daemon.folder / "secd.yaml"):2:12: error: events.redact[0]: expression"),
                "\(daemon.log)")
            #expect(daemon.log.contains("a [ without its ]") && daemon.log.hasSuffix("\n"))
        }

        @Test(arguments: [["--bogus"], ["--socket"], ["--export-file-max-size", "1M"]])
        func aWrongFlagIsUsage(_ arguments: [String]) throws {
            let run = try Run.program([Programs.secd] + arguments)
            #expect(run.ending == .code(64))
            #expect(
                run.errors.hasPrefix("Error: ") && run.errors.contains(arguments[0])
                    && run.errors.hasSuffix("\n"))
        }

        @Test func aWrongValueOfAFlagIsAWrongConfiguration() throws {
            let run = try Run.program([Programs.secd, "--log-level", "loud"])
            #expect(run.ending == .code(78))
            #expect(
                run.errors
                    == "--log-level: error: unknown value \"loud\" (one of: trace, debug, info, notice, warning, error, critical)\n"
            )
        }

        @Test func helpNamesEveryFlagOfTheSettingsAndEveryExitCode() throws {
            let help = try Run.program([Programs.secd, "--help"])
            #expect(help.ending == .code(0))
            let words = help.output.split { !($0.isLetter || $0.isNumber || $0 == "-") }.map(String.init)
            let flags = Set(words.filter { $0.hasPrefix("--") })
            #expect(
                flags
                    == Set(SettingTable.all.compactMap(\.flag)).union([
                        "--config", "--show-config", "--version", "--help",
                    ]))
            for code in [0, 64, 69, 71, 73, 77, 78] {
                #expect(
                    help.lines.contains { $0.trimmingPrefix { $0 == " " }.hasPrefix("\(code) ") }, "\(code)")
            }
        }

        @Test func everyFlagOfTheSettingsSetsIt() throws {
            for setting in SettingTable.all {
                guard let flag = setting.flag else { continue }
                let values = [
                    "--log-level": ["debug"], "--metrics": ["127.0.0.1:2112"], "--export-journald": [],
                    "--enrich-wait": ["1s"],
                ]
                let run = try Run.program(
                    [Programs.secd, "--config", "/dev/null", flag] + (values[flag] ?? ["/some/value"]) + [
                        "--show-config"
                    ])
                #expect(run.ending == .code(0), "\(flag): \(run.errors)")
                let line = run.lines.first { $0.hasPrefix("\(setting.name): ") } ?? ""
                #expect(line.hasSuffix("  # \(flag)"), "\(line)")
            }
        }

        @Test func withoutRightsTheReasonIsTheOnlyThingSaid() throws {
            let run = try Run.program([
                "/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", Programs.secd,
                "--config", "/dev/null",
            ])
            #expect(run.ending == .code(77))
            #expect(
                run.errors
                    == "secd: no right to load kernel programs: CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE missing; run secd as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE\n"
            )
        }

        @Test func aMissingCapabilityIsNamed() throws {
            let result = try refused(
                wrapper: ["/usr/bin/setpriv", "--bounding-set=-sys_admin,-perfmon", "--inh-caps=-all"])
            #expect(result.ending == .code(77))
            #expect(
                result.said
                    == "secd: no right to load kernel programs: CAP_PERFMON missing; run secd as root, or with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE\n"
            )
        }

        @Test func withoutBTFTheKernelIsToBlame() throws {
            let result = try refused(wrapper: Namespace.wrapper("mount -t tmpfs secd-test /sys/kernel/btf"))
            #expect(result.ending == .code(69))
            #expect(
                result.said
                    == "secd: this kernel has no BTF (/sys/kernel/btf/vmlinux): secd needs Linux 6.1 or later built with CONFIG_DEBUG_INFO_BTF\n"
            )
        }

        @Test func withoutTracefsItStartsAndSaysWhatItCannotSee() throws {
            let daemon = try TestDaemon.started(
                wrapper: Namespace.wrapper(
                    "(mount -t bpf secd-test /sys/fs/bpf || true) && mount -t tmpfs secd-test /sys/kernel/tracing && mount -o remount,ro /sys/kernel/tracing"
                )
                    + ["/usr/bin/setpriv", "--bounding-set=-sys_admin", "--inh-caps=-all"])
            let warnings = daemon.log.split(separator: "\n").filter {
                $0.contains("tracefs") && $0.contains("warning")
            }
            #expect(warnings.count == 1, "\(daemon.log)")
            let sensors = try daemon.status.sensors
            let socket = try #require(sensors.first { $0.name == "socket" })
            #expect(
                socket.mechanisms["accept"] == "none" || socket.mechanisms["accept"]?.hasPrefix("f") == true)
            #expect(!socket.blindSpots.isEmpty)
            try daemon.settle()
            try daemon.stop()
        }

        @Test func anExportFileThatCannotBeWrittenEndsTheStart() throws {
            let folder = try Folder()
            _ = try folder.write("plain", "")
            let result = try refused(["--export-file", folder / "plain/events.json"], in: folder)
            #expect(result.ending == .code(73))
            #expect(
                result.said.hasSuffix(
                    "secd: cannot open \(folder / "plain/events.json"): Not a directory; --export-file takes the path of a file in a directory\n"
                ), "\(result.said)")
            #expect(!exists(TestDaemon.pins(in: folder)))
            let readOnly = try refused(["--export-file", "/sys/kernel/events.json"])
            #expect(readOnly.ending == .code(73))
            #expect(readOnly.said.contains("secd: cannot open /sys/kernel/events.json: "))
        }

        /// Whoever configures a policy believes that it acts: that it does not is a problem, not a note.
        /// Whether the kernel runs LSM programs: then nothing keeps the policy of the next test from running.
        private static let hasLSM = readText("/sys/kernel/security/lsm").split(separator: ",").contains("bpf")

        @Test(.disabled(if: hasLSM, "this kernel runs LSM programs"))
        func policiesThatDoNotRunAreProblems() throws {
            let folder = try Folder()
            let text = """
                apiVersion: cilium.io/v1alpha1
                kind: TracingPolicy
                metadata:
                  name: opens
                spec:
                  lsmhooks:
                  - hook: file_open

                """
            let policy = try folder.write("opens.yaml", text)
            let broken = try folder.write("broken.yaml", "kind: TracingPolicy\n")
            let daemon = try TestDaemon.started(["--policy", policy, broken, "/b"])
            let missing = "no policies from /b: No such file or directory"
            let reason = "spec.lsmhooks[0]: lsm:file_open cannot be hooked: LSM hooks need BPF LSM: "
            // Policies are taken up beside the start, not before it.
            var problems: [String] = []
            #expect(
                eventually(30) {
                    problems = (try? daemon.status.problems) ?? []
                    return problems.count == 3
                }, "\(problems)")
            #expect(problems.contains(missing), "\(problems)")
            #expect(
                problems.contains { $0.hasPrefix("policy opens: \(policy):7:5: error: \(reason)") },
                "\(problems)")
            #expect(problems.contains { $0.hasPrefix("policy broken.yaml: \(broken):1:") }, "\(problems)")
            #expect(daemon.log.contains(reason), "\(daemon.log)")
            #expect(daemon.log.contains("secd error: \(missing)\n"), "\(daemon.log)")
            #expect(try daemon.secctl("status").ending == .code(1))
            try daemon.stop()
        }

        @Test(arguments: [
            (["--netns", "/no/such"], "it must name a network namespace"),
            (["--cgroup-root", "/proc"], "--cgroup-root /proc is not a directory of cgroup v2"),
        ])
        func aScopeThatIsNoneIsAWrongConfiguration(_ arguments: [String], _ part: String) throws {
            let folder = try Folder()
            let result = try refused(arguments, in: folder)
            #expect(result.ending == .code(78))
            #expect(result.said.contains(part), "\(result.said)")
            #expect(!exists(TestDaemon.pins(in: folder)))
            #expect(!exists(TestDaemon.exportFile(in: folder)))
        }

        @Test func linesOfTheLogHaveATimeUnlessTheJournalGivesOne() throws {
            let daemon = try TestDaemon.started()
            try daemon.stop()
            let lines = daemon.log.split(separator: "\n")
            #expect(lines.count > 3)
            for line in lines {
                #expect(
                    line.wholeMatch(
                        of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z secd (info|notice|warning): .+/) != nil,
                    "\(line)")
            }
            let journaled = try TestDaemon.started(environment: ["JOURNAL_STREAM": "8:1"])
            try journaled.stop()
            for line in journaled.log.split(separator: "\n") {
                #expect(line.wholeMatch(of: /<[456]>[^<>]+/) != nil, "\(line)")
            }
        }

        @Test func aMisspeltVariableIsAWarningOfTheSettingsToo() throws {
            let run = try Run.program(
                [Programs.secd, "--config", "/dev/null", "--show-config"], environment: ["SECD_SOKCET": "/x"])
            #expect(run.ending == .code(0))
            #expect(
                run.errors
                    == "SECD_SOKCET: warning: is not a variable of secd and has no effect (did you mean SECD_SOCKET?)\n"
            )
            #expect(run.lines.allSatisfy { $0.contains("  # ") })
        }

        @Test func aMisspeltVariableIsAWarning() throws {
            let daemon = try TestDaemon.started(environment: ["SECD_SOKCET": "/x"])
            #expect(
                daemon.log.contains(
                    "secd warning: SECD_SOKCET: is not a variable of secd and has no effect (did you mean SECD_SOCKET?)\n"
                ))
            try daemon.stop()
        }
    }
}
