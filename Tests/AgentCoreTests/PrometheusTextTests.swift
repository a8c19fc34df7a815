import AgentCore
import AgentModel
import Foundation
import Testing

/// What /metrics says, against the exposition format and against the page that lists it.
@Suite struct PrometheusTextTests {
    /// A status in which every list has something.
    private static let status = AgentStatus(
        version: "1.2", nodeName: "node", kernel: "6.1 \"x\"\\y\nz", cpus: 2, pid: 7, uptimeSeconds: 2.5,
        stream: "00000001", bootID: "boot", problems: ["a ring lost records"], sensors: [],
        rings: [
            RingStatus(
                name: "lifecycle", sizeBytes: 8, fillBytes: 9, records: 10, bytes: 11, lost: 12,
                lostByKind: ["exec": 5, "fork": 7])
        ],
        sinks: [
            SinkStatus(
                name: "file", target: "/x", state: "ok", events: 13, bytes: 14, lost: 15, queueBytes: 16,
                queueLimitBytes: 17, details: [:])
        ],
        subscribers: [SubscriberStatus(id: 18, peer: "unix", events: 19, lost: 20, queueBytes: 21)],
        processes: ProcessTreeStatus(
            live: 22, retained: 23, evicted: 24, sockets: 25, bytes: 26, budgetBytes: 27),
        memory: MemoryStatus(residentBytes: 28, ownBytes: 27, ringBytes: 29, kernelBytes: 30),
        programCounters: ["no_process": 31])

    private static func lines(_ status: AgentStatus = status) -> [String] {
        PrometheusText(
            status, events: [("process_exec", 32)], wakeups: 33, policies: [policy], admissions: admissions
        ).text.split(separator: "\n").map(String.init)
    }

    private static let admissions: AdmissionCounts = {
        var counts = AdmissionCounts()
        (counts.held, counts.unheld) = (38, 39)
        return counts
    }()

    /// One that watches at two hooks.
    private static let policy: PolicyStatus = {
        var counters = PolicyCounters()
        counters.post = 34
        counters.heldBack = 35
        counters.monitorSignal = 36
        let hooks = ["sys_openat", "sys_write"].map {
            PolicyHookStatus(
                path: "spec.kprobes[0]", section: "kprobes", index: 0, point: $0, state: "loaded",
                mechanism: "tp_btf/sys_enter", effect: "observe", blindSpots: [], degraded: false)
        }
        let selectors = [0, 1].map { index in
            PolicySelectorStatus(
                hook: "sys_write", hookIndex: 1, selectorIndex: index, label: "", counters: counters)
        }
        return PolicyStatus(
            id: 1, name: "keys", namespace: "demo", domain: "grpc", source: "API", state: .enabled,
            mode: .monitor, enabled: true, hooks: hooks, selectors: selectors, kernelBytes: 37)
    }()

