import EventModel
import Export
import TextEncoding

/// Sentences and fields of what policies saw and did.
///
///     process_kprobe cat[77] security_file_open /etc/shadow: denied EPERM by policy shadow and 2 others
extension JournalMessage {
    /// A value is cut here; the field and the line hold it whole.
    private static let longestValue = 256

    static func append(_ policy: PolicyEvent, to text: inout OutputBuffer) {
        text.append(" ")
        text.append(readable: Array(policy.hook.name.utf8))
        for argument in policy.arguments { append(argument, " ", to: &text) }
        if let returned = policy.returned { append(returned, " = ", to: &text) }
        text.append(": ")
        if policy.verdict == .none, policy.expected != .none {
            text.append("would be ")
            append(policy.expected, policy.error, to: &text)
        } else if policy.verdict == .none {
            text.append("matched")
        } else {
            append(policy.verdict, policy.error, to: &text)
        }
        let names = policy.policyNames
        text.append(" by policy ")
        text.append(readable: Array((names.first ?? "").utf8))
        if names.count > 1 {
            text.append(" and ")
            text.append(decimal: UInt64(names.count - 1))
            text.append(names.count > 2 ? " others" : " other")
        }
        if policy.isUncertain { text.append(", uncertain") }
        if let message = policy.matches.first?.rule.message, !message.isEmpty {
            text.append(": ")
            text.append(readable: Array(message.utf8))
        }
    }

    private static func append(_ verdict: PolicyVerdict, _ error: UInt32, to text: inout OutputBuffer) {
        text.append(verdict.name)
        if verdict == .denied, error != 0 {
            text.append(" ")
            text.append(ErrorNames.name(error))
        }
    }

    private static func append(
        _ argument: PolicyArgument, _ gap: StaticString, to text: inout OutputBuffer
    ) {
        text.append(gap)
        switch argument.state {
        case .unreadable: return text.append("(unreadable)")
        case .absent: return text.append("(absent)")
        case .present, .truncated: break
        }
        switch argument.value {
        case .text(let bytes), .device(let bytes), .unixAddress(let bytes): append(bytes, to: &text)
        case .path(let file), .file(let file), .program(let file): append(file.path, to: &text)
        case .int(let number): text.append(decimal: Int64(number))
        case .long(let number): text.append(decimal: number)
        case .uint(let number), .bpfCommand(let number), .syscall(let number, _):
            text.append(decimal: UInt64(number))
        case .size(let number): text.append(decimal: number)
        case .bytes(_, let length):
            text.append(decimal: length)
            text.append(" B")
        case .socket(let socket):
            append(socket.source, socket.sourcePort, to: &text)
            text.append(" → ")
            append(socket.destination, socket.destinationPort, to: &text)
        case .packet(let packet):
            append(packet.source, packet.sourcePort, to: &text)
            text.append(" → ")
            append(packet.destination, packet.destinationPort, to: &text)
        case .address(_, let address, let port): append(address, port, to: &text)
        case .capability(let number): text.append(decimal: Int64(number))
        case .module(let module): append(module.name, to: &text)
        case .bpfAttributes(let program), .bpfProgram(let program): append(program.name, to: &text)
        case .bpfMap(let map): append(map.name, to: &text)
        case .perfEvent(let event): append(event.function, to: &text)
        case .failure(let reason): append(Array(reason.utf8), to: &text)
        case .credentials, .userNamespace, .capabilities: text.append("…")
        }
    }

    private static func append(_ bytes: [UInt8], to text: inout OutputBuffer) {
        text.append(readable: bytes.count > longestValue ? Array(bytes[..<longestValue]) : bytes)
        if bytes.count > longestValue { text.append("…") }
    }

    /// `192.0.2.5:80`, `[::1]:80`; a family without such addresses has nothing here.
    private static func append(_ address: [UInt8], _ port: UInt16, to text: inout OutputBuffer) {
        switch address.count {
        case 4: unsafe text.append(ipv4: address.span.bytes)
        case 16:
            text.append("[")
            unsafe text.append(ipv6: address.span.bytes)
            text.append("]")
        default: return text.append("?")
        }
        text.append(":")
        text.append(decimal: UInt64(port))
    }

    static func append(_ throttle: ThrottleEvent, to text: inout OutputBuffer) {
        text.append(" policy ")
        text.append(readable: Array(throttle.policy.utf8))
        text.append(" at ")
        text.append(readable: Array(throttle.hook.utf8))
        if throttle.begins { return text.append(": events are held back") }
        text.append(": events are sent again, ")
        text.append(decimal: throttle.heldBack)
        text.append(" were held back")
    }
}

extension JournalEncoding {
    /// Policies that an entry names at most: journald refuses entries of more than 1,024 fields.
    private static let mostPolicies = 64

    static func policy(_ policy: PolicyEvent, _ journal: inout JournalFieldWriter) {
        journal.field("SECD_HOOK", text: policy.hook.name)
        journal.field("SECD_VERDICT", policy.verdict.name)
        if policy.expected != .none { journal.field("SECD_WOULD_BE", policy.expected.name) }
        if policy.error != 0 { journal.field("SECD_ERROR", ErrorNames.name(policy.error)) }
        policies(policy.policyNames, &journal)
        if let path = policy.path { unsafe journal.field("SECD_PATH", path.span.bytes) }
    }

    /// A field for each policy: journald keeps several of one name.
    static func policies(_ names: [String], _ journal: inout JournalFieldWriter) {
        for name in names.prefix(mostPolicies) { journal.field("SECD_POLICY", text: name) }
    }
}

extension PolicyEvent {
    /// The first path among its arguments.
    fileprivate var path: [UInt8]? {
        for argument in arguments {
            switch argument.value {
            case .path(let file), .file(let file), .program(let file): return file.path
            default: continue
            }
        }
        return nil
    }

    /// syslog priority: what was stopped is a warning, what would have been a notice.
    var priority: UInt8 {
        if verdict != .none { return 4 }
        return expected != .none ? 5 : 6
    }
}
