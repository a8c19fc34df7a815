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

    /// The kinds that a word of `--event-types` names: a kind (`process_exec`, `PROCESS_EXEC`), its
    /// short word (`exec`), or a family (`process`, `sockets`, `file`, `stream`). Empty = unknown word.
    package static func kinds(named word: String) -> [EventKind] {
        let wanted = word.lowercased()
        if let kind = EventKind(name: wanted) { return [kind] }
        if let kind = EventKind.allCases.first(where: { name(of: $0) == wanted }) { return [kind] }
        let family = (wanted.hasSuffix("s") && wanted != "process" ? String(wanted.dropLast()) : wanted) + "_"
        guard ["process_", "processe_", "socket_", "file_", "stream_"].contains(family) else { return [] }
        let prefix = family == "processe_" ? "process_" : family
        return EventKind.allCases.filter { $0.name.description.hasPrefix(prefix) }
    }
}
