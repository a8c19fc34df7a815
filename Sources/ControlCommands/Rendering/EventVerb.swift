package import EventFilters
package import EventModel

/// The short words for kinds: shown in lines and taken by `--event-types`.
package enum EventVerb {
    package static func name(of kind: EventKind) -> String {
        switch kind {
        case .processExec: "exec"
        case .processExit: "exit"
        case .processFork: "fork"
        case .processKprobe: "kprobe"
        case .processTracepoint: "tracepoint"
        case .processLoader: "loader"
        case .processUprobe: "uprobe"
        case .processThrottle: "throttle"
        case .processLsm: "lsm"
        case .processUsdt: "usdt"
        case .processCredentials: "creds"
        case .socketCreate: "socket"
        case .socketBind: "bind"
        case .socketListen: "listen"
        case .socketConnect: "connect"
        case .socketAccept: "accept"
        case .socketClose: "close"
        case .socketHandover: "handover"
        case .socketDatagram: "datagram"
        case .fileOpen: "open"
        case .fileCreate: "create"
        case .fileDelete: "delete"
        case .fileRename: "rename"
        case .fileLink: "link"
        case .fileChmod: "chmod"
        case .fileChown: "chown"
        case .fileMap: "map"
        case .streamStart: "start"
        case .streamGap: "gap"
        case .streamStop: "stop"
        case .workloadNamed: "named"
        }
    }

    package static func style(of kind: EventKind) -> Style {
        switch kind {
        case .processExec, .processFork: .process
        case .processExit, .socketClose: .ended
        case .processCredentials: .privilege
        case .socketCreate, .socketBind, .socketListen, .socketConnect, .socketAccept, .socketHandover,
            .socketDatagram:
            .network
        case .fileOpen, .fileCreate, .fileDelete, .fileRename, .fileLink, .fileChmod, .fileChown, .fileMap:
            .file
        case .processKprobe, .processTracepoint, .processLoader, .processUprobe, .processThrottle,
            .processLsm, .processUsdt:
            .privilege
        case .streamGap: .alarm
        case .streamStart, .streamStop, .workloadNamed: .daemon
        }
    }

    /// The numbers of the types that a word of `--event-types` names: a type (`process_exec`,
    /// `PROCESS_KPROBE`), its short word (`exec`, `kprobe`), or a family of ours (`process`, `sockets`,
    /// `file`, `policy`, `stream`). Empty = unknown word.
    package static func numbers(named word: String) -> [Int32] {
        let wanted = word.lowercased()
        // Before the short words: `socket` is all of them, not only the event of its making.
        if let kinds = family(wanted) { return kinds.map(\.rawValue) }
        if let kind = EventKind.allCases.first(where: { name(of: $0) == wanted }) { return [kind.rawValue] }
        for key in [wanted, "process_" + wanted] {
            let type = EventType(key: key)
            if type.isKnown { return [type.number] }
        }
        return []
    }

    /// The kinds of a family; nil for a word that names none.
    private static func family(_ word: String) -> [EventKind]? {
        func kinds(_ prefix: String) -> [EventKind] {
            EventKind.allCases.filter { $0.name.description.hasPrefix(prefix) }
        }
        switch word {
        // Tetragon calls the events of policies process_, too.
        case "process", "processes":
            return kinds("process_").filter { !EventKind.ofPolicies.contains($0) }
        case "policy", "policies": return EventKind.ofPolicies
        case "socket", "sockets": return kinds("socket_")
        case "file", "files": return kinds("file_")
        case "stream": return kinds("stream_")
        default: return nil
        }
    }

    /// The short word for a type of Tetragon's.
    package static func name(of type: EventType) -> String {
        String(type.name.trimmingPrefix("process_"))
    }
}
