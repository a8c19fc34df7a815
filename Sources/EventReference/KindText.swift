import EventModel

extension EventKind {
    /// When events of this kind are made, for the reference page and the schema.
    var text: String {
        switch self {
        case .processExec: "A process began to run a program: `execve` has succeeded."
        case .processExit:
            "A process ended: its last thread is gone. Says why, how long it lived and what it used."
        case .processFork:
            "A process was made by `fork`, `vfork` or `clone` (threads are none). Off unless configured."
        case .processCredentials:
            "User or group ids, capabilities, secure bits or the user namespace of a process changed outside of an exec."
        case .processKprobe: "A kernel function or a syscall was called as a policy says."
        case .processTracepoint: "A tracepoint was passed as a policy says."
        case .processLsm: "An LSM hook was asked about something that a policy names."
        case .processUprobe: "A function of a program or library was called as a policy says."
        case .processUsdt: "A probe that a program offers was passed as a policy says."
        case .processLoader: "An executable file was mapped, and a policy has `loader: true`."
        case .processThrottle:
            "Of Tetragon, which limits the events of a control group. `secd` has no such limit and never makes it: its number is kept, its fields are those that readers of both may meet, and what the rate limit of a policy held back stands in the next event like it (`held_back`)."
        case .socketCreate: "A socket was made."
        case .socketBind: "A socket was bound to an address."
        case .socketListen: "A socket began to listen."
        case .socketConnect: "A connection was attempted, was established or failed; `result` says which."
        case .socketAccept: "A connection was accepted."
        case .socketClose: "A socket was closed: its totals."
        case .socketHandover:
            "A socket is used by another process than before: inherited by fork, or passed over a Unix socket."
        case .socketDatagram: "The first datagram to or from a peer."
        case .fileOpen: "A file on a watched path was opened for writing."
        case .fileCreate: "A file was created on a watched path."
        case .fileDelete: "A file on a watched path was deleted."
        case .fileRename: "A file was renamed from or to a watched path."
        case .fileLink: "A further name was made for a file, from or to a watched path."
        case .fileChmod: "The mode of a file on a watched path was changed."
        case .fileChown: "The owner or group of a file on a watched path was changed."
        case .workloadNamed:
            "The name of a container, or its numeric identity, came after events of it had left without: those without a name are marked `naming: pending`. Its process is one of them."
        case .fileMap: "A file on a watched path was mapped as executable code."
        case .streamStart: "First event of a run of the daemon: what it is and what it can see."
        case .streamGap: "Events are missing here: which, how many and why."
        case .streamStop: "Last event of a run that ended in order: the last number of every ring and CPU."
        }
    }
}
