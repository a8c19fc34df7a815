import CEventABI
import Foundation
import Testing

/// What Swift reads and what programs write must lie at the same place. The headers assert their
/// layout for both compilers; here Swift's own view of every struct is held against those
/// assertions, and a struct that is asserted there but missing here fails.
@Suite struct LayoutTests {
    private static func size<Record: BitwiseCopyable>(_ type: Record.Type) -> Int {
        MemoryLayout<Record>.size
    }

    private static let sizes: [String: Int] = [
        "secd_record": size(secd_record.self),
        "secd_stream": size(secd_stream.self),
        "secd_reader": size(secd_reader.self),
        "secd_agent": size(secd_agent.self),
        "secd_image": size(secd_image.self),
        "secd_credentials": size(secd_credentials.self),
        "secd_namespaces": size(secd_namespaces.self),
        "secd_inode": size(secd_inode.self),
        "secd_path": size(secd_path.self),
        "secd_fork": size(secd_fork.self),
        "secd_exec": size(secd_exec.self),
        "secd_usage": size(secd_usage.self),
        "secd_exit": size(secd_exit.self),
        "secd_credentials_change": size(secd_credentials_change.self),
        "secd_piece": size(secd_piece.self),
        "secd_cgroup": size(secd_cgroup.self),
        "secd_process": size(secd_process.self),
        "secd_seed": size(secd_seed.self),
        "secd_socket": size(secd_socket.self),
        "secd_socket_state": size(secd_socket_state.self),
        "secd_socket_seed": size(secd_socket_seed.self),
        "secd_socket_peer": size(secd_socket_peer.self),
        "secd_dns": size(secd_dns.self),
        "secd_file_prefix": size(secd_file_prefix.self),
        "secd_file": size(secd_file.self),
        "secd_policy_control": size(secd_policy_control.self),
        "secd_policy_setup": size(secd_policy_setup.self),
        "secd_policy_call": size(secd_policy_call.self),
        "secd_policy_change": size(secd_policy_change.self),
        "secd_policy_enforced": size(secd_policy_enforced.self),
        "secd_policy_waiting_key": size(secd_policy_waiting_key.self),
        "secd_policy_row": size(secd_policy_row.self),
        "secd_policy_place": size(secd_policy_place.self),
        "secd_policy_start": size(secd_policy_start.self),
        "secd_policy_key": size(secd_policy_key.self),
        "secd_policy_prefix": size(secd_policy_prefix.self),
        "secd_policy_length": size(secd_policy_length.self),
        "secd_policy_lookup": size(secd_policy_lookup.self),
        "secd_policy_dimension": size(secd_policy_dimension.self),
        "secd_policy_column": size(secd_policy_column.self),
        "secd_policy_hook": size(secd_policy_hook.self),
        "secd_policy_rule": size(secd_policy_rule.self),
        "secd_policy_counter": size(secd_policy_counter.self),
        "secd_policy_process_table": size(secd_policy_process_table.self),
        "secd_policy_lineage": size(secd_policy_lineage.self),
        "secd_policy_generation": size(secd_policy_generation.self),
        "secd_policy_process": size(secd_policy_process.self),
        "secd_policy_above": size(secd_policy_above.self),
        "secd_policy_ancestry": size(secd_policy_ancestry.self),
        "secd_policy_value": size(secd_policy_value.self),
        "secd_policy_endpoint": size(secd_policy_endpoint.self),
        "secd_policy_event": size(secd_policy_event.self),
        "secd_policy_count_key": size(secd_policy_count_key.self),
        "secd_policy_user_namespace": size(secd_policy_user_namespace.self),
        "secd_policy_bpf_program": size(secd_policy_bpf_program.self),
        "secd_policy_bpf_map": size(secd_policy_bpf_map.self),
        "secd_policy_perf_event": size(secd_policy_perf_event.self),
        "secd_policy_origin": size(secd_policy_origin.self),
        "secd_policy_script": size(secd_policy_script.self),
        "secd_policy_fetch": size(secd_policy_fetch.self),
        "secd_policy_site": size(secd_policy_site.self),
        "secd_policy_transition": size(secd_policy_transition.self),
        "secd_policy_step": size(secd_policy_step.self),
        "secd_policy_subject": size(secd_policy_subject.self),
    ]

