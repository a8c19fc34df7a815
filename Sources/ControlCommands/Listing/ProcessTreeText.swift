package import AgentModel

/// Processes as a tree.
///
///     systemd[1]
///     ├─ nginx[640] -g daemon off;   demo/web
///     │  │    tcp listen 0.0.0.0:80
///     │  └─ nginx[813]
package struct ProcessTreeText {
    /// A damaged tree may have a ring in it.
    private static let deepest = 512
    /// Characters of an argument list that are shown where the terminal sets no limit.
    private static let mostArguments = 120

    private var children: [String: [ProcessListing]] = [:]
    private var byID: [String: ProcessListing] = [:]
    private var sockets: [String: [SocketListing]] = [:]
    private let roots: [ProcessListing]
    private let palette: Palette
    /// Columns of the terminal.
    private let width: Int?

    /// - Parameter all: also ended processes that nobody alive descends from, kept for late records.
    package init(
        processes: [ProcessListing], sockets: [SocketListing], palette: Palette, width: Int? = nil,
        all: Bool = false
    ) {
        self.palette = palette
        self.width = width
        byID = Dictionary(processes.map { ($0.execID, $0) }) { first, _ in first }
        if !all { byID = Self.aliveAndAbove(byID) }
        self.sockets = Dictionary(grouping: sockets.filter { !$0.user.isEmpty }, by: \.user)
        let known = byID
        let ordered = known.values.sorted {
            ($0.pid, $0.startTime, $0.execID) < ($1.pid, $1.startTime, $1.execID)
        }
        roots = ordered.filter { $0.parentExecID == $0.execID || known[$0.parentExecID] == nil }
        children = Dictionary(grouping: ordered.filter { $0.parentExecID != $0.execID }, by: \.parentExecID)
    }

    /// The living and all their ancestors.
    private static func aliveAndAbove(_ processes: [String: ProcessListing]) -> [String: ProcessListing] {
        var result: [String: ProcessListing] = [:]
        for process in processes.values where process.alive {
            var current: ProcessListing? = process
            while let next = current, result[next.execID] == nil {
                result[next.execID] = next
                current = processes[next.parentExecID]
            }
        }
        return result
    }

    package func contains(pid: UInt32) -> Bool { byID.values.contains { $0.pid == pid && $0.alive } }

    /// The whole tree, or one process with what is above and below it.
    package func lines(pid: UInt32? = nil) -> [String] {
        let shown = pid.map(relatives)
        return roots.filter { shown?.contains($0.execID) ?? true }
            .flatMap { subtree($0, indent: "", branch: .root, shown: shown, depth: 0) }
    }

    /// exec ids of the processes with a pid, of their ancestors and of their descendants.
    private func relatives(of pid: UInt32) -> Set<String> {
        var result: Set<String> = []
        for process in byID.values where process.pid == pid && process.alive {
            var current = process
            while result.insert(current.execID).inserted, let parent = byID[current.parentExecID] {
                current = parent
            }
            var waiting = children[process.execID] ?? []
            while let next = waiting.popLast() {
                if result.insert(next.execID).inserted { waiting += children[next.execID] ?? [] }
            }
        }
        return result
    }

    /// What stands before a process, and what before the lines under it.
    private enum Branch {
        case root, middle, last

        var before: String {
            switch self {
            case .root: ""
            case .middle: "├─ "
            case .last: "└─ "
            }
        }

        var under: String {
            switch self {
            case .root: ""
            case .middle: "│  "
            case .last: "   "
            }
        }
    }

    private func subtree(
        _ process: ProcessListing, indent: String, branch: Branch, shown: Set<String>?, depth: Int
    ) -> [String] {
        let start = indent + branch.before
        var lines = [start + title(process, room: width.map { $0 - start.count })]
        guard depth < Self.deepest else { return lines }
        let below = (children[process.execID] ?? []).filter { shown?.contains($0.execID) ?? true }
        let deeper = indent + branch.under
        for text in texts(sockets[process.execID] ?? []) {
            lines.append(deeper + (below.isEmpty ? "     " : "│    ") + palette.paint(text, .network))
        }
        for (index, child) in below.enumerated() {
            let branch = index == below.count - 1 ? Branch.last : .middle
            lines += subtree(child, indent: deeper, branch: branch, shown: shown, depth: depth + 1)
        }
        return lines
    }

    private func title(_ process: ProcessListing, room: Int?) -> String {
        let program = process.binary.isEmpty ? "(unknown)" : process.binary.lastPathComponent
        let name = TerminalText.escaped("\(program)[\(process.pid)]")
        let place = process.place == "host" ? "" : "   " + TerminalText.escaped(process.place)
        let end = process.alive ? "" : "   exited"
        // A line that wraps would break the branches.
        let left = room.map { max(0, $0 - name.count - place.count - end.count - 1) } ?? Self.mostArguments
        let arguments = TerminalText.cut(
            TerminalText.escaped(process.arguments), to: min(left, Self.mostArguments))
        var text = palette.paint(name, process.alive ? .strong : .faint)
        if !arguments.isEmpty { text += " " + arguments }
        return text + palette.paint(place + end, .faint)
    }

    /// One text for each group of sockets that look alike.
    private func texts(_ sockets: [SocketListing]) -> [String] {
        var order: [String] = []
        var counts: [String: Int] = [:]
        for socket in sockets {
            let line = text(socket)
            if counts.updateValue(counts[line, default: 0] + 1, forKey: line) == nil { order.append(line) }
        }
        return order.map { line in
            let count = counts[line, default: 1]
            return count > 1 ? "\(line) ×\(count)" : line
        }
    }

    private func text(_ socket: SocketListing) -> String {
        var text = socket.state.isEmpty ? socket.kind : "\(socket.kind) \(socket.stateText)"
        if !socket.localText.isEmpty { text += " " + socket.localText }
        if !socket.remote.isEmpty { text += " ↔ " + socket.remoteText }
        return TerminalText.escaped(text)
    }
}
