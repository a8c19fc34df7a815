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
            exec_id=1 pid=2 uid=3 cwd=4 binary=5 arguments=6 flags=7 start_time=8 auid=9 pod=10 docker=11 parent_exec_id=12 cap=14 ns=15 \
            tid=16 process_credentials=17 binary_properties=18 in_init_tree=20 environment_variables=21
            """
        ),
        (
            "process_exec.process.pod",
            "namespace=1 name=2 uid=3 container=4 pod_labels=5 workload=6 workload_kind=7 pod_annotations=8"
        ),
        (
            "process_exec.process.pod.container",
            "id=1 name=2 image=3 start_time=4 pid=5 maybe_exec_probe=13 security_context=14"
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
        (
            "process_kprobe",
            """
            process=1 parent=2 function_name=3 args=4 return=5 action=6 kernel_stack_trace=7 policy_name=8 return_action=9 \
            message=10 tags=11 user_stack_trace=12 ancestors=13 data=14
            """
        ),
        (
            "process_tracepoint",
            "process=1 parent=2 subsys=4 event=5 args=6 policy_name=7 action=8 message=9 tags=10 ancestors=11"
        ),
        (
            "process_lsm",
            """
            process=1 parent=2 function_name=3 policy_name=5 message=6 args=7 action=8 tags=9 ancestors=10 ima_hash=11
            """
        ),
        (
            "process_uprobe",
            """
            process=1 parent=2 path=3 symbol=4 policy_name=5 message=6 args=7 tags=8 ancestors=9 offset=10 \
            ref_ctr_offset=11 action=12 data=13
            """
        ),
        (
            "process_usdt",
            """
            process=1 parent=2 path=3 provider=4 name=5 policy_name=6 message=7 args=8 tags=9 ancestors=10 action=11 \
            flags=12
            """
        ),
        ("process_loader", "process=1 path=2 buildid=3 parent=4 ancestors=5"),
        ("process_throttle", "type=1 cgroup=2"),
        (
            "process_kprobe.args",
            """
            string_arg=1 int_arg=2 skb_arg=3 size_arg=4 bytes_arg=5 path_arg=6 file_arg=7 truncated_bytes_arg=8 sock_arg=9 \
            long_arg=11 bpf_attr_arg=12 perf_event_arg=13 bpf_map_arg=14 uint_arg=15 capability_arg=17 label=18 \
            process_credentials_arg=19 user_ns_arg=20 module_arg=21 kernel_cap_t_arg=22 cap_inheritable_arg=23 \
            cap_permitted_arg=24 cap_effective_arg=25 linux_binprm_arg=26 net_dev_arg=27 bpf_cmd_arg=28 syscall_id=29 \
            sockaddr_arg=30 bpf_prog_arg=31 error_arg=32 sockaddrun_arg=33
            """
        ),
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
