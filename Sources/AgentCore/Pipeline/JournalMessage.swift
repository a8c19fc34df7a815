import CEventABI
import EventModel
import TextEncoding
import WorkloadModel

/// The sentence of a journal entry: what a person reads in `journalctl`.
///
///     socket_connect wget[15155] 192.0.2.5:40312 → 192.0.2.8:80 (db.lan) established
///     file_rename mv[77] /etc/passwd.new → /etc/passwd
enum JournalMessage {
    /// Arguments are cut here; the field and the line hold them whole.
    private static let longestArguments = 256

    static func append(_ event: borrowing Event, to text: inout OutputBuffer) {
        text.append(event.kind.name)
        if let process = event.process {
            text.append(" ")
            text.append(nameOf: process)
        }
        switch event.body {
        case .process:
            guard let process = event.process else { return }
            let arguments = Array(String(process.image.tetragonArguments.prefix(longestArguments)).utf8)
            if !arguments.isEmpty { text.append(" ") }
            text.append(readable: arguments)
        case .exit(let record):
            let signal = record.status & 0x7f
            text.append(signal != 0 ? " " : " status ")
            if signal == 0 {
                text.append(decimal: UInt64(record.status >> 8 & 0xff))
            } else {
                text.append(Signal.name(signal))
            }
        case .credentials(let record): append(record, to: &text)
        case .socket(let socket): append(socket, to: &text)
        case .file(let file): append(file, to: &text)
        case .named(let events):
            text.append(": ")
            text.append(readable: Array((event.process?.image.workload?.workload.title ?? "").utf8))
            text.append(", of ")
            text.append(decimal: events)
            text.append(" events before")
        case .policy(let policy): append(policy, to: &text)
        case .loader(let loader):
            text.append(" ")
            text.append(readable: loader.path)
        case .throttle(let throttle): append(throttle, to: &text)
        case .gap(let gap):
            text.append(": ")
            text.append(decimal: gap.count)
            text.append(gap.sink.isEmpty ? " records lost" : " events lost before ")
            text.append(gap.sink)
        case .start(let start):
            text.append(": secd ")
            text.append(start.version)
        case .stop(let stop):
            text.append(": ")
            text.append(stop.reason)
        }
    }

    private static func append(_ record: secd_credentials_change, to text: inout OutputBuffer) {
        text.append(" uid ")
        text.append(decimal: UInt64(record.old.euid))
        if record.new.euid != record.old.euid {
            text.append(" → ")
            text.append(decimal: UInt64(record.new.euid))
        }
        if record.new.effective != record.old.effective {
            text.append(
                record.new.effective & ~record.old.effective != 0
                    ? ", capabilities gained" : ", capabilities dropped")
        }
    }

    private static func append(_ socket: SocketEvent, to text: inout OutputBuffer) {
        if socket.has(.local) {
            text.append(" ")
            text.append(endpoint: .local, of: socket)
        }
        if socket.has(.remote) {
            let incoming = socket.record.flags & SECD_SOCKET_FLAG_INCOMING != 0
            text.append(incoming || socket.record.event == SECD_SOCKET_ACCEPTED ? " ← " : " → ")
            text.append(endpoint: .remote, of: socket)
            if !socket.remoteName.isEmpty {
                text.append(" (")
                text.append(readable: socket.remoteName)
                text.append(")")
            }
        }
        if !socket.has(.local), !socket.has(.remote) {
            for name in [SocketNames.family(socket.record.family), SocketNames.type(socket.record.type)] {
                guard let name else { continue }
                text.append(" ")
                text.append(name)
            }
        }
        if let result = result(socket.record) {
            text.append(" ")
            text.append(result)
        }
        if socket.record.error != 0 {
            text.append(" ")
            text.append(ErrorNames.name(UInt32(socket.record.error)))
        }
        guard socket.record.event == SECD_SOCKET_CLOSED else { return }
        text.append(" sent ")
        text.append(decimal: socket.record.bytes_sent)
        text.append(" received ")
        text.append(decimal: socket.record.bytes_received)
    }

    private static func append(_ file: FileEvent, to text: inout OutputBuffer) {
        text.append(" ")
        text.append(readable: file.path)
        if !file.target.isEmpty {
            text.append(" → ")
            text.append(readable: file.target)
        }
        if file.record.result < 0 {
            text.append(" failed ")
            text.append(ErrorNames.name(file.record.result.magnitude))
        }
    }

    /// How a connect went; nil for everything else.
    static func result(_ record: secd_socket) -> StaticString? {
        switch Int32(record.event) {
        case SECD_SOCKET_CONNECTING: "attempt"
        case SECD_SOCKET_CONNECTED: "established"
        case SECD_SOCKET_FAILED: "failed"
        default: nil
        }
    }
}

/// One end of a socket.
enum SocketSide { case local, remote }

extension SocketEvent {
    /// Whether an end has a name: an address or a port, or the path of a Unix socket (which belongs to the
    /// end that was bound: to the remote one of a connect).
    func has(_ side: SocketSide) -> Bool {
        switch record.family {
        case SocketNames.inet, SocketNames.inet6:
            var address = side == .local ? record.local : record.remote
            let port = side == .local ? record.local_port : record.remote_port
            let isSet = unsafe withUnsafeBytes(of: &address) { unsafe $0.contains { $0 != 0 } }
            return port != 0 || isSet
        default:
            return !path.isEmpty && (side == .remote) == isConnect
        }
    }

    private var isConnect: Bool {
        [SECD_SOCKET_CONNECTING, SECD_SOCKET_CONNECTED, SECD_SOCKET_FAILED].contains(Int32(record.event))
    }
}

extension OutputBuffer {
    /// `wget[15155]`: the last component of the binary and the pid.
    fileprivate mutating func append(nameOf process: ProcessObject) {
        let image = process.image
        let path = image.tail[image.binaryRange]
        let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
        append(readable: Array(path[start...]))
        append("[")
        append(decimal: UInt64(image.head.image.pid))
        append("]")
    }

    /// `10.0.0.7:80`, `[::1]:80`, or a Unix name.
    mutating func append(endpoint side: SocketSide, of socket: SocketEvent) {
        let record = socket.record
        let address = side == .local ? record.local : record.remote
        switch record.family {
        case SocketNames.inet:
            unsafe withUnsafeBytes(of: address) { unsafe append(ipv4: RawSpan(_unsafeBytes: $0)) }
        case SocketNames.inet6:
            append("[")
            unsafe withUnsafeBytes(of: address) { unsafe append(ipv6: RawSpan(_unsafeBytes: $0)) }
            append("]")
        default:
            // An abstract name begins with NUL.
            append(readable: socket.path.map { $0 == 0 ? UInt8(ascii: "@") : $0 })
            return
        }
        append(":")
        append(decimal: UInt64(side == .local ? record.local_port : record.remote_port))
    }

    /// Text that others chose, so that it stays one line and drives no terminal.
    mutating func append(readable bytes: [UInt8]) {
        guard bytes.contains(where: { $0 < 0x20 || $0 == 0x7f }) else {
            unsafe append(repairing: bytes.span.bytes)
            return
        }
        var plain: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\n"): plain += Array("\\n".utf8)
            case UInt8(ascii: "\t"): plain += Array("\\t".utf8)
            case 0..<0x20, 0x7f:
                let digits = String(byte, radix: 16)
                plain += Array((digits.utf8.count == 1 ? "\\x0" : "\\x").utf8) + Array(digits.utf8)
            default: plain.append(byte)
            }
        }
        unsafe append(repairing: plain.span.bytes)
    }
}
