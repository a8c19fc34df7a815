import CEventABI
import EventModel

/// The sockets and files of the samples.
extension SampleEvents {
    /// A connection from the container to a web server, at the moment that the kind stands for.
    func socket(_ kind: EventKind) -> SocketEvent {
        var record = secd_socket()
        record.head.time_ns = SampleProcesses.now
        record.cookie = 20_481
        record.user = processes.actor.key
        record.family = SocketNames.inet
        record.type = kind == .socketDatagram ? 2 : 1
        record.protocol = kind == .socketDatagram ? 17 : 6
        copy([10, 0, 2, 15], into: &record.local)
        record.local_port = 51_000
        record.uid = 1000
        record.net_ns = 4_026_532_500
        record.event = Self.number(of: kind)
        record.state = kind == .socketListen ? 10 : 1
        switch kind {
        case .socketCreate, .socketBind: break
        case .socketListen: record.backlog = 128
        default:
            copy([192, 0, 2, 80], into: &record.remote)
            record.remote_port = 443
        }
        if kind == .socketConnect || kind == .socketClose {
            record.opened_ns = SampleProcesses.now - 300_000_000
            record.connected_ns = SampleProcesses.now - 12_000_000
            record.error = kind == .socketClose ? 104 : 0
        }
        if kind == .socketClose {
            record.state = 7
            record.bytes_sent = 517
            record.bytes_received = 6_291_456
            record.packets_sent = 40
            record.packets_received = 4300
            record.retransmits = 1
            record.rtt_us = 11_800
        }
        var event = SocketEvent(record: record)
        if kind == .socketConnect || kind == .socketClose { event.remoteName = Array("example.com".utf8) }
        context.makeExecID(record.user, into: &event.user)
        context.makeExecID(processes.shell.key, into: &event.creator)
        if kind == .socketAccept { event.acceptor = event.user }
        if kind == .socketHandover { event.previous = event.creator }
        return event
    }

    private static func number(of kind: EventKind) -> UInt16 {
        let number =
            switch kind {
            case .socketCreate: SECD_SOCKET_CREATED
            case .socketBind: SECD_SOCKET_BOUND
            case .socketListen: SECD_SOCKET_LISTENING
            case .socketConnect: SECD_SOCKET_CONNECTED
            case .socketAccept: SECD_SOCKET_ACCEPTED
            case .socketClose: SECD_SOCKET_CLOSED
            case .socketHandover: SECD_SOCKET_HANDED_OVER
            default: SECD_SOCKET_DATAGRAM
            }
        return UInt16(number)
    }

    /// An abstract Unix socket whose user is not known.
    func unixSocket() -> SocketEvent {
        var record = secd_socket()
        record.family = SocketNames.unix
        record.type = 5
        record.event = UInt16(SECD_SOCKET_CLOSED)
        record.owner_unknown = UInt16(SECD_OWNER_BEFORE_START)
        record.flags = SECD_SOCKET_FLAG_ABSTRACT | SECD_SOCKET_FLAG_INCOMING | SECD_SOCKET_FLAG_NOTICED_LATE
        return SocketEvent(record: record, path: [0] + Array("bus".utf8))
    }

    /// A change of a configuration file below the container's root.
    func file(_ kind: EventKind) -> FileEvent {
        var record = secd_file()
        let path = Array("/srv/jail/etc/passwd".utf8)
        let target = kind == .fileRename || kind == .fileLink ? Array("/srv/jail/etc/passwd.old".utf8) : []
        record.head.time_ns = SampleProcesses.now
        record.image = processes.actor.key
        record.inode = SampleProcesses.inode
        record.path = secd_path(length: UInt16(path.count), root: 9, flags: 0)
        record.target = secd_path(length: UInt16(target.count), root: 9, flags: 0)
        record.source = UInt32(SECD_FILE_SOURCE_KERNEL)
        record.uid = .max
        record.gid = .max
        switch kind {
        case .fileOpen: (record.operation, record.flags) = (UInt32(SECD_FILE_OPEN_WRITE), 0o2001)
        case .fileCreate:
            (record.operation, record.flags, record.mode) = (UInt32(SECD_FILE_CREATE), 0o102, 0o100644)
        case .fileDelete: (record.operation, record.result) = (UInt32(SECD_FILE_DELETE), -13)
        case .fileRename: record.operation = UInt32(SECD_FILE_RENAME)
        case .fileLink: record.operation = UInt32(SECD_FILE_LINK)
        case .fileChmod: (record.operation, record.mode) = (UInt32(SECD_FILE_CHMOD), 0o104755)
        case .fileChown: (record.operation, record.uid, record.gid) = (UInt32(SECD_FILE_CHOWN), 0, 0)
        default: (record.operation, record.flags) = (UInt32(SECD_FILE_MAP_EXEC), 5)
        }
        return FileEvent(record: record, path: path, target: target)
    }

    /// A rename whose paths could not be read in full, and which failed.
    func strangeFile() -> FileEvent {
        var record = secd_file()
        record.operation = UInt32(SECD_FILE_RENAME)
        record.source = UInt32(SECD_FILE_SOURCE_USER)
        record.path = secd_path(length: 3, root: UInt16(SECD_PATH_OUTSIDE), flags: SECD_PATH_TRUNCATED)
        record.target = secd_path(length: 3, root: 0, flags: SECD_PATH_DELETED)
        record.result = -9999
        return FileEvent(record: record, path: [0x61, 0xff, 0x22], target: [0x0a, 0xc3, 0x28])
    }

    private func copy<Address: BitwiseCopyable>(_ bytes: [UInt8], into address: inout Address) {
        unsafe withUnsafeMutableBytes(of: &address) { unsafe $0.copyBytes(from: bytes) }
    }
}
