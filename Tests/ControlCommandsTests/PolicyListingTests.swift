import AgentModel
import ArgumentParser
import ControlCommands
import Testing

/// What `secctl policy list` and `status` show.
@Suite struct PolicyListingTests {
    private static func policies() -> [PolicyStatus] {
        var counters = PolicyCounters()
        counters.post = 1200
        counters.heldBack = 3
        counters.signal = 4
        counters.override = 1
        counters.monitorSignal = 2
        var keys = PolicyStatus(
            id: 1, name: "keys", namespace: "demo", domain: "static", source: "/etc/keys.yaml",
            state: .enabled, mode: .enforce, enabled: true, warnings: ["/etc/keys.yaml:3:1: warning: odd"],
            kernelBytes: 4096)
        keys.hooks = [
            PolicyHookStatus(
                path: "spec.kprobes[0]", section: "kprobes", index: 0, point: "security_file_open",
                state: "loaded", mechanism: "tracepoint/sys_exit_open*", effect: "kill-before-return",
                blindSpots: ["opens by io_uring are not seen"], degraded: true),
            PolicyHookStatus(
                path: "spec.kprobes[1]", section: "kprobes", index: 1, point: "fd_install",
                state: "call_not_found", mechanism: "", effect: "observe", blindSpots: [], degraded: false),
        ]
        keys.selectors = [
            PolicySelectorStatus(
                hook: "security_file_open", hookIndex: 0, selectorIndex: 1, label: "", counters: counters)
        ]
        let broken = PolicyStatus(
            id: 0, name: "broken", namespace: "", domain: "grpc", source: "API (b.yaml)", state: .loadError,
            mode: .enforce, enabled: true, error: "b.yaml:1:1: error: no\n    1 | x")
        return [keys, broken]
    }

    @Test func list() throws {
        let rows = Self.policies().map { PolicyRow(policy: $0) }
        let text = try Listing.text(rows, as: .table, Palette(isOn: false))
        #expect(
            text.split(separator: "\n").map(String.init) == [
                "policy     state       mode     hooks  effect                       posts  enforced  monitored  memory  from",
                "demo/keys  enabled     enforce      2  kill-before-return, observe  1,200         5          2   4 KiB  /etc/keys.yaml",
                "broken     load_error  enforce      0  -                                0         0          0     0 B  API (b.yaml)",
            ])
    }

    @Test func status() {
        let text = PolicyStatusText(Self.policies(), palette: Palette(isOn: false))
        #expect(
            text.lines == [
                "demo/keys  enabled, enforce  from /etc/keys.yaml, 4 KiB in the kernel",
                "  /etc/keys.yaml:3:1: warning: odd",
                "  security_file_open  tracepoint/sys_exit_open*  kill-before-return  degraded",
                "    but opens by io_uring are not seen",
                "  fd_install          call not found             observe",
                "  posts 1,200, held back 3, enforced 5, monitored 2",
                "broken  load_error, enforce  from API (b.yaml)",
                "  b.yaml:1:1: error: no",
                "      1 | x",
            ])
        #expect(PolicyStatusText([], palette: Palette(isOn: false)).lines == ["no policies"])
    }

    @Test(arguments: [
        ["policy", "add", "-m", "monitor", "--replace", "--force", "a.yaml", "-"],
        ["tp", "list", "-o", "text"], ["tracingpolicy", "delete", "keys", "-n", "demo"],
        ["policy", "status"], ["policy", "status", "keys", "-o", "json"], ["policy", "enable", "keys"],
        ["policy", "disable", "keys"], ["policy", "set-mode", "keys", "enforce"],
        ["policy", "explain", "a.yaml", "events.json"],
    ])
    func verbsOfTetraAreUnderstood(arguments: [String]) throws {
        _ = try Secctl.parseAsRoot(arguments)
    }

    @Test(arguments: [
        ["policy", "add"], ["policy", "set-mode", "keys", "monitor_only"], ["policy", "delete"],
    ])
    func wrongUsageIsRefused(arguments: [String]) {
        #expect(throws: (any Error).self) { try Secctl.parseAsRoot(arguments) }
    }
}
