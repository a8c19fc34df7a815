import EventModel
import EventReference
import Foundation
import Testing

/// Our `process_exec` and `process_exit`, and the events of policies, against the list of Tetragon's messages: names, numbers and JSON types of
/// all fields. The list is no part of the repository; it lies beside the checkout where somebody put it.
@Suite struct TetragonWireTests {
    /// What Tetragon's messages have and ours do not, on purpose: as docs/api.md says.
    private static let differences: [String: Set<String>] = [
        "envelope": ["aggregation_info", "node_labels"],
        "process_exec.process": unresolved,
        "process_exec.process.process_credentials": ["caps"],
        "process_exec.process.process_credentials.user_ns": ["ns"],
        "process_exec.parent": unresolved.union(rights),
        "process_exec.ancestors": unresolved.union(rights).union(details),
        "process_exit.process": unresolved.union(rights),
        "process_exit.parent": unresolved.union(rights),
        "process_exit.ancestors": unresolved.union(rights).union(details),
        "policy.process": unresolved.union(rights),
        "policy.parent": unresolved.union(rights),
        "policy.ancestors": unresolved.union(rights).union(details),
        "argument": ["cred_arg", "user_namespace_arg"],
        "argument.process_credentials_arg.user_ns": ["ns"],
    ]
    private static let unresolved: Set = ["refcnt", "user"]
    private static let rights: Set = [
        "cap", "ns", "process_credentials", "binary_properties", "environment_variables",
    ]
    private static let details: Set = [
        "uid", "cwd", "arguments", "flags", "auid", "pod", "docker", "parent_exec_id", "tid", "in_init_tree",
    ]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    private static let list = root.appending(path: "../shared/reference/tetragon-wire.tsv").standardized
    private static let isListed = FileManager.default.fileExists(atPath: list.path())

    /// A field of a message of Tetragon's.
    private struct WireField {
        var number: Int32
        var name: String
        var type: String
        var label: String

        /// The same in our terms; nil for a message.
        func fieldType(_ enumerations: Set<String>) -> FieldType? {
            switch type {
            case "google.protobuf.Timestamp": .timestamp
            case "google.protobuf.UInt32Value": .uint32Value
            case "google.protobuf.Int32Value": .int32Value
            case "google.protobuf.BoolValue": .boolValue
            default:
                enumerations.contains(type)
                    ? .enumeration : type.hasPrefix("map<") ? .map : FieldType(rawValue: type)
            }
        }
    }

    private struct Wire {
        var messages: [String: [WireField]] = [:]
        var enumerations: Set<String> = []
        /// Path of a message → its fields that ours lacks.
        var missing: [String: Set<String>] = [:]

        init(_ text: String) throws {
            for line in text.split(separator: "\n").dropFirst() {
                let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                if cells[0] == "enum" { enumerations.insert(cells[1]) }
                guard cells[0] == "field" else { continue }
                let number = try #require(Int32(cells[2]))
                messages[cells[1], default: []].append(
                    WireField(number: number, name: cells[3], type: cells[4], label: cells[5]))
            }
        }

        mutating func compare(_ message: String, _ ours: [DescribedField], _ path: String) throws {
            let theirs = try #require(messages[message], "no \(message)")
            for field in theirs where field.label != "oneof event" {
                guard let same = ours.first(where: { $0.name == field.name }) else {
                    missing[path, default: []].insert(field.name)
                    continue
                }
                // Values of hooks are the same in all kinds and places.
                let place = field.type == "tetragon.KprobeArgument" ? "argument" : "\(path).\(field.name)"
                #expect(same.number == field.number, "number of \(place)")
                #expect(same.repeated == (field.label == "repeated"), "\(place) is a list, or is none")
                #expect(same.type == field.fieldType(enumerations) ?? .message, "type of \(place)")
                if same.type == .message { try compare(field.type, same.fields, place) }
            }
            // What is ours alone can never clash with a field that Tetragon adds.
            let names = Set(theirs.map(\.name))
            for field in ours where !names.contains(field.name) {
                #expect(field.number >= Field.firstOwnNumber, "number of \(path).\(field.name)")
            }
        }
    }

    @Test(
        .enabled(
            if: isListed, "no list of Tetragon's messages at ../shared/reference/tetragon-wire.tsv"))
    func everyFieldIsTheirsOrADifferenceOnPurpose() throws {
        var wire = try Wire(String(contentsOf: Self.list, encoding: .utf8))
        let kinds = KindDescription.all()
        for (kind, message) in [
            (EventKind.processExec, "tetragon.ProcessExec"), (.processExit, "tetragon.ProcessExit"),
            (.processKprobe, "tetragon.ProcessKprobe"), (.processTracepoint, "tetragon.ProcessTracepoint"),
            (.processLsm, "tetragon.ProcessLsm"), (.processUprobe, "tetragon.ProcessUprobe"),
            (.processUsdt, "tetragon.ProcessUsdt"), (.processLoader, "tetragon.ProcessLoader"),
            (.processThrottle, "tetragon.ProcessThrottle"),
        ] {
            let described = try #require(kinds.first { $0.kind == kind })
            let isOfPolicies = EventKind.ofPolicies.contains(kind)
            try wire.compare(
                message, described.fields, isOfPolicies ? "policy" : described.kind.name.description)
            let events = try #require(wire.messages["tetragon.GetEventsResponse"])
            #expect(events.first { $0.name == kind.name.description }?.number == kind.rawValue)
        }
        try wire.compare("tetragon.GetEventsResponse", try #require(kinds.first).envelope, "envelope")

        #expect(wire.missing == Self.differences)
    }

    /// The table under "What differs from Tetragon" lists the same.
    @Test func thePageListsTheDifferences() throws {
        let page = try String(contentsOf: Self.root.appending(path: "docs/api.md"), encoding: .utf8)
        let section = try #require(page.split(separator: "## What differs from Tetragon\n").last)
        var listed: [String: Set<String>] = [:]
        for row in section.split(separator: "\n## ")[0].split(separator: "\n") where row.hasPrefix("| `") {
            let cells = row.split(separator: "|", omittingEmptySubsequences: false)
            let fields = Set(cells[2].matches(of: /`(\w+)`/).map { String($0.1) })
            for message in cells[1].matches(of: /`([\w.]+)`/) { listed[String(message.1)] = fields }
        }
        #expect(listed == Self.differences)
    }
}
