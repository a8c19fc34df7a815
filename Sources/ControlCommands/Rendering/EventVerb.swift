package import EventFilters
package import EventModel

/// The short words for kinds: shown in lines and taken by `--event-types`.
package enum EventVerb {
    package static func name(of kind: EventKind) -> String {
        switch kind {
        case .processExec: "exec"
        case .processExit: "exit"
        case .processFork: "fork"
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
        case .streamGap: .alarm
        case .streamStart, .streamStop: .daemon
        }
    }

    /// The numbers of the types that a word of `--event-types` names: a type (`process_exec`,
    /// `PROCESS_KPROBE`), its short word (`exec`, `kprobe`), or a family of ours (`process`, `sockets`,
    /// `file`, `stream`). Empty = unknown word.
    package static func numbers(named word: String) -> [Int32] {
        let wanted = word.lowercased()
        // Before the short words: `socket` is all of them, not only the event of its making.
        if let prefix = families[wanted] {
            return EventKind.allCases.filter { $0.name.description.hasPrefix(prefix) }.map(\.rawValue)
        }
        if let kind = EventKind.allCases.first(where: { name(of: $0) == wanted }) { return [kind.rawValue] }
        for key in [wanted, "process_" + wanted] {
            let type = EventType(key: key)
            if type.isKnown { return [type.number] }
        }
        return []
    }

    private static let families = [
        "process": "process_", "processes": "process_", "socket": "socket_", "sockets": "socket_",
        "file": "file_", "files": "file_", "stream": "stream_",
    ]

    /// The short word for a type of Tetragon's.
    package static func name(of type: EventType) -> String {
        String(type.name.trimmingPrefix("process_"))
    }
}
