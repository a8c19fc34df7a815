package import AgentModel

/// The status as Prometheus text (exposition format 0.0.4). Names end in their unit; counters in
/// `_total`.
package final class PrometheusText {
    package private(set) var text = ""

    package init(
        _ status: AgentStatus, events: [(kind: String, count: UInt64)], wakeups: UInt64,
        policies: [PolicyStatus] = [], admissions: AdmissionCounts = AdmissionCounts()
    ) {
        family("secd_build_info", "gauge", "Version and kernel.") {
            sample("secd_build_info", ["version": status.version, "kernel": status.kernel], 1)
        }
        family("secd_healthy", "gauge", "1 while nothing is wrong.") {
            sample("secd_healthy", [:], status.problems.isEmpty ? 1 : 0)
        }
        family("secd_uptime_seconds", "gauge", "Since the daemon started.") {
            sample("secd_uptime_seconds", [:], status.uptimeSeconds)
        }
        family("secd_events_total", "counter", "Events by kind.") {
            for (kind, count) in events { sample("secd_events_total", ["kind": kind], Double(count)) }
        }
        family("secd_reader_wakeups_total", "counter", "Sleeps of the ring reader that ended.") {
            sample("secd_reader_wakeups_total", [:], Double(wakeups))
        }
        rings(status)
        sinks(status)
        family("secd_subscribers", "gauge", "Clients of the event API.") {
            sample("secd_subscribers", [:], Double(status.subscribers.count))
        }
        family("secd_subscriber_lost_events_total", "counter", "Events that a client's queue refused.") {
            for client in status.subscribers {
                sample("secd_subscriber_lost_events_total", ["id": String(client.id)], Double(client.lost))
            }
        }
        processes(status)
        family("secd_program_failures_total", "counter", "Failures inside kernel programs, by place.") {
            for (name, count) in status.programCounters.sorted(by: { $0.key < $1.key }) {
                sample("secd_program_failures_total", ["place": name], Double(count))
            }
        }
        family("secd_nri_containers_total", "counter", "Containers told before they began, by outcome.") {
            sample("secd_nri_containers_total", ["outcome": "held"], Double(admissions.held))
            sample("secd_nri_containers_total", ["outcome": "unheld"], Double(admissions.unheld))
            sample("secd_nri_containers_total", ["outcome": "refused"], Double(admissions.refused))
        }
        self.policies(policies)
    }

    private func rings(_ status: AgentStatus) {
        family("secd_ring_records_total", "counter", "Records read from a ring.") {
            for ring in status.rings {
                sample("secd_ring_records_total", ["ring": ring.name], Double(ring.records))
            }
        }
        family("secd_ring_lost_records_total", "counter", "Records that found no space in a ring, by kind.") {
            for ring in status.rings {
                for (kind, count) in ring.lostByKind.sorted(by: { $0.key < $1.key }) {
                    sample("secd_ring_lost_records_total", ["kind": kind, "ring": ring.name], Double(count))
                }
            }
        }
        family("secd_ring_fill_bytes", "gauge", "Bytes that wait in a ring.") {
            for ring in status.rings {
                sample("secd_ring_fill_bytes", ["ring": ring.name], Double(ring.fillBytes))
            }
        }
        family("secd_ring_size_bytes", "gauge", "Size of a ring.") {
            for ring in status.rings {
                sample("secd_ring_size_bytes", ["ring": ring.name], Double(ring.sizeBytes))
            }
        }
    }

    private func sinks(_ status: AgentStatus) {
        for (name, help, value) in [
            ("secd_sink_events_total", "Events written by a sink.", \SinkStatus.events),
            ("secd_sink_bytes_total", "Bytes written by a sink.", \SinkStatus.bytes),
            ("secd_sink_lost_events_total", "Events that a sink's queue refused.", \SinkStatus.lost),
        ] {
            family(name, "counter", help) {
                for sink in status.sinks { sample(name, ["sink": sink.name], Double(sink[keyPath: value])) }
            }
        }
        family("secd_sink_queue_bytes", "gauge", "Bytes that wait for a sink.") {
            for sink in status.sinks {
                sample("secd_sink_queue_bytes", ["sink": sink.name], Double(sink.queueBytes))
            }
        }
    }

    private func processes(_ status: AgentStatus) {
        family("secd_processes", "gauge", "Process images in memory, by state.") {
            sample("secd_processes", ["state": "live"], Double(status.processes.live))
            sample("secd_processes", ["state": "retained"], Double(status.processes.retained))
        }
        family("secd_process_evictions_total", "counter", "Ancestors dropped to stay within the budget.") {
            sample("secd_process_evictions_total", [:], Double(status.processes.evicted))
        }
        family("secd_memory_bytes", "gauge", "Memory of the daemon, by kind.") {
            sample("secd_memory_bytes", ["kind": "resident"], Double(status.memory.residentBytes))
            sample("secd_memory_bytes", ["kind": "own"], Double(status.memory.ownBytes))
            sample("secd_memory_bytes", ["kind": "rings"], Double(status.memory.ringBytes))
            sample("secd_memory_bytes", ["kind": "kernel"], Double(status.memory.kernelBytes))
            sample("secd_memory_bytes", ["kind": "process_tree"], Double(status.processes.bytes))
        }
    }

    func family(_ name: String, _ type: String, _ help: String, _ samples: () -> Void) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        samples()
    }

    func sample(_ name: String, _ labels: [String: String], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escape($0.value))\"" }
            text += "{" + pairs.joined(separator: ",") + "}"
        }
        text += value == value.rounded() && value.magnitude < 1e15 ? " \(Int64(value))\n" : " \(value)\n"
    }

    /// Label values escape backslash, quote and line feed.
    private static func escape(_ value: String) -> String {
        value.reduce(into: "") { result, character in
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
    }
}
