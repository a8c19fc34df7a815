import Glibc
import LinuxSystem
import PolicyModel
import Testing

extension KernelSuite {
    /// Actions that signal.
    @Suite("signals of policies", .serialized) struct PolicySignalTests {
        private var live: LivePolicies { .shared }

        /// An argument of umask that nobody else gives.
        private static let met = 421

        /// Acts on who calls umask with `met`.
        private func policy(_ action: String) -> String {
            PolicySample.hook(
                "signals", "sys_umask", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: Equal, values: [\"\(Self.met)\"]}], "
                    + "matchActions: [\(action)]}")
        }

        /// What the event of an action says of it.
        private func said(_ event: CapturedEvent) -> [String] {
            [
                event.body["action"].text, event.body["policies"][0]["action"].text,
                event.body["verdict"].text,
            ]
        }

        // MARK: Signal

        @Test("Signal sends the signal that it names, and says so")
        func signals() throws {
            let reports = try live.run([policy("{action: Signal, argSig: \(SIGUSR1)}")])

            let other = try live.agent.run(.umask(Self.met + 1))
            let met = try live.agent.run(.umask(Self.met), .exit(7))

            #expect(other.status == .exited(0) && live.events(other).isEmpty)
            #expect(met.status == .killed(signal: SIGUSR1, core: false))
            #expect(
                said(try met.only("process_kprobe")) == ["KPROBE_ACTION_SIGNAL", "Signal", "signalled"])
            #expect(live.counts()[1]?.signals == 1)
            // A process may have a handler for it.
            #expect(reports[0].hooks.map(\.effect) == [.observe])
        }

        @Test("Signal with the signal that nobody can catch is as good as Sigkill")
        func killsBySignal() throws {
            let reports = try live.run([policy("{action: Signal, argSig: \(SIGKILL)}")])

            let met = try live.agent.run(.umask(Self.met), .exit(7))

            #expect(met.status == .killed(signal: SIGKILL, core: false))
            #expect(said(try met.only("process_kprobe")) == ["KPROBE_ACTION_SIGNAL", "Signal", "killed"])
            #expect(reports[0].hooks.map(\.effect) == [.killBeforeReturn])
        }

        // MARK: Freeze

        @Test("Freeze stops the process and keeps it: it goes on where somebody lets it")
        func freezes() throws {
            try live.run([policy("{action: Freeze}")])

            let process = try Activity([.umask(Self.met), .report])
            let event = try live.agent.expect("process_kprobe", of: process.pid)

            #expect(isStopped(process))
            #expect(said(event) == ["KPROBE_ACTION_SIGNAL", "Freeze", "signalled"])
            #expect(live.counts()[1]?.signals == 1)
            #expect(kill(pid_t(process.pid), SIGCONT) == 0)
            #expect(try process.report() == process.pid)
            #expect(try process.wait() == .exited(0))
        }

        /// Waits for the state `stopped` of proc(5): the signal is on its way when the event is told.
        private func isStopped(_ process: Activity) -> Bool {
            let deadline = MonotonicClock.now + UInt64(Kernel.patience * 1e9)
            while MonotonicClock.now < deadline {
                if Kernel.readText("/proc/\(process.pid)/stat").contains(") T ") { return true }
                sched_yield()
            }
            return false
        }
    }
}