    private static let offsets: [String: Int?] = [
        "secd_record.sequence": MemoryLayout<secd_record>.offset(of: \.sequence),
        "secd_record.time_ns": MemoryLayout<secd_record>.offset(of: \.time_ns),
        "secd_record.cpu": MemoryLayout<secd_record>.offset(of: \.cpu),
        "secd_stream.lost": MemoryLayout<secd_stream>.offset(of: \.lost),
        "secd_stream.lost_by_kind": MemoryLayout<secd_stream>.offset(of: \.lost_by_kind),
        "secd_credentials.securebits": MemoryLayout<secd_credentials>.offset(of: \.securebits),
        "secd_credentials.permitted": MemoryLayout<secd_credentials>.offset(of: \.permitted),
        "secd_fork.image": MemoryLayout<secd_fork>.offset(of: \.image),
        "secd_fork.parent": MemoryLayout<secd_fork>.offset(of: \.parent),
        "secd_fork.cgroup_id": MemoryLayout<secd_fork>.offset(of: \.cgroup_id),
        "secd_fork.clone_start_ns": MemoryLayout<secd_fork>.offset(of: \.clone_start_ns),
        "secd_exec.image": MemoryLayout<secd_exec>.offset(of: \.image),
        "secd_exec.credentials": MemoryLayout<secd_exec>.offset(of: \.credentials),
        "secd_exec.namespaces": MemoryLayout<secd_exec>.offset(of: \.namespaces),
        "secd_exec.cgroup_id": MemoryLayout<secd_exec>.offset(of: \.cgroup_id),
        "secd_exec.binary_inode": MemoryLayout<secd_exec>.offset(of: \.binary_inode),
        "secd_exec.binary": MemoryLayout<secd_exec>.offset(of: \.binary),
        "secd_exec.flags": MemoryLayout<secd_exec>.offset(of: \.flags),
        "secd_exec.old_permitted": MemoryLayout<secd_exec>.offset(of: \.old_permitted),
        "secd_exec.filename_length": MemoryLayout<secd_exec>.offset(of: \.filename_length),
        "secd_exec.comm": MemoryLayout<secd_exec>.offset(of: \.comm),
        "secd_exit.since_exec": MemoryLayout<secd_exit>.offset(of: \.since_exec),
        "secd_exit.process_start_ns": MemoryLayout<secd_exit>.offset(of: \.process_start_ns),
        "secd_exit.status": MemoryLayout<secd_exit>.offset(of: \.status),
        "secd_credentials_change.old": MemoryLayout<secd_credentials_change>.offset(of: \.old),
        "secd_credentials_change.new": MemoryLayout<secd_credentials_change>.offset(of: \.new),
        "secd_credentials_change.tid": MemoryLayout<secd_credentials_change>.offset(of: \.tid),
        "secd_piece.offset": MemoryLayout<secd_piece>.offset(of: \.offset),
        "secd_process.dead": MemoryLayout<secd_process>.offset(of: \.dead),
        "secd_process.credentials": MemoryLayout<secd_process>.offset(of: \.credentials),
        "secd_process.process_start_ns": MemoryLayout<secd_process>.offset(of: \.process_start_ns),
        "secd_process.flags": MemoryLayout<secd_process>.offset(of: \.flags),
        "secd_seed.credentials": MemoryLayout<secd_seed>.offset(of: \.credentials),
        "secd_seed.namespaces": MemoryLayout<secd_seed>.offset(of: \.namespaces),
        "secd_seed.cgroup_id": MemoryLayout<secd_seed>.offset(of: \.cgroup_id),
        "secd_seed.binary_inode": MemoryLayout<secd_seed>.offset(of: \.binary_inode),
        "secd_seed.binary": MemoryLayout<secd_seed>.offset(of: \.binary),
        "secd_seed.comm": MemoryLayout<secd_seed>.offset(of: \.comm),
        "secd_socket.cookie": MemoryLayout<secd_socket>.offset(of: \.cookie),
        "secd_socket.user": MemoryLayout<secd_socket>.offset(of: \.user),
        "secd_socket.local": MemoryLayout<secd_socket>.offset(of: \.local),
        "secd_socket.local_port": MemoryLayout<secd_socket>.offset(of: \.local_port),
        "secd_socket.flags": MemoryLayout<secd_socket>.offset(of: \.flags),
        "secd_socket.cgroup_id": MemoryLayout<secd_socket>.offset(of: \.cgroup_id),
        "secd_socket.bytes_sent": MemoryLayout<secd_socket>.offset(of: \.bytes_sent),
        "secd_socket.retransmits": MemoryLayout<secd_socket>.offset(of: \.retransmits),
        "secd_socket.inode": MemoryLayout<secd_socket>.offset(of: \.inode),
        "secd_socket.peers": MemoryLayout<secd_socket>.offset(of: \.peers),
        "secd_socket_seed.path": MemoryLayout<secd_socket_seed>.offset(of: \.path),
        "secd_socket_state.user_key": MemoryLayout<secd_socket_state>.offset(of: \.user_key),
        "secd_socket_state.users": MemoryLayout<secd_socket_state>.offset(of: \.users),
        "secd_socket_state.sent_to": MemoryLayout<secd_socket_state>.offset(of: \.sent_to),
        "secd_socket_state.marks": MemoryLayout<secd_socket_state>.offset(of: \.marks),
        "secd_file.image": MemoryLayout<secd_file>.offset(of: \.image),
        "secd_file.inode": MemoryLayout<secd_file>.offset(of: \.inode),
        "secd_file.path": MemoryLayout<secd_file>.offset(of: \.path),
        "secd_file.cgroup_id": MemoryLayout<secd_file>.offset(of: \.cgroup_id),
        "secd_file.operation": MemoryLayout<secd_file>.offset(of: \.operation),
        "secd_policy_setup.host_ns": MemoryLayout<secd_policy_setup>.offset(of: \.host_ns),
        "secd_policy_lookup.lengths": MemoryLayout<secd_policy_lookup>.offset(of: \.lengths),
        "secd_policy_dimension.slot": MemoryLayout<secd_policy_dimension>.offset(of: \.slot),
        "secd_policy_dimension.absent_row": MemoryLayout<secd_policy_dimension>.offset(of: \.absent_row),
        "secd_policy_dimension.lookup": MemoryLayout<secd_policy_dimension>.offset(of: \.lookup),
        "secd_policy_change.kind": MemoryLayout<secd_policy_change>.offset(of: \.kind),
        "secd_policy_column.capacity": MemoryLayout<secd_policy_column>.offset(of: \.capacity),
        "secd_policy_hook.rules": MemoryLayout<secd_policy_hook>.offset(of: \.rules),
        "secd_policy_hook.dimension": MemoryLayout<secd_policy_hook>.offset(of: \.dimension),
        "secd_policy_hook.column": MemoryLayout<secd_policy_hook>.offset(of: \.column),
        "secd_policy_rule.changes": MemoryLayout<secd_policy_rule>.offset(of: \.changes),
        "secd_policy_rule.counter": MemoryLayout<secd_policy_rule>.offset(of: \.counter),
        "secd_policy_rule.enforcer": MemoryLayout<secd_policy_rule>.offset(of: \.enforcer),
        "secd_policy_generation.table": MemoryLayout<secd_policy_generation>.offset(of: \.table),
        "secd_policy_generation.lineage": MemoryLayout<secd_policy_generation>.offset(of: \.lineage),
        "secd_policy_process.classes": MemoryLayout<secd_policy_process>.offset(of: \.classes),
        "secd_policy_process.marks": MemoryLayout<secd_policy_process>.offset(of: \.marks),
        "secd_policy_process.scripts": MemoryLayout<secd_policy_process>.offset(of: \.scripts),
        "secd_policy_value.number": MemoryLayout<secd_policy_value>.offset(of: \.number),
        "secd_policy_endpoint.source_port": MemoryLayout<secd_policy_endpoint>.offset(of: \.source_port),
        "secd_policy_event.image": MemoryLayout<secd_policy_event>.offset(of: \.image),
        "secd_policy_event.cgroup_id": MemoryLayout<secd_policy_event>.offset(of: \.cgroup_id),
        "secd_policy_event.mechanism": MemoryLayout<secd_policy_event>.offset(of: \.mechanism),
        "secd_policy_event.result": MemoryLayout<secd_policy_event>.offset(of: \.result),
        "secd_policy_event.summary": MemoryLayout<secd_policy_event>.offset(of: \.summary),
        "secd_agent.host_mnt": MemoryLayout<secd_agent>.offset(of: \.host_mnt),
        "secd_agent.cgroup_hierarchy": MemoryLayout<secd_agent>.offset(of: \.cgroup_hierarchy),
        "secd_policy_endpoint.mark": MemoryLayout<secd_policy_endpoint>.offset(of: \.mark),
        "secd_policy_origin.effective": MemoryLayout<secd_policy_origin>.offset(of: \.effective),
        "secd_policy_script.text": MemoryLayout<secd_policy_script>.offset(of: \.text),
        "secd_policy_fetch.kind": MemoryLayout<secd_policy_fetch>.offset(of: \.kind),
        "secd_policy_site.fetch": MemoryLayout<secd_policy_site>.offset(of: \.fetch),
        "secd_policy_subject.task": MemoryLayout<secd_policy_subject>.offset(of: \.task),
        "secd_policy_subject.arguments": MemoryLayout<secd_policy_subject>.offset(of: \.arguments),
        "secd_policy_subject.name": MemoryLayout<secd_policy_subject>.offset(of: \.name),
    ]

