import CEventABI
import EventModel

/// Kernel objects in records, as events show them.
enum PolicyObjects {
    /// Bytes that a value of this kind (SECD_POLICY_VALUE_*) must have.
    static func size(of kind: UInt8) -> Int {
        switch Int32(kind) {
        case SECD_POLICY_VALUE_ENDPOINT: MemoryLayout<secd_policy_endpoint>.size
        case SECD_POLICY_VALUE_CREDENTIALS: MemoryLayout<secd_credentials>.size
        case SECD_POLICY_VALUE_USER_NAMESPACE: MemoryLayout<secd_policy_user_namespace>.size
        case SECD_POLICY_VALUE_BPF_PROGRAM: MemoryLayout<secd_policy_bpf_program>.size
        case SECD_POLICY_VALUE_BPF_MAP: MemoryLayout<secd_policy_bpf_map>.size
        case SECD_POLICY_VALUE_PERF_EVENT: MemoryLayout<secd_policy_perf_event>.size
        default: 0
        }
    }

    /// The value of an object; nil for kinds that are none.
    /// - Parameter isRequest: of a program: what bpf(2) was asked to load.
    static func value(_ kind: UInt8, _ content: [UInt8], isRequest: Bool) -> PolicyArgument.Value? {
        let bytes = unsafe content.span.bytes
        switch Int32(kind) {
        case SECD_POLICY_VALUE_CREDENTIALS:
            return bytes.loadRecord(secd_credentials.self).map { .credentials($0) }
        case SECD_POLICY_VALUE_USER_NAMESPACE:
            return bytes.loadRecord(secd_policy_user_namespace.self).map {
                .userNamespace(
                    PolicyUserNamespace(level: $0.level, owner: $0.owner, group: $0.group, inode: $0.inode))
            }
        case SECD_POLICY_VALUE_BPF_PROGRAM:
            return bytes.loadRecord(secd_policy_bpf_program.self).map {
                let program = PolicyBPFProgram(
                    type: $0.type, instructions: $0.instructions, name: text($0.name))
                return isRequest ? .bpfAttributes(program) : .bpfProgram(program)
            }
        case SECD_POLICY_VALUE_BPF_MAP:
            return bytes.loadRecord(secd_policy_bpf_map.self).map {
                .bpfMap(
                    PolicyBPFMap(
                        type: $0.type, keySize: $0.key_size, valueSize: $0.value_size, entries: $0.entries,
                        name: text($0.name)))
            }
        case SECD_POLICY_VALUE_PERF_EVENT:
            return bytes.loadRecord(secd_policy_perf_event.self).map {
                .perfEvent(
                    PolicyPerfEvent(
                        type: $0.type, config: $0.config, probeOffset: $0.offset, function: text($0.function))
                )
            }
        default: return nil
        }
    }

    /// A module: its name is text, the rest stands in the number.
    static func module(_ name: [UInt8], _ number: UInt64) -> PolicyModule {
        PolicyModule(
            name: name,
            isSigned: number & SECD_POLICY_MODULE_JUDGED != 0
                ? number & SECD_POLICY_MODULE_SIGNED != 0 : nil,
            taints: UInt32(truncatingIfNeeded: number))
    }

    /// A packet; `source` and `destination` as its family has them.
    static func packet(
        _ end: secd_policy_endpoint, _ source: [UInt8], _ destination: [UInt8]
    ) -> PolicyPacket {
        var packet = PolicyPacket()
        (packet.family, packet.protocolNumber) = (end.family, end.protocol)
        (packet.source, packet.sourcePort) = (source, end.source_port)
        (packet.destination, packet.destinationPort) = (destination, end.destination_port)
        (packet.hash, packet.length) = (end.hash, end.length)
        (packet.priority, packet.mark) = (end.priority, end.mark)
        packet.securityPathLength = end.path_length
        packet.securityPathOffloaded = end.path_offloaded
        return packet
    }

    /// Up to the first NUL.
    private static func text<Bytes: BitwiseCopyable>(_ bytes: Bytes) -> [UInt8] {
        unsafe withUnsafeBytes(of: bytes) { unsafe Array($0.prefix { $0 != 0 }) }
    }
}
