import CEventABI
import EventModel
import PolicyModel

/// The values of a record by their columns.
struct PolicyValues {
    private struct Entry {
        var value: secd_policy_value
        var content: [UInt8]
    }

    private let columns: [Column]
    private var entries: [Entry?]

    /// - Returns: nil where a value is of no column, or lies outside of the record.
    init?(_ record: borrowing PolicyRecord, _ columns: [Column]) {
        self.columns = columns
        entries = Array(repeating: nil, count: columns.count)
        for index in 0..<Int(record.fixed.values) {
            guard let value = record.value(index), Int(value.column) < columns.count,
                let content = record.content(value)
            else { return nil }
            let isHere = Int32(value.state) <= SECD_POLICY_VALUE_TRUNCATED
            if isHere, content.byteCount < PolicyObjects.size(of: value.kind) { return nil }
            entries[Int(value.column)] = Entry(
                value: value, content: unsafe content.withUnsafeBytes { unsafe Array($0) })
        }
    }

    /// Bytes of an endpoint that calls are counted by; its state and cookie stand behind them
    /// (POLICY_COUNTED_ENDPOINT).
    private static let countedEndpoint = 42

    /// Those of some columns that the record has, for their hash.
    func counted(_ columns: [Int]) -> [PolicyCountedValue] {
        columns.compactMap { column in
            guard column < entries.count, let entry = entries[column] else { return nil }
            let isEndpoint = Int32(entry.value.kind) == SECD_POLICY_VALUE_ENDPOINT
            return PolicyCountedValue(
                column: UInt32(column),
                bytes: isEndpoint ? Array(entry.content.prefix(Self.countedEndpoint)) : entry.content,
                number: entry.value.number, state: entry.value.state)
        }
    }

    /// Whether all of a value is known.
    func isWhole(_ column: Int) -> Bool {
        guard column < entries.count, let entry = entries[column] else { return false }
        return Int32(entry.value.state) == SECD_POLICY_VALUE_PRESENT
            || Int32(entry.value.state) == SECD_POLICY_VALUE_ABSENT
    }

    /// A value as events show it.
    func argument(_ field: EventShape.Field, _ flags: UInt32) -> PolicyArgument {
        guard field.column < columns.count else {
            return PolicyArgument(.failure("not recorded"), label: field.label, state: .unreadable)
        }
        guard let entry = entries[field.column] else {
            return PolicyArgument(.failure("not recorded"), label: field.label, state: .unreadable)
        }
        let type = columns[field.column].type
        switch Int32(entry.value.state) {
        case SECD_POLICY_VALUE_PRESENT, SECD_POLICY_VALUE_TRUNCATED:
            let isCut = Int32(entry.value.state) == SECD_POLICY_VALUE_TRUNCATED
            var argument = Self.argument(entry, type, isCut: isCut, flags)
            argument.label = field.label
            argument.state = isCut ? .truncated : .present
            return argument
        case SECD_POLICY_VALUE_ABSENT:
            return PolicyArgument(.failure("absent"), label: field.label, state: .absent)
        default:
            return PolicyArgument(.failure("unreadable"), label: field.label, state: .unreadable)
        }
    }

    /// What the call returned: the value of its column, else the bare number.
    func returned(_ field: EventShape.Field, _ fixed: secd_policy_event) -> PolicyArgument {
        if field.column < entries.count, entries[field.column] != nil { return argument(field, fixed.flags) }
        let type = field.column < columns.count ? columns[field.column].type : .int
        return PolicyArgument(
            Self.number(UInt64(bitPattern: fixed.result), type, fixed.flags), label: field.label)
    }

    private static func argument(_ entry: Entry, _ type: ArgumentType, isCut: Bool, _ flags: UInt32)
        -> PolicyArgument
    {
        let value = entry.value
        switch Int32(value.kind) {
        case SECD_POLICY_VALUE_TEXT:
            let isPath = type.textFacet == .path && type != .sockaddrUn
            // A string that the program passed: it can be another one by the time the kernel reads it.
            return PolicyArgument(text(entry, type, isCut: isCut), origin: isPath ? .user : nil)
        case SECD_POLICY_VALUE_PATH:
            let isUsers = UInt32(value.path_flags) & SECD_PATH_USER != 0
            return PolicyArgument(path(entry, type), origin: isUsers ? .user : .kernel)
        case SECD_POLICY_VALUE_ENDPOINT: return PolicyArgument(endpoint(entry, type))
        default:
            let object = PolicyObjects.value(value.kind, entry.content, isRequest: type == .bpfAttr)
            return PolicyArgument(object ?? number(value.number, type, flags))
        }
    }

