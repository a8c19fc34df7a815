import Glibc
import LinuxSystem
import PolicyModel
import Testing

extension KernelSuite {
    /// Actions that signal, and NotifyEnforcer, which acts where it stands.
    @Suite("signals of policies", .serialized) struct PolicySignalTests {
        private var live: LivePolicies { .shared }

        /// An argument of umask that nobody else gives.
        private static let met = 421

        /// Acts on who calls umask with `met`.
        private func policy(_ action: String, spec: String = "") -> String {
            PolicySample.hook(
                "signals", "sys_umask", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: Equal, values: [\"\(Self.met)\"]}], "
                    + "matchActions: [\(action)]}"
            ).replacing("spec:\n", with: "spec:\n\(spec)")
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

        // MARK: NotifyEnforcer

        @Test(
            "NotifyEnforcer with a signal acts at its own hook, and the calls of spec.enforcers go on",
            arguments: [(SIGKILL, "killed", EffectClass.killBeforeReturn), (SIGUSR1, "signalled", .observe)])
        func notifies(_ signal: Int32, _ verdict: String, _ effect: EffectClass) throws {
            let reports = try live.run([
                policy(
                    "{action: NotifyEnforcer, argSig: \(signal)}",
                    spec: "  enforcers:\n  - calls: [sys_alarm]\n")
            ])

            // alarm(2), before and behind a call that is near the one that is meant.
            let other = try live.agent.run(.call(37, 0), .umask(Self.met + 1), .call(37, 0))
            let met = try live.agent.run(.call(37, 0), .umask(Self.met), .exit(7))

            #expect(other.status == .exited(0) && live.events(other).isEmpty)
            #expect(met.status == .killed(signal: signal, core: false))
            #expect(
                said(try met.only("process_kprobe"))
                    == ["KPROBE_ACTION_NOTIFYENFORCER", "NotifyEnforcer", verdict])
            #expect(live.counts()[1]?.signals == 1)
            #expect(reports[0].hooks.map(\.effect) == [effect])
            #expect(reports[0].hooks[0].blindSpots.contains { $0.contains("not at the calls of") })
        }

        @Test(
            "NotifyEnforcer with an error refuses the call of its own hook, and no call of spec.enforcers",
            .enabled(if: Kernel.cgroupRoot != nil, "needs a cgroup2 hierarchy"))
        func refuses() throws {
            let text = PolicySample.deniesConnects("127.0.0.9/32")
                .replacing("action: Override", with: "action: NotifyEnforcer")
                .replacing("spec:\n", with: "spec:\n  enforcers:\n  - calls: [sys_bind]\n")
            let reports = try live.run([text])

            let story = try live.agent.run(
                .socket(0, Net.inet, Net.stream), .bind(0, "4,127.0.0.1,0"),
                .connect(0, "4,127.0.0.9,1").fails(EPERM), .connect(0, "4,127.0.0.8,1").fails(ECONNREFUSED))

            #expect(story.status == .exited(0))
            let event = try story.only("process_kprobe")
            #expect(said(event) == ["KPROBE_ACTION_NOTIFYENFORCER", "NotifyEnforcer", "denied"])
            #expect(event.body["error"].text == "EPERM")
            #expect(live.counts()[1]?.overrides == 1)
            #expect(reports[0].hooks.map(\.effect) == [.prevent])
        }

        @Test("NotifyEnforcer with an error is refused where the call cannot be")
        func refusesNothing() throws {
            let text = policy(
                "{action: NotifyEnforcer, argError: -1}", spec: "  enforcers:\n  - calls: [sys_umask]\n")

            let refusal = try #require(try live.refusal([text]))

            #expect(refusal.faults.count == 1)
            #expect(refusal.faults[0].reason.contains("cannot refuse the call"))
        }
    }
}
