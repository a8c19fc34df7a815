import CEventABI
import EventModel
import Export
import TextEncoding

/// An event as a journal entry: fields that `journalctl FIELD=value` finds, a sentence to read, and
/// the whole JSON line.
enum JournalEncoding {
    /// Arguments in the sentence are cut here; the field and the line hold them whole.
    private static let messageArguments = 256

    static func encode(
        _ event: borrowing Event, _ context: EncodingContext, json: RawSpan,
        _ journal: inout JournalFieldWriter
    ) {
        message(event, &journal)
        if let process = event.process {
            let image = process.image
            let tail = image.tail
            let bytes = unsafe tail.span.bytes
            let execID = process.execID
            unsafe journal.field("SECD_EXEC_ID", execID.span.bytes)
            journal.field("SECD_PID", UInt64(image.head.image.pid))
            journal.field("SECD_UID", UInt64(image.head.credentials.euid))
            journal.field("SECD_BINARY", bytes.extracting(image.binaryRange))
            journal.field("SECD_ARGUMENTS", text: image.tetragonArguments)
            journal.field("SECD_CWD", bytes.extracting(image.cwdRange))
            if !image.cgroupPath.isEmpty {
                let path = image.cgroupPath
                unsafe journal.field("SECD_CGROUP", path.span.bytes)
            }
            if !image.containerID.isEmpty {
                let containerID = image.containerID
                unsafe journal.field("SECD_CONTAINER_ID", containerID.span.bytes)
            }
            if let parent = process.parent {
                let parentID = parent.execID
                let parentTail = parent.image.tail
                unsafe journal.field("SECD_PARENT_EXEC_ID", parentID.span.bytes)
                unsafe journal.field(
                    "SECD_PARENT_BINARY", parentTail.span.bytes.extracting(parent.image.binaryRange))
            }
        }
        body(event, &journal)
        let stream = context.stream
        unsafe journal.field("SECD_STREAM", stream.span.bytes)
        journal.field("SECD_LINE", event.origin.line)
        journal.field("SECD_EVENT_JSON", json)
    }

    private static func body(_ event: borrowing Event, _ journal: inout JournalFieldWriter) {
        switch event.body {
        case .exit(let record):
            journal.field("SECD_STATUS", UInt64(record.status >> 8 & 0xff))
            if record.status & 0x7f != 0 { journal.field("SECD_SIGNAL", UInt64(record.status & 0x7f)) }
        case .socket(let socket):
            journal.begin("SECD_LOCAL")
            journal.output.append(endpointOf: socket, local: true)
            journal.end()
            journal.begin("SECD_REMOTE")
            journal.output.append(endpointOf: socket, local: false)
            journal.end()
            if !socket.remoteName.isEmpty {
                unsafe journal.field("SECD_REMOTE_NAME", socket.remoteName.span.bytes)
            }
        case .file(let file):
            unsafe journal.field("SECD_PATH", file.path.span.bytes)
            if !file.target.isEmpty { unsafe journal.field("SECD_TARGET", file.target.span.bytes) }
        case .gap(let gap):
            journal.field("SECD_LOST", gap.count)
        default: break
        }
    }

    /// `curl[901] → 10.0.0.7:80` and the like: what a person reads in `journalctl`.
    private static func message(_ event: borrowing Event, _ journal: inout JournalFieldWriter) {
        journal.begin("MESSAGE")
        journal.output.append(event.kind.name)
        if let process = event.process {
            journal.output.append(" ")
            journal.output.append(nameOf: process)
        }
        switch event.body {
        case .process:
            if let process = event.process {
                let arguments = process.image.tetragonArguments
                journal.output.append(" ")
                journal.output.append(String(arguments.prefix(messageArguments)))
            }
        case .exit(let record):
            journal.output.append(record.status & 0x7f != 0 ? " signal " : " status ")
            journal.output.append(
                decimal: UInt64(record.status & 0x7f != 0 ? record.status & 0x7f : record.status >> 8 & 0xff))
        case .socket(let socket):
            journal.output.append(" ")
            journal.output.append(endpointOf: socket, local: true)
            journal.output.append(" → ")
            journal.output.append(endpointOf: socket, local: false)
        case .file(let file):
            journal.output.append(" ")
            unsafe journal.output.append(repairing: file.path.span.bytes)
        case .gap(let gap):
            journal.output.append(": ")
            journal.output.append(decimal: gap.count)
            journal.output.append(" records lost")
        case .start(let start):
            journal.output.append(": secd ")
            journal.output.append(start.version)
        case .stop(let stop):
            journal.output.append(": ")
            journal.output.append(stop.reason)
        case .credentials: break
        }
        journal.end()
    }
}

extension OutputBuffer {
    /// `curl[901]`: the last component of the binary and the pid.
    fileprivate mutating func append(nameOf process: ProcessObject) {
        let image = process.image
        let path = image.tail[image.binaryRange]
        let start = path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
        let name = Array(path[start...])
        unsafe append(repairing: name.span.bytes)
        append("[")
        append(decimal: UInt64(image.head.image.pid))
        append("]")
    }

    /// `10.0.0.7:80`, `[::1]:80`, or a Unix name.
    fileprivate mutating func append(endpointOf socket: SocketEvent, local: Bool) {
        let record = socket.record
        switch record.family {
        case SocketNames.inet:
            unsafe withUnsafeBytes(of: local ? record.local : record.remote) {
                unsafe append(ipv4: RawSpan(_unsafeBytes: $0))
            }
        case SocketNames.inet6:
            append("[")
            unsafe withUnsafeBytes(of: local ? record.local : record.remote) {
                unsafe append(ipv6: RawSpan(_unsafeBytes: $0))
            }
            append("]")
        default:
            for byte in socket.path { append(byte == 0 ? UInt8(ascii: "@") : byte) }
            return
        }
        append(":")
        append(decimal: UInt64(local ? record.local_port : record.remote_port))
    }
}
