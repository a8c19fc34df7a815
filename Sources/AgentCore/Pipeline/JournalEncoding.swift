import CEventABI
package import EventModel
package import Export
import TextEncoding
import WorkloadModel

/// An event as a journal entry: fields that `journalctl FIELD=value` finds, a sentence to read, and
/// the whole JSON line.
package enum JournalEncoding {
    package static func encode(
        _ event: borrowing Event, _ context: EncodingContext, json: RawSpan,
        _ journal: inout JournalFieldWriter
    ) {
        journal.begin("MESSAGE")
        JournalMessage.append(event, to: &journal.output)
        journal.end()
        let node = context.nodeName
        if !node.isEmpty { unsafe journal.field("SECD_NODE", node.span.bytes) }
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
            if let workload = image.workload?.workload { self.workload(workload, &journal) }
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

    private static func workload(_ workload: Workload, _ journal: inout JournalFieldWriter) {
        journal.field("SECD_WORKLOAD", text: workload.title)
        journal.field("SECD_WORKLOAD_KIND", text: workload.kind.rawValue)
        if let pod = workload.pod, !pod.name.isEmpty {
            journal.field("SECD_POD", text: pod.name)
            journal.field("SECD_NAMESPACE", text: pod.namespace)
        }
        if workload.kind == .container, !workload.name.isEmpty {
            journal.field("SECD_CONTAINER", text: workload.name)
        }
        if !workload.unit.isEmpty { journal.field("SECD_UNIT", text: workload.unit) }
    }

    private static func body(_ event: borrowing Event, _ journal: inout JournalFieldWriter) {
        switch event.body {
        case .exit(let record):
            journal.field("SECD_STATUS", UInt64(record.status >> 8 & 0xff))
            if record.status & 0x7f != 0 { journal.field("SECD_SIGNAL", UInt64(record.status & 0x7f)) }
        case .socket(let socket): self.socket(socket, &journal)
        case .file(let file):
            unsafe journal.field("SECD_PATH", file.path.span.bytes)
            if !file.target.isEmpty { unsafe journal.field("SECD_TARGET", file.target.span.bytes) }
            if file.record.result < 0 {
                journal.field("SECD_ERROR", ErrorNames.name(file.record.result.magnitude))
            }
        case .policy(let policy): self.policy(policy, &journal)
        case .loader(let loader):
            unsafe journal.field("SECD_PATH", loader.path.span.bytes)
            policies(loader.policies.map(\.policy), &journal)
        case .throttle(let throttle):
            journal.field("SECD_POLICY", text: throttle.policy)
            journal.field("SECD_HOOK", text: throttle.hook)
            journal.field("SECD_HELD_BACK", throttle.heldBack)
        case .gap(let gap):
            journal.field("SECD_LOST", gap.count)
        default: break
        }
    }

    private static func socket(_ socket: SocketEvent, _ journal: inout JournalFieldWriter) {
        let family = SocketNames.family(socket.record.family)
        if let family { journal.field("SECD_FAMILY", family) }
        if socket.has(.local) {
            journal.begin("SECD_LOCAL")
            journal.output.append(endpoint: .local, of: socket)
            journal.end()
        }
        if socket.has(.remote) {
            journal.begin("SECD_REMOTE")
            journal.output.append(endpoint: .remote, of: socket)
            journal.end()
        }
        if !socket.remoteName.isEmpty {
            unsafe journal.field("SECD_REMOTE_NAME", socket.remoteName.span.bytes)
        }
        if let result = JournalMessage.result(socket.record) { journal.field("SECD_RESULT", result) }
        if socket.record.error != 0 {
            journal.field("SECD_ERROR", ErrorNames.name(UInt32(socket.record.error)))
        }
    }
}
