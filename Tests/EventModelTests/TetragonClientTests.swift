import ControlProtos
import EventModel
import EventReference
import SwiftProtobuf
import TestSupport
import Testing

/// What a client that was made from Tetragon's own `.proto` file reads from our messages.
@Suite struct TetragonClientTests {
    private func read(_ kind: EventKind) throws -> Tetragon_GetEventsResponse {
        let samples = SampleEvents()
        let event = try #require(samples.onePerKind.first { $0.kind == kind })
        return try Tetragon_GetEventsResponse(serializedBytes: event.wire(samples.context))
    }

    @Test func itReadsAnExec() throws {
        let response = try read(.processExec)
        let exec = response.processExec
        #expect(response.nodeName == "node-1")
        #expect(response.clusterName == "production")
        #expect(response.time.seconds == 1_767_229_200)
        #expect(exec.process.pid.value == 4242)
        #expect(exec.process.hasUid && exec.process.uid.value == 0)
        #expect(exec.process.auid.value == 1000)
        #expect(exec.process.binary == "/srv/jail/usr/bin/curl")
        #expect(exec.process.arguments == "-H \"Accept: text/html\" https://example.com/")
        #expect(exec.process.flags == "execve clone inInitTree")
        #expect(exec.process.parentExecID == exec.parent.execID)
        #expect(exec.process.cap.permitted == [.capNetBindService, .capNetRaw])
        #expect(exec.process.ns.net.inum == 4_026_532_500)
        #expect(exec.process.ns.uts.isHost)
        #expect(exec.process.processCredentials.uid.value == 1000)
        #expect(exec.process.processCredentials.securebits.count == 8)
        #expect(exec.process.processCredentials.userNs.level.value == 1)
        #expect(exec.process.binaryProperties.privilegesChanged.count == 3)
        #expect(exec.process.binaryProperties.file.inode.number == 1_048_601)
        #expect(exec.process.environmentVariables.map(\.key) == ["PATH", "TOKEN"])
        #expect(exec.process.inInitTree.value)
        #expect(exec.ancestors.map(\.pid.value) == [800, 1])
    }

    @Test func itReadsAnExit() throws {
        let exit = try read(.processExit).processExit
        #expect(exit.signal == "SIGSEGV")
        #expect(exit.status == 0)
        #expect(exit.time.seconds == 1_767_229_202)
        #expect(exit.process.pid.value == 4242)
        #expect(exit.ancestors.count == 2)
    }

    /// Kinds that it does not know are an empty event with its envelope.
    @Test(arguments: EventKind.allCases.filter { $0.rawValue > 50_000 })
    func itSkipsOurKinds(_ kind: EventKind) throws {
        let response = try read(kind)
        #expect(response.event == nil)
        #expect(response.nodeName == "node-1")
        #expect(!response.unknownFields.data.isEmpty)
    }

    /// The same message read by name: protojson of what Tetragon knows is a part of our JSON.
    @Test(arguments: [EventKind.processExec, .processExit])
    func itsJSONIsAPartOfOurs(_ kind: EventKind) throws {
        let samples = SampleEvents()
        let event = try #require(samples.onePerKind.first { $0.kind == kind })
        var options = JSONEncodingOptions()
        options.preserveProtoFieldNames = true
        let theirs = try JSONValue(try read(kind).jsonString(options: options))
        let ours = try JSONValue(event.line(samples.context))
        #expect(Self.missing(theirs, in: ours, "") == [])
    }

    /// Paths of what is in the first value and not, or differently, in the second.
    private static func missing(_ part: JSONValue, in whole: JSONValue, _ path: String) -> [String] {
        switch (part, whole) {
        case (.object(let members), .object(let all)):
            return members.flatMap { name, value in
                all[name].map { missing(value, in: $0, "\(path).\(name)") } ?? ["\(path).\(name)"]
            }
        case (.array(let elements), .array(let all)) where elements.count == all.count:
            return zip(elements, all).flatMap { missing($0, in: $1, path) }
        case (.string(let text), .string(let other)):
            // protojson writes as many decimals of a second as it needs, in threes.
            return text == other || other.hasPrefix(String(text.dropLast())) && other.hasSuffix("Z")
                ? [] : [path]
        default: return part == whole ? [] : [path]
        }
    }
}
