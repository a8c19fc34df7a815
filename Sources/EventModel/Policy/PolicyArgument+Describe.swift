import CEventABI
import TextEncoding

extension PolicyArgument {
    private static var everyRight: secd_credentials {
        var credentials = secd_credentials()
        credentials.securebits = SecureBit.known
        return credentials
    }

    /// One of each value: what a schema must know, because of a oneof only one member is ever set.
    private static var shapes: [Value] {
        let values: [Value] = [
            .text([]), .int(0), .packet(PolicyPacket()), .size(0), .bytes([], of: 0),
            .path(PolicyFile(path: [])),
            .file(PolicyFile(path: [])), .bytes([], of: 1), .socket(PolicySocket()), .long(0),
            .bpfAttributes(PolicyBPFProgram(type: 0, instructions: 0, name: [])),
            .perfEvent(PolicyPerfEvent(type: 0, config: 0, probeOffset: 0, function: [])),
            .bpfMap(PolicyBPFMap(type: 0, keySize: 0, valueSize: 0, entries: 0, name: [])), .uint(0),
            .capability(0), .credentials(everyRight),
            .userNamespace(PolicyUserNamespace(level: 0, owner: 0, group: 0, inode: 1)),
            .module(PolicyModule(name: [], taints: .max)), .capabilities(.any, 0),
            .capabilities(.inheritable, 0),
            .capabilities(.permitted, 0), .capabilities(.effective, 0), .program(PolicyFile(path: [])),
            .device([]), .syscall(number: 0, .x64), .address(family: 0, [], port: 0),
            .bpfProgram(PolicyBPFProgram(type: 0, instructions: 0, name: [])), .failure(""), .unixAddress([]),
        ]
        return values + PolicyNumberNames.commands.indices.map { .bpfCommand(UInt32($0)) }
    }

    /// Describes the value of one `tetragon.KprobeArgument`.
    func describe<V: FieldVisitor & ~Copyable>(_ context: EncodingContext, _ visitor: inout V) {
        typealias F = PolicyArgumentFields
        if V.showsShape {
            for value in Self.shapes { Self.describe(value, context, &visitor) }
        } else {
            Self.describe(value, context, &visitor)
        }
        visitor.string(F.label, label)
        visitor.text(F.state, state.name)
        visitor.text(F.origin, origin.map { $0 == .kernel ? "kernel" : "user" })
    }

    private static func describe<V: FieldVisitor & ~Copyable>(
        _ value: Value, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = PolicyArgumentFields
        switch value {
        case .text(let text): unsafe visitor.chosen(F.text, text: text.span.bytes)
        case .int(let number): visitor.chosen(F.int, signed: Int64(number))
        case .uint(let number): visitor.chosen(F.uint, unsigned: UInt64(number))
        case .long(let number): visitor.chosen(F.long, signed: number)
        case .size(let number): visitor.chosen(F.size, unsigned: number)
        case .bytes(let bytes, let whole) where whole > bytes.count:
            visitor.message(F.truncatedBytes, present: true) { visitor in
                unsafe visitor.bytes(F.originalBytes, bytes.span.bytes)
                visitor.uint64(F.originalSize, whole)
            }
        case .bytes(let bytes, _): unsafe visitor.chosen(F.bytes, bytes: bytes.span.bytes)
        case .capabilities(let kind, let set):
            context.scratch.removeAll()
            context.scratch.append(mask: set)
            context.scratch.withBytes { visitor.chosen(field(of: kind), text: $0) }
        case .bpfCommand(let number):
            if let command = PolicyNumberNames.command(number) {
                visitor.enumeration(F.bpfCommand, command)
            } else {
                visitor.chosen(F.uint, unsigned: UInt64(number))
            }
        default: describe(message: value, context, &visitor)
        }
    }

