import CEventABI
import EventModel
import EventReference
import Foundation
import TestSupport
import Testing
import TextEncoding

/// A node with everything fixed: encodings can be written down.
func makeContext() -> EncodingContext {
    let context = EncodingContext(
        nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 1_700_000_000_000_000_000)
    context.hostNamespaces = secd_namespaces(
        uts: 1, ipc: 2, mnt: 3, pid: 4, pid_for_children: 4, net: 6, time: 7, time_for_children: 7, cgroup: 9,
        user: 10)
    return context
}

/// An event of the lifecycle ring at second 5.
func makeEvent(
    _ kind: EventKind, _ process: ProcessObject?, _ body: Event.Body = .process,
    origin: Origin = Origin(ring: 0, cpu: 1, sequence: 7, line: 3)
) -> Event {
    Event(
        kind: kind, time: UnixTime(nanoseconds: 1_700_000_005_000_000_000), process: process, body: body,
        origin: origin)
}

/// The JSON of an event: our strict parser and Foundation's must both accept it, and the schema too.
func json(_ event: Event, _ context: EncodingContext, at location: SourceLocation = #_sourceLocation) throws
    -> JSONValue
{
    let line = event.line(context)
    #expect(throws: Never.self, sourceLocation: location) {
        try JSONSerialization.jsonObject(with: Data(line.utf8))
    }
    #expect(EventSchema.problems(ofLine: line) == [], sourceLocation: location)
    #expect(!line.contains("\n"), sourceLocation: location)
    return try JSONValue(line)
}

/// The process of a `process_exec` event, parsed.
func execJSON(_ sample: SampleImage, at location: SourceLocation = #_sourceLocation) throws -> JSONValue {
    let context = makeContext()
    let event = makeEvent(.processExec, sample.object(context))
    return try #require(
        try json(event, context, at: location).at("process_exec.process"), sourceLocation: location)
}

extension SampleImage {
    /// A plain `ls`.
    static func plain(arguments: [String] = ["ls"]) -> SampleImage {
        SampleImage(pid: 100, start: 1_000_000_000, binary: "/bin/ls", arguments: arguments, cwd: "/tmp")
    }
}
