import Glibc
import PolicyModel
import Testing

extension KernelSuite {
    /// What killing and refusing does to a call, by mechanism: measured, compared with what status says, and
    /// with the table of docs/effects.md.
    @Suite("effects", .serialized) struct EffectTests {
        private var live: LivePolicies { .shared }

        /// One way to meet system calls, with what is done there.
        enum Way: String, CaseIterable {
            case killAtCall = "Sigkill at a system call"
            case killAtReturn = "Sigkill at its return"
            case killAtTracepoint = "Sigkill at its tracepoint"
            case killAtFunction = "Sigkill at its function"
            case killAtHook = "Sigkill at an LSM hook"
            case refuseCall = "Override at a system call"
            case refuseAtHook = "Override at an LSM hook"
            case refuseAtFunction = "Override at a security_ function"
            case refuseFile = "Override at security_file_open, of a file"

            var refuses: Bool { [.refuseCall, .refuseAtHook, .refuseAtFunction, .refuseFile].contains(self) }
        }

        /// A measured pair.
        struct Row: Hashable {
            var way: Way
            var mechanism: String
            var call: String
            var claimed: EffectClass
            var measured: EffectClass
            var seesResult: Bool

            /// As the page has it.
            var line: String {
                "| \(way.rawValue) | `\(mechanism)` | `\(call)` | \(claimed.rawValue) | "
                    + "\(measured.rawValue) | \(seesResult ? "yes" : "no") |"
            }
        }

        @Test("actions achieve at least what status says, for every mechanism and call")
        func table() throws {
            // What it knows of processes is from before they began.
            try live.run([])
            let rows = try Way.allCases.flatMap { try measure($0) }

            for row in rows {
                print("effect \(row.line)")
                #expect(row.measured >= row.claimed, "\(row)")
                #expect(row.claimed != .prevent || row.measured == .prevent, "\(row)")
            }
            #expect(!rows.isEmpty)
            try TablePage.effects.check(rows.map(\.line))
        }

        private func measure(_ way: Way) throws -> [Row] {
            let round = try EffectRound()
            // What the cases act on stays until all of them are judged.
            defer { withExtendedLifetime(round) {} }
            let cases = round.cases.filter { Self.entry(way, $0, pid: 0) != nil }
            guard !cases.isEmpty else { return [] }
            let processes = try cases.map { try Self.start($0, refused: way.refuses) }
            try live.agent.settle()
            let entries = zip(cases, processes).compactMap { Self.entry(way, $0, pid: $1.pid) }
            let text = PolicySample.policy(
                "effects", Self.section(way) + ":\n" + entries.joined(separator: "\n"))
            let mark = live.agent.capture.count
            let reports: [PolicyReport]
            do {
                reports = try live.run([text])
            } catch let refusal as PolicyRefusal {
                print("effect skipped: \(way.rawValue): \(refusal.reason)")
                return []
            }
            defer { _ = try? live.run([]) }
            return try zip(zip(cases, processes), reports[0].hooks).map { pair, hook in
                let (effect, process) = pair
                process.release()
                let status = try process.wait()
                // A new program has nothing to see, but that it runs.
                let seesResult = status == .exited(effect.call == "execve" ? 0 : Self.seen)
                _ = try live.agent.expect("process_exit", of: process.pid, from: mark)
                try live.agent.settle()
                let story = Story(process, status, live.agent.capture.events(of: process.pid, from: mark))
                return Row(
                    way: way, mechanism: hook.mechanism, call: effect.call, claimed: hook.effect,
                    measured: Self.effect(status, happened: effect.happened(story)), seesResult: seesResult)
            }
        }

        /// How a process ends that goes on after the call.
        private static let seen: Int32 = 7

        private static func effect(_ status: Activity.Status, happened: Bool) -> EffectClass {
            switch status {
            case .killed: happened ? .killBeforeReturn : .killBeforeEffect
            case .exited: happened ? .observe : .prevent
            }
        }

        /// Begins a case; returns when nothing but the call is left to do.
        private static func start(_ effect: EffectCase, refused: Bool) throws -> Activity {
            let act = refused ? effect.act.fails(EPERM) : effect.act
            let process = try Activity(effect.before + [.report, .wait, act, .exit(Int(seen))])
            _ = try process.report()
            // It sleeps in its read: the next call is the one that is meant.
            while !Kernel.readText("/proc/\(process.pid)/stat").contains(") S ") { sched_yield() }
            return process
        }

        private static func section(_ way: Way) -> String {
            switch way {
            case .killAtCall, .killAtReturn, .killAtFunction, .refuseCall, .refuseAtFunction, .refuseFile:
                "kprobes"
            case .killAtTracepoint: "tracepoints"
            case .killAtHook, .refuseAtHook: "lsmhooks"
            }
        }

        /// The entry of a policy that meets a case; nil = there is none.
        private static func entry(_ way: Way, _ effect: EffectCase, pid: Int) -> String? {
            var hook: [String] = []
            switch way {
            case .killAtCall, .refuseCall: hook = ["- call: sys_\(effect.call)", "  syscall: true"]
            case .killAtReturn:
                // Nothing returns from the old program, and what is kept of it is told by the new one.
                guard effect.call != "execve" else { return nil }
                hook = [
                    "- call: sys_\(effect.call)", "  syscall: true", "  return: true",
                    "  returnArg: {index: 0, type: int}",
                ]
            case .killAtFunction:
                hook = ["- call: __x64_sys_\(effect.call)", "  syscall: false"]
            case .killAtTracepoint:
                hook = ["- subsystem: syscalls", "  event: sys_enter_\(effect.call)"]
            case .killAtHook, .refuseAtHook:
                hook = ["- hook: \(effect.lsmHook)"]
            case .refuseAtFunction:
                guard let function = effect.placeFunction, !Kernel.hasLSM else { return nil }
                hook = ["- call: \(function)", "  syscall: false"]
            case .refuseFile: break
            }
            if way == .refuseFile {
                // Fanotify is asked about files that are named.
                return effect.file.map { file in
                    """
                    - call: security_file_open
                      syscall: false
                      args:
                      - {index: 0, type: file}
                      selectors:
                      - matchArgs:
                        - {index: 0, operator: Equal, values: ["\(file)"]}
                        matchActions:
                        - {action: Override, argError: -1}
                    """
                }
            }
            let action = way.refuses ? "{action: Override, argError: -1}" : "{action: Sigkill}"
            let list = way == .killAtReturn ? "matchReturnActions" : "matchActions"
            let selector = [
                "  selectors:", "  - matchPIDs:", "    - {operator: In, values: [\(pid)]}",
                "    \(list):", "    - \(action)",
            ]
            return (hook + selector).joined(separator: "\n")
        }
    }
}
