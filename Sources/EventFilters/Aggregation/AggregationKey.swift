import CEventABI
public import EventModel

/// What events of one window must have in common to be told as one: the same happened to the same
/// thing by the same process image. Times, cookies and the ports that the kernel draws may differ.
public struct AggregationKey: Hashable, Sendable {
    private let kind: Int32
    private let start: UInt64
    private let pid: UInt32
    private var thing: [UInt8] = []

    /// Nil for events that are always told one by one: those of processes and of the stream, and what
    /// carries totals (a close).
    public init?(_ event: borrowing Event) {
        guard let process = event.process else { return nil }
        kind = event.kind.rawValue
        start = process.key.start_ns
        pid = process.key.pid
        switch (event.kind, event.body) {
        case (.socketCreate, .socket(let socket)), (.socketConnect, .socket(let socket)),
            (.socketDatagram, .socket(let socket)):
            add(socket, remotePort: socket.record.remote_port)
        // A client's port is drawn anew for each connection.
        case (.socketAccept, .socket(let socket)): add(socket, remotePort: 0)
        case (_, .file(let file)):
            add(UInt32(bitPattern: file.record.result < 0 ? file.record.result : 0))
            add(file.record.flags)
            add(file.record.mode)
            add(file.record.uid)
            add(file.record.gid)
            thing += file.path + [0] + file.target
        default: return nil
        }
    }

    private mutating func add(_ socket: SocketEvent, remotePort: UInt16) {
        let record = socket.record
        add(UInt32(record.family) << 16 | UInt32(record.type))
        add(UInt32(record.protocol) << 16 | UInt32(record.event))
        add(UInt32(record.error) << 16 | UInt32(remotePort))
        add(UInt32(record.flags))
        // Of a connect the kernel draws this end, of an accept it is the listener's.
        if Int32(record.event) == SECD_SOCKET_ACCEPTED { add(UInt32(record.local_port)) }
        unsafe withUnsafeBytes(of: record.remote) { unsafe thing.append(contentsOf: $0) }
        thing += socket.path
    }

    private mutating func add(_ number: UInt32) {
        unsafe withUnsafeBytes(of: number) { unsafe thing.append(contentsOf: $0) }
    }
}