    /// The values that have members.
    private static func describe<V: FieldVisitor & ~Copyable>(
        message value: Value, _ context: EncodingContext, _ visitor: inout V
    ) {
        typealias F = PolicyArgumentFields
        switch value {
        case .path(let file): visitor.message(F.path, present: true) { file.describe(context, &$0) }
        case .file(let file): visitor.message(F.file, present: true) { file.describe(context, &$0) }
        case .program(let file):
            visitor.message(F.program, present: true) { file.describe(program: context, &$0) }
        case .socket(let socket): visitor.message(F.socket, present: true) { socket.describe(context, &$0) }
        case .packet(let packet): visitor.message(F.packet, present: true) { packet.describe(context, &$0) }
        case .address(let family, let address, let port):
            visitor.message(F.address, present: true) { visitor in
                visitor.text(F.family, SocketNames.family(family))
                context.scratch.replace(byAddress: address)
                context.scratch.withBytes { visitor.string(F.addressText, $0) }
                visitor.uint32(F.addressPort, UInt32(port))
            }
        case .unixAddress(let name):
            visitor.message(F.unixAddress, present: true) { visitor in
                visitor.text(F.family, "AF_UNIX")
                // As everywhere: an abstract name begins with NUL, shown as @.
                let shown = name.map { $0 == 0 ? UInt8(ascii: "@") : $0 }
                unsafe visitor.string(F.unixPath, shown.span.bytes)
            }
        case .device(let name):
            visitor.message(F.device, present: true) { unsafe $0.string(F.name, name.span.bytes) }
        case .credentials(let credentials):
            visitor.message(F.credentials, present: true) { visitor in
                ProcessImage.describe(credentials: credentials, &visitor)
                visitor.message(F.credentialCapabilities, present: true) {
                    ProcessImage.describe(capabilities: credentials, context, &$0)
                }
            }
        case .userNamespace(let namespace):
            visitor.message(F.userNamespace, present: true) { namespace.describe(context, &$0) }
        case .capability(let number):
            visitor.message(F.capability, present: true) { visitor in
                // The kernel passes none below 0.
                visitor.wrapped(F.capabilityValue, number < 0 ? nil : UInt32(number))
                let isKnown = number >= 0 && number <= Capability.last
                visitor.text(F.capabilityName, isKnown ? Capability.named(Int(number)).name : nil)
            }
        case .syscall(let number, let abi):
            visitor.message(F.syscall, present: true) { visitor in
                visitor.uint32(F.syscallNumber, number)
                visitor.text(F.syscallABI, abi.name)
            }
        case .module(let module): visitor.message(F.module, present: true) { module.describe(&$0) }
        case .bpfAttributes(let program):
            visitor.message(F.bpfAttributes, present: true) { program.describe(&$0) }
        case .bpfProgram(let program):
            visitor.message(F.bpfProgram, present: true) { program.describe(&$0) }
        case .bpfMap(let map): visitor.message(F.bpfMap, present: true) { map.describe(&$0) }
        case .perfEvent(let event): visitor.message(F.perfEvent, present: true) { event.describe(&$0) }
        case .failure(let reason):
            visitor.message(F.failure, present: true) { $0.string(F.message, reason) }
        case .text, .int, .uint, .long, .size, .bytes, .capabilities, .bpfCommand: return
        }
    }

    private static func field(of kind: CapabilitySetKind) -> Field {
        switch kind {
        case .any: PolicyArgumentFields.anyCapabilities
        case .inheritable: PolicyArgumentFields.inheritable
        case .permitted: PolicyArgumentFields.permitted
        case .effective: PolicyArgumentFields.effective
        }
    }
}

extension FieldVisitor where Self: ~Copyable {
    /// Values of a policy's event; a schema sees one, which stands for all.
    mutating func arguments(_ field: Field, _ list: [PolicyArgument], _ context: EncodingContext) {
        let list = Self.showsShape ? [PolicyArgument(.int(0))] : list
        messages(field, count: list.count) { list[$1].describe(context, &$0) }
    }
}