    private static func number(_ number: UInt64, _ type: ArgumentType, _ flags: UInt32)
        -> PolicyArgument.Value
    {
        let narrow = UInt32(truncatingIfNeeded: number)
        switch type {
        case .int, .int8, .int16, .int32: return .int(Int32(bitPattern: narrow))
        case .uint8, .uint16, .uint32: return .uint(narrow)
        case .int64: return .long(Int64(bitPattern: number))
        case .bpfCmd: return .bpfCommand(narrow)
        case .capability: return .capability(Int32(bitPattern: narrow))
        case .kernelCap: return .capabilities(.any, number)
        case .capInheritable: return .capabilities(.inheritable, number)
        case .capPermitted: return .capabilities(.permitted, number)
        case .capEffective: return .capabilities(.effective, number)
        case .syscall64:
            let isCompat = flags & SECD_POLICY_EVENT_COMPAT != 0
            return .syscall(
                number: narrow,
                isCompat ? .i386 : flags & SECD_POLICY_EVENT_X32 != 0 ? .x32 : .x64)
        // Types that have no number of their own: what was passed, as it is.
        default: return .size(number)
        }
    }

    private static func text(_ entry: Entry, _ type: ArgumentType, isCut: Bool) -> PolicyArgument.Value {
        let bytes = entry.content
        switch type {
        case .charBuf, .charIovec, .constBuf, .iovIter:
            // Where the whole length is known it is more than what is here.
            return .bytes(
                bytes, of: isCut ? max(entry.value.number, UInt64(bytes.count)) : UInt64(bytes.count))
        case .fd, .file, .kiocb: return .file(PolicyFile(path: bytes, flags: SECD_PATH_USER))
        case .filename, .path, .dentry: return .path(PolicyFile(path: bytes, flags: SECD_PATH_USER))
        case .binprm: return .program(PolicyFile(path: bytes, flags: SECD_PATH_USER))
        case .sockaddrUn: return .unixAddress(bytes)
        case .netDevice: return .device(bytes)
        case .module, .loadInfo: return .module(PolicyObjects.module(bytes, entry.value.number))
        default: return .text(bytes)
        }
    }

    private static func path(_ entry: Entry, _ type: ArgumentType) -> PolicyArgument.Value {
        let file = PolicyFile(
            path: entry.content, flags: UInt32(entry.value.path_flags),
            mode: UInt16(truncatingIfNeeded: entry.value.number))
        switch type {
        case .path, .dentry, .filename: return .path(file)
        case .binprm: return .program(file)
        case .string: return .text(entry.content)
        default: return .file(file)
        }
    }

    private static func endpoint(_ entry: Entry, _ type: ArgumentType) -> PolicyArgument.Value {
        // Long enough: looked at when the values were taken.
        let span = unsafe entry.content.span.bytes
        let end = span.loadRecord(secd_policy_endpoint.self) ?? secd_policy_endpoint()
        let source = address(end.source, end.family)
        let destination = address(end.destination, end.family)
        switch type {
        case .sockaddr: return .address(family: end.family, source, port: end.source_port)
        case .skb: return .packet(PolicyObjects.packet(end, source, destination))
        default:
            var socket = PolicySocket()
            (socket.family, socket.type, socket.protocolNumber) = (end.family, end.type, end.protocol)
            (socket.source, socket.sourcePort) = (source, end.source_port)
            (socket.destination, socket.destinationPort) = (destination, end.destination_port)
            (socket.state, socket.cookie) = (end.state, end.cookie)
            (socket.mark, socket.priority) = (end.mark, end.priority)
            return .socket(socket)
        }
    }

    /// The bytes that a family's addresses have: 4, 16 or none.
    private static func address<Bytes: BitwiseCopyable>(_ bytes: Bytes, _ family: UInt16) -> [UInt8] {
        let all = unsafe withUnsafeBytes(of: bytes) { unsafe Array($0) }
        switch family {
        case SocketNames.inet: return Array(all.prefix(4))
        case SocketNames.inet6: return all
        default: return []
        }
    }
}
