import CEventABI
import EventDecoder
import EventModel
import PolicyModel
import Testing

/// Kernel objects in records → values, by the type of their column.
@Suite struct PolicyObjectsTests {
    /// The value of one column.
    private func value(
        _ type: ArgumentType, _ kind: Int32, _ content: [UInt8], number: UInt64 = 0,
        state: Int32 = SECD_POLICY_VALUE_PRESENT
    ) -> PolicyArgument.Value? {
        let hook = PolicyCatalogue.Hook(
            hook: PolicyHook(.function("f"), mechanism: "kprobe", effect: .observe),
            columns: [Column(source: .argument(0), type: type)],
            shapes: [EventShape(arguments: [EventShape.Field(column: 0, label: "")])],
            rules: [
                PolicyCatalogue.Rule(rule: PolicyRule(policy: "p", mode: .enforce, action: .post), shape: 0)
            ])
        let catalogue = PolicyCatalogue(generation: 5, hooks: [1: hook])
        var record = PolicyRecordBytes()
        record.add(0, kind, content, number: number, state: state)
        let bytes = record.bytes
        guard let view = unsafe RecordView(bytes.span.bytes) else { return nil }
        return catalogue.event(view)?.arguments.first?.value
    }

    private func name<Bytes: BitwiseCopyable>(_ text: String, as: Bytes.Type, in bytes: inout Bytes) {
        unsafe withUnsafeMutableBytes(of: &bytes) { unsafe $0.copyBytes(from: Array(text.utf8)) }
    }

    @Test func credentialsAndUserNamespaces() throws {
        var credentials = secd_credentials()
        (credentials.uid, credentials.effective) = (1000, 1 << 21)
        let shown = value(.cred, SECD_POLICY_VALUE_CREDENTIALS, PolicyRecordBytes.raw(credentials))
        guard case .credentials(let found) = shown else { return #expect(Bool(false)) }
        #expect(found.uid == 1000 && found.effective == 1 << 21)

        let namespace = secd_policy_user_namespace(level: 2, owner: 3, group: 4, inode: 5)
        let other = value(.userNamespace, SECD_POLICY_VALUE_USER_NAMESPACE, PolicyRecordBytes.raw(namespace))
        guard case .userNamespace(let found) = other else { return #expect(Bool(false)) }
        #expect((found.level, found.owner, found.group, found.inode) == (2, 3, 4, 5))
    }

    @Test func programsMapsAndEvents() throws {
        var program = secd_policy_bpf_program()
        (program.type, program.instructions) = (2, 7)
        name("probe", as: type(of: program.name), in: &program.name)
        let asked = value(.bpfAttr, SECD_POLICY_VALUE_BPF_PROGRAM, PolicyRecordBytes.raw(program))
        guard case .bpfAttributes(let found) = asked else { return #expect(Bool(false)) }
        #expect((found.type, found.instructions) == (2, 7) && found.name == Array("probe".utf8))
        let loaded = value(.bpfProg, SECD_POLICY_VALUE_BPF_PROGRAM, PolicyRecordBytes.raw(program))
        guard case .bpfProgram = loaded else { return #expect(Bool(false)) }

        var map = secd_policy_bpf_map()
        (map.type, map.key_size, map.value_size, map.entries) = (1, 4, 8, 16)
        let shown = value(.bpfMap, SECD_POLICY_VALUE_BPF_MAP, PolicyRecordBytes.raw(map))
        guard case .bpfMap(let found) = shown else { return #expect(Bool(false)) }
        #expect((found.type, found.keySize, found.valueSize, found.entries) == (1, 4, 8, 16))

        var event = secd_policy_perf_event()
        (event.type, event.config, event.offset) = (8, 9, 10)
        name("do_exit", as: type(of: event.function), in: &event.function)
        let perf = value(.perfEvent, SECD_POLICY_VALUE_PERF_EVENT, PolicyRecordBytes.raw(event))
        guard case .perfEvent(let found) = perf else { return #expect(Bool(false)) }
        #expect((found.type, found.config, found.probeOffset) == (8, 9, 10))
        #expect(found.function == Array("do_exit".utf8))
    }

    @Test func modules() throws {
        func module(_ number: UInt64) -> PolicyModule? {
            let shown = value(.module, SECD_POLICY_VALUE_TEXT, Array("dummy".utf8), number: number)
            guard case .module(let module) = shown else { return nil }
            return module
        }
        let signed = try #require(module(SECD_POLICY_MODULE_JUDGED | SECD_POLICY_MODULE_SIGNED | 1 << 12))

        #expect(signed.name == Array("dummy".utf8) && signed.isSigned == true && signed.taints == 1 << 12)
        #expect(module(SECD_POLICY_MODULE_JUDGED)?.isSigned == false)
        #expect(module(0)?.isSigned == nil)
    }

    @Test func packetsAndSockets() throws {
        var end = secd_policy_endpoint()
        (end.family, end.protocol, end.mark, end.priority) = (2, 17, 5, 6)
        (end.length, end.hash, end.path_length) = (100, 7, 1)
        (end.source.0, end.source_port) = (10, 53)
        let packet = value(.skb, SECD_POLICY_VALUE_ENDPOINT, PolicyRecordBytes.raw(end))
        guard case .packet(let found) = packet else { return #expect(Bool(false)) }
        #expect(found.source == [10, 0, 0, 0] && found.sourcePort == 53 && found.length == 100)
        #expect((found.mark, found.priority, found.hash, found.securityPathLength) == (5, 6, 7, 1))
        let socket = value(.sock, SECD_POLICY_VALUE_ENDPOINT, PolicyRecordBytes.raw(end))
        guard case .socket(let found) = socket else { return #expect(Bool(false)) }
        #expect((found.mark, found.priority) == (5, 6))
    }

    /// A buffer that was longer says how long.
    @Test func buffersInPieces() throws {
        let shown = value(
            .iovIter, SECD_POLICY_VALUE_TEXT, [1, 2], number: 9, state: SECD_POLICY_VALUE_TRUNCATED)
        guard case .bytes(let bytes, let whole) = shown else { return #expect(Bool(false)) }
        #expect(bytes == [1, 2] && whole == 9)
    }

    @Test(arguments: [
        SECD_POLICY_VALUE_CREDENTIALS, SECD_POLICY_VALUE_USER_NAMESPACE, SECD_POLICY_VALUE_BPF_PROGRAM,
        SECD_POLICY_VALUE_BPF_MAP, SECD_POLICY_VALUE_PERF_EVENT,
    ])
    func cutObjectsAreRefused(_ kind: Int32) {
        #expect(value(.cred, kind, [1, 2, 3]) == nil)
    }
}