    @Test func everySampleIsWhatTheStatusSays() {
        #expect(
            Self.lines().filter { !$0.hasPrefix("#") } == [
                #"secd_build_info{kernel="6.1 \"x\"\\y\nz",version="1.2"} 1"#,
                "secd_healthy 0",
                "secd_uptime_seconds 2.5",
                #"secd_events_total{kind="process_exec"} 32"#,
                "secd_reader_wakeups_total 33",
                #"secd_ring_records_total{ring="lifecycle"} 10"#,
                #"secd_ring_lost_records_total{kind="exec",ring="lifecycle"} 5"#,
                #"secd_ring_lost_records_total{kind="fork",ring="lifecycle"} 7"#,
                #"secd_ring_fill_bytes{ring="lifecycle"} 9"#,
                #"secd_ring_size_bytes{ring="lifecycle"} 8"#,
                #"secd_sink_events_total{sink="file"} 13"#,
                #"secd_sink_bytes_total{sink="file"} 14"#,
                #"secd_sink_lost_events_total{sink="file"} 15"#,
                #"secd_sink_queue_bytes{sink="file"} 16"#,
                "secd_subscribers 1",
                #"secd_subscriber_lost_events_total{id="18"} 20"#,
                #"secd_processes{state="live"} 22"#,
                #"secd_processes{state="retained"} 23"#,
                "secd_process_evictions_total 24",
                #"secd_memory_bytes{kind="resident"} 28"#,
                #"secd_memory_bytes{kind="own"} 27"#,
                #"secd_memory_bytes{kind="rings"} 29"#,
                #"secd_memory_bytes{kind="kernel"} 30"#,
                #"secd_memory_bytes{kind="process_tree"} 26"#,
                #"secd_program_failures_total{place="no_process"} 31"#,
                #"secd_nri_containers_total{outcome="held"} 38"#,
                #"secd_nri_containers_total{outcome="unheld"} 39"#,
                #"secd_nri_containers_total{outcome="refused"} 0"#,
                #"secd_policy_state{mode="monitor",policy="keys",policy_namespace="demo",state="enabled"} 1"#,
                #"secd_policy_actions_total{action="post",hook="sys_write",policy="keys",policy_namespace="demo"} 68"#,
                #"secd_policy_actions_total{action="held_back",hook="sys_write",policy="keys",policy_namespace="demo"} 70"#,
                #"secd_policy_actions_total{action="monitor_signal",hook="sys_write",policy="keys",policy_namespace="demo"} 72"#,
                #"tetragon_tracingpolicy_loaded{state="enabled"} 1"#,
                #"tetragon_tracingpolicy_loaded{state="disabled"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="load_error"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="error"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="loading"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="unloading"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="skipped"} 0"#,
                #"tetragon_tracingpolicy_loaded{state="partially_enabled"} 0"#,
                #"tetragon_tracingpolicy_kernel_memory_bytes{policy="keys",policy_namespace="demo"} 37"#,
                #"tetragon_policy_events_total{hook="sys_openat",policy="keys",policy_namespace="demo"} 0"#,
                #"tetragon_policy_events_total{hook="sys_write",policy="keys",policy_namespace="demo"} 68"#,
            ])
    }

    @Test func aHealthyOneSaysSo() {
        var status = Self.status
        status.problems = []
        #expect(Self.lines(status).contains("secd_healthy 1"))
    }

    /// Exposition format 0.0.4: help and type once, directly before the samples; counters end in _total.
    @Test func everyFamilyIsDeclaredBeforeItsSamples() throws {
        var declared: [String] = []
        for line in Self.lines() {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if words[1] == "HELP" {
                #expect(!declared.contains(words[2]))
                declared.append(words[2])
                #expect(words[3].hasSuffix("."))
            } else if words[1] == "TYPE" {
                #expect(words[2] == declared.last)
                #expect((words[3] == "counter") == words[2].hasSuffix("_total"))
            } else {
                #expect(String(line.prefix { $0 != "{" && $0 != " " }) == declared.last)
            }
        }
    }

    /// The table in docs/operations.md: every metric with its labels, and no other.
    @Test func thePageListsWhatIsThere() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        let page = try String(contentsOf: root.appending(path: "docs/operations.md"), encoding: .utf8)
        let table = try #require(page.split(separator: "| metric | labels | meaning |").last)
        var listed: [String: Set<String>] = [:]
        for row in table.split(separator: "\n").dropFirst().prefix(while: { $0.hasPrefix("| `") }) {
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
            for name in cells[1].matches(of: /`(\w+)`/) {
                listed[String(name.1)] = Set(cells[2].matches(of: /\w+/).map { String($0.0) })
            }
        }
        var shown: [String: Set<String>] = [:]
        for line in Self.lines() where !line.hasPrefix("#") {
            let name = String(line.prefix { $0 != "{" && $0 != " " })
            shown[name, default: []].formUnion(line.matches(of: /[{,](\w+)="/).map { String($0.1) })
        }
        #expect(listed == shown)
    }
}
