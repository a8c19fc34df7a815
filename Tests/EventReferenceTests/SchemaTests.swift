import EventModel
import EventReference
import Foundation
import TestSupport
import Testing

@Suite struct SchemaTests {
    private static let lines: [String] = {
        let samples = SampleEvents()
        return (samples.onePerKind + samples.variations).map { $0.line(samples.context) }
    }()

    @Test func everySampleIsValid() throws {
        for line in Self.lines {
            #expect(EventSchema.problems(ofLine: line) == [], "\(line)")
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        }
    }

    /// What a schema that lets everything pass would not notice.
    @Test(arguments: [
        (#""pid":4242"#, #""pid":"4242""#, "type"),
        (#""pid":4242"#, #""pid":-1"#, "small"),
        (#""pid":4242"#, #""pid":4294967296"#, "large"),
        (#""pid":4242"#, #""pidd":4242"#, "unknown field pidd"),
        (#""auid":1000,"#, "", "lacks auid"),
        (#""argv":["#, #""argv":[1,"#, "type"),
        (#""cluster_name":"production","#, #""surprise":1,"#, "unknown field surprise"),
        (#""seq":"4""#, #""seq":4"#, "type"),
        (#""seq":"4""#, #""seq":"04""#, "match"),
        (#""CAP_NET_RAW""#, #""CAP_RAW""#, "enumeration"),
        (#"{"process_exec""#, #"{"stream_stop":{"reason":"x"},"process_exec""#, "oneOf"),
        (#"{"process_exec""#, #"{"process_exce""#, "oneOf"),
        (#"{"process_exec""#, #"{"time":"1","process_exec""#, "twice"),
    ])
    func whatIsWrongIsNoticed(_ part: String, _ replacement: String, _ problem: String) throws {
        let line = Self.lines[0]
        #expect(line.contains(part))
        let damaged = line.replacing(part, with: replacement, maxReplacements: 1)
        let problems = EventSchema.problems(ofLine: damaged)
        #expect(problems.contains { $0.contains(problem) }, "\(problems)")
    }

    @Test func timesAreChecked() {
        let damaged = Self.lines[0].replacing("2026-01-01T01:00:00.000000000Z", with: "2026-01-01 01:00:00Z")
        #expect(damaged != Self.lines[0])
        #expect(!EventSchema.problems(ofLine: damaged).isEmpty)
    }
}