    /// Assertions of the headers as they stand in the repository: name → bytes.
    private static func assertions(_ pattern: Regex<(Substring, Substring, Substring)>) throws -> [String:
        Int]
    {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../bpf/abi")
        let headers = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var found: [String: Int] = [:]
        for header in headers where header.pathExtension == "h" {
            for match in try String(contentsOf: header, encoding: .utf8).matches(of: pattern) {
                found[String(match.1).replacing(", ", with: ".")] = value(of: match.2)
            }
        }
        return found
    }

    /// A number, or a sum with the one constant that the headers use in a size.
    private static func value(of expression: Substring) -> Int? {
        Int(expression)
            ?? (expression == "16 + 8 * SECD_KIND_COUNT + 8" ? 24 + 8 * Int(SECD_KIND_COUNT) : nil)
    }

    @Test func sizesAreThoseOfTheHeaders() throws {
        let asserted = try Self.assertions(/SECD_SIZE\((secd_\w+), (.+)\);/)
        #expect(!asserted.isEmpty)
        for (name, bytes) in asserted { #expect(Self.sizes[name] == bytes, "sizeof \(name)") }
        #expect(Set(asserted.keys) == Set(Self.sizes.keys))
    }

    @Test func offsetsAreThoseOfTheHeaders() throws {
        let asserted = try Self.assertions(/SECD_LAYOUT\((secd_\w+, \w+), (.+)\);/)
        #expect(!asserted.isEmpty)
        for (name, bytes) in asserted { #expect(Self.offsets[name] == bytes, "offset of \(name)") }
        #expect(Set(asserted.keys) == Set(Self.offsets.keys))
    }

    /// Records follow one another in the ring 8-byte aligned; a struct whose stride differs from its
    /// size would make an array of it differ between the compilers.
    @Test func recordsBeginWithTheHeadAndFillTheirAlignment() {
        #expect(MemoryLayout<secd_fork>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_exec>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_exit>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_credentials_change>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_piece>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_cgroup>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_socket>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_dns>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_file>.offset(of: \.head) == 0)
        #expect(MemoryLayout<secd_stream>.stride == MemoryLayout<secd_stream>.size)
        #expect(MemoryLayout<secd_seed>.stride == MemoryLayout<secd_seed>.size)
    }

    @Test func limitsAgreeWithEachOther() {
        #expect(SECD_KIND_TEST < SECD_KIND_COUNT)
        #expect(SECD_RING_OBSERVATION < SECD_RING_COUNT)
        // A whole argv of Linux's default limit fits into its pieces.
        #expect(SECD_ARGUMENTS_INLINE + SECD_PIECES_MAX * SECD_PIECE_MAX >= 2 << 20)
    }
}
