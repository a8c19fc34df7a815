package import AgentModel

/// The daemon's account of itself, for people.
package struct StatusText {
    private let status: AgentStatus
    private let palette: Palette

    package init(_ status: AgentStatus, palette: Palette) {
        self.status = status
        self.palette = palette
    }

    package var lines: [String] {
        var lines = head
        for sensor in status.sensors { lines += self.lines(sensor) }
        lines += table(
            "rings", ["ring", "size", "waiting", "records", "bytes", "lost"],
            status.rings.map { ring in
                [
                    ring.name, Quantity.bytes(ring.sizeBytes), Quantity.bytes(ring.fillBytes),
                    Quantity.grouped(ring.records), Quantity.bytes(ring.bytes), Self.lost(ring),
                ]
            })
        lines += table(
            "sinks", ["sink", "events", "bytes", "lost", "waiting", "state"],
            status.sinks.map { sink in
                [
                    "\(sink.name) \(sink.target)", Quantity.grouped(sink.events), Quantity.bytes(sink.bytes),
                    Quantity.grouped(sink.lost),
                    "\(Quantity.bytes(sink.queueBytes)) of \(Quantity.bytes(sink.queueLimitBytes))",
                    Self.state(sink),
                ]
            })
        lines += table(
            "subscribers", ["client", "events", "lost", "waiting"],
            status.subscribers.map { client in
                [
                    "\(client.id) \(client.peer)", Quantity.grouped(client.events),
                    Quantity.grouped(client.lost),
                    Quantity.bytes(client.queueBytes),
                ]
            })
        lines += ["", tree, memory]
        let counters = status.programCounters.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        if !counters.isEmpty {
            lines.append(
                "kernel programs  "
                    + counters.map { TerminalText.escaped($0.key) + " \(Quantity.grouped($0.value))" }.joined(
                        separator: ", "))
        }
        return lines
    }

    private var head: [String] {
        let name = palette.paint("secd \(TerminalText.escaped(status.version))", .strong)
        let up = Quantity.duration(nanoseconds: UInt64(max(0, min(status.uptimeSeconds, 1e9)) * 1e9))
        let health =
            status.problems.isEmpty
            ? palette.paint("healthy", .good)
            : palette.paint(Quantity.counted(UInt64(status.problems.count), "problem"), .alarm)
        var lines = [
            "\(name) on \(TerminalText.escaped(status.nodeName)), kernel \(TerminalText.escaped(status.kernel)), "
                + "\(Quantity.counted(UInt64(max(0, status.cpus)), "cpu")), pid \(status.pid), up \(up): \(health)"
        ]
        lines += status.problems.map { "  " + palette.paint(TerminalText.escaped($0), .alarm) }
        lines += status.notes.map { "  " + palette.paint(TerminalText.escaped($0), .warning) }
        lines.append(
            palette.paint(
                "stream \(TerminalText.escaped(status.stream)), boot \(TerminalText.escaped(status.bootID))",
                .faint))
        lines.append("")
        return lines
    }

    /// `process on`, then a line for each function and its mechanism, then the blind spots.
    private func lines(_ sensor: SensorStatus) -> [String] {
        let state = sensor.enabled ? palette.paint("on", .good) : palette.paint("off", .faint)
        let width = sensor.mechanisms.keys.map(\.count).max() ?? 0
        let mechanisms = sensor.mechanisms.sorted { $0.key < $1.key }.map { function, mechanism in
            "  " + TerminalText.escaped(function).padded(to: width) + "  " + TerminalText.escaped(mechanism)
        }
        let blind = sensor.blindSpots.map {
            "  " + palette.paint("not seen by " + TerminalText.escaped($0), .warning)
        }
        return ["\(TerminalText.escaped(sensor.name)) sensor \(state)"] + mechanisms + blind
    }

    /// An empty line and a table, or nothing.
    private func table(_ name: String, _ titles: [String], _ rows: [[String]]) -> [String] {
        guard !rows.isEmpty else { return [] }
        let columns = titles.enumerated().map { index, title in
            Column(title, right: index > 0 && title != "state")
        }
        return ["", Listing.table(columns, rows, palette)]
    }

    private var tree: String {
        let processes = status.processes
        return "processes  \(processes.live) live, \(processes.retained) kept as ancestors, "
            + "\(Quantity.grouped(processes.evicted)) forgotten, \(processes.sockets) sockets, "
            + "\(Quantity.bytes(processes.bytes)) of \(Quantity.bytes(processes.budgetBytes))"
    }

    private var memory: String {
        let memory = status.memory
        return
            "memory     \(Quantity.bytes(memory.ownBytes)) resident, \(Quantity.bytes(memory.residentBytes)) with the rings "
            + "(\(Quantity.bytes(memory.ringBytes)), mapped twice), "
            + "\(Quantity.bytes(memory.kernelBytes)) in the kernel"
    }

    private static func lost(_ ring: RingStatus) -> String {
        let kinds = ring.lostByKind.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value)"
        }
        return Quantity.grouped(ring.lost) + (kinds.isEmpty ? "" : " (\(kinds.joined(separator: ", ")))")
    }

    private static func state(_ sink: SinkStatus) -> String {
        let details = sink.details.filter { $0.value > 0 }.sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value)"
        }
        return ([sink.state] + details).joined(separator: ", ")
    }
}
