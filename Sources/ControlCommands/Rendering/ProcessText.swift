import Foundation
import JSONTree

/// What a line shows of a process (Tetragon's `Process`, whole or short).
struct ProcessText {
    let value: JSONValue

    /// Nil where the event names no process.
    init?(_ value: JSONValue) {
        guard case .object(let members) = value, !members.isEmpty else { return nil }
        self.value = value
    }

    var pid: String { value["pid"].textOrEmpty }
    var binary: String { value["binary"].textOrEmpty }

    /// The name people know it by: the last part of the path, else the kernel's `comm`.
    var name: String {
        let last = binary.lastPathComponent
        if !last.isEmpty { return last }
        let comm = value["comm"].textOrEmpty
        return comm.isEmpty ? "(unknown)" : comm
    }

    /// `wget[15155]`.
    var label: String { pid.isEmpty ? name : "\(name)[\(pid)]" }

    /// `demo/web`, the name of a container or unit, the start of a container id, or `host`.
    var place: String {
        let pod = value["pod"]
        if let name = pod["name"].text { return pod["namespace"].textOrEmpty + "/" + name }
        if let name = value["workload"]["name"].text, !name.isEmpty { return TerminalText.escaped(name) }
        let container = value["docker"].textOrEmpty
        return container.isEmpty ? "host" : String(container.prefix(12))
    }
}

/// The processes of an event, from the oldest ancestor to the actor.
struct ProcessChain {
    let process: ProcessText?
    let parent: ProcessText?
    /// From the oldest to the grandparent (the event lists them the other way round).
    let ancestors: [ProcessText]

    init(of body: JSONValue) {
        process = ProcessText(body["process"])
        parent = ProcessText(body["parent"])
        ancestors = body["ancestors"].elements.reversed().compactMap { ProcessText($0) }
    }

    /// Everything above the actor, oldest first.
    var above: [ProcessText] { ancestors + (parent.map { [$0] } ?? []) }
}

/// An exec id: base64 of `node:start time:pid`, as in Tetragon.
enum ExecID {
    /// `pid 812`, or the id itself where it is none of ours.
    static func readable(_ id: String) -> String {
        guard let data = Data(base64Encoded: id) else { return id }
        let parts = String(decoding: data, as: UTF8.self).split(separator: ":")
        guard parts.count >= 3, let pid = parts.last.flatMap({ UInt32($0) }) else { return id }
        return "pid \(pid)"
    }
}
