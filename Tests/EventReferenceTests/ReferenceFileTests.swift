import EventModel
import EventReference
import Foundation
import TestSupport
import Testing

@Suite struct ReferenceFileTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

    @Test(arguments: ReferenceFile.all().map(\.path))
    func generatedFilesAreCurrent(_ path: String) throws {
        let generated = try #require(ReferenceFile.all().first { $0.path == path }).text
        let committed = try? String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        #expect(committed == generated, "run `swift run event-reference` and commit \(path)")
    }

    @Test func nothingElseIsInTheGeneratedFolders() throws {
        let expected = Set(ReferenceFile.all().map(\.path))
        for folder in ["export/schema", "export/golden"] {
            let names = try FileManager.default.contentsOfDirectory(
                atPath: Self.root.appending(path: folder).path())
            #expect(Set(names.map { "\(folder)/\($0)" }).isSubset(of: expected))
        }
    }

    /// What a compiler of the `.proto` file would refuse: fields of several messages under one name.
    @Test func theProtoFileHasNoClashes() throws {
        let text = try #require(ReferenceFile.all().first { $0.path.hasSuffix(".proto") }).text
        let messages = text.split(separator: "\nmessage ").dropFirst()
        #expect(Set(messages.map { $0.prefix { $0 != " " } }).count == messages.count)
        for message in messages {
            let fields = message.split(separator: "\nenum ")[0].matches(of: /(\w+) = (\d+);/)
            #expect(Set(fields.map(\.1)).count == fields.count, "names of \(message.prefix(20))")
            #expect(Set(fields.map(\.2)).count == fields.count, "numbers of \(message.prefix(20))")
        }
    }

    @Test func everyKindHasItsOwnDescription() {
        let kinds = KindDescription.all()
        #expect(kinds.map(\.kind) == EventKind.allCases)
        for kind in kinds {
            #expect(!kind.fields.isEmpty, "\(kind.kind)")
            #expect(kind.envelope.map(\.name).contains("time"))
        }
    }
}

/// The rules that every description must keep, so that readers of all versions agree.
@Suite struct DescriptionTests {
    private func each(_ body: (_ path: String, [DescribedField]) -> Void) {
        func walk(_ path: String, _ fields: [DescribedField]) {
            body(path, fields)
            for field in fields { walk("\(path).\(field.name)", field.fields) }
        }
        for kind in KindDescription.all() { walk("\(kind.kind.name)", kind.fields + []) }
        for kind in KindDescription.all().prefix(1) { walk("event", kind.envelope) }
    }

    @Test func fieldsAreUsedAsTheyAreDeclared() {
        each { path, fields in
            for field in fields {
                #expect(
                    field.isConsistent,
                    "\(path).\(field.name) is declared \(field.field.type) and used as \(field.type)")
            }
        }
    }

    @Test func numbersAndNamesAreUniqueInTheirMessage() {
        each { path, fields in
            #expect(Set(fields.map(\.number)).count == fields.count, "numbers of \(path)")
            #expect(Set(fields.map(\.name)).count == fields.count, "names of \(path)")
        }
    }

    @Test func everyMessageHasFields() {
        each { path, fields in
            for field in fields where field.type == .message {
                #expect(!field.fields.isEmpty, "no sample shows what \(path).\(field.name) contains")
            }
            for field in fields where field.type == .enumeration {
                #expect(!field.cases.isEmpty, "no sample shows the cases of \(path).\(field.name)")
            }
        }
    }

    @Test func everyFieldHasASentence() {
        each { path, fields in
            for field in fields {
                let doc = field.field.doc.description
                #expect(
                    doc.hasSuffix(".") || doc.hasSuffix(".)") || doc.hasSuffix("…"), "\(path).\(field.name)")
                #expect(
                    !doc.contains("|") && !doc.contains("\n"), "\(path).\(field.name) would break a table")
            }
        }
    }

    /// Names and numbers of the messages that Tetragon has too (api/v1/tetragon, 1.7).
    @Test(arguments: [
        ("process_exec", "process=1 parent=2 ancestors=3"),
        ("process_exit", "process=1 parent=2 signal=3 status=4 time=5 ancestors=6"),
        (
            "process_exec.process",
            """
            exec_id=1 pid=2 uid=3 cwd=4 binary=5 arguments=6 flags=7 start_time=8 auid=9 docker=11 parent_exec_id=12 cap=14 ns=15 \
            tid=16 process_credentials=17 binary_properties=18 in_init_tree=20 environment_variables=21
            """
        ),
        ("process_exec.process.cap", "permitted=1 effective=2 inheritable=3"),
        (
            "process_exec.process.ns",
            "uts=1 ipc=2 mnt=3 pid=4 pid_for_children=5 net=6 time=7 time_for_children=8 cgroup=9 user=10"
        ),
        ("process_exec.process.ns.net", "inum=1 is_host=2"),
        (
            "process_exec.process.process_credentials",
            "uid=1 gid=2 euid=3 egid=4 suid=5 sgid=6 fsuid=7 fsgid=8 securebits=9 user_ns=11"
        ),
        ("process_exec.process.process_credentials.user_ns", "level=1 uid=2 gid=3"),
        ("process_exec.process.binary_properties", "setuid=1 setgid=2 privileges_changed=3 file=4"),
        ("process_exec.process.binary_properties.file", "inode=1 path=2"),
        ("process_exec.process.binary_properties.file.inode", "number=1 links=2"),
        ("process_exec.process.environment_variables", "Key=1 Value=2"),
        ("event", "node_name=1000 time=1001 cluster_name=1003"),
    ])
    func tetragonsFieldsKeepTheirNumbers(_ message: String, _ expected: String) {
        var found = false
        each { path, fields in
            guard path == message else { return }
            found = true
            let shared = fields.filter { $0.number < Field.firstOwnNumber }.sorted { $0.number < $1.number }
            #expect(shared.map { "\($0.name)=\($0.number)" }.joined(separator: " ") == expected)
        }
        #expect(found)
    }
}
