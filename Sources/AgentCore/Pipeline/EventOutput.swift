import CEventABI
package import EventModel
import Export
import TextEncoding

/// Encodes events once per format and hands them to the consumers, in batches.
///
/// Owned by the worker. A consumer takes a batch and gives an empty one back, so that nothing is
/// allocated while the rate is steady.
final class EventOutput {
    /// Bytes from which a batch is handed over before its pass is complete.
    private static let batchBytes = 256 * 1024

    private struct Target {
        var consumer: any EventConsumer
        var batch = EventBatch()
    }

    private let context: EncodingContext
    private var json = JSONVisitor(capacity: 64 * 1024)
    private var journal = JournalFieldWriter()
    private var lines: [Target] = []
    private var journals: [Target] = []
    let subscribers: Subscribers
    /// Events of the stream so far.
    private(set) var lineCount: UInt64 = 0
    private var counts = EventKindTable(repeating: UInt64(0))

    init(context: EncodingContext, subscribers: Subscribers) {
        self.context = context
        self.subscribers = subscribers
    }

    /// Adds a consumer of JSON lines.
    func add(lines consumer: any EventConsumer) {
        lines.append(Target(consumer: consumer))
    }

    /// Adds a consumer of journal fields.
    func add(journal consumer: any EventConsumer) {
        journals.append(Target(consumer: consumer))
    }

    /// Encodes an event for everybody who wants it.
    func emit(_ event: consuming Event) {
        emit(event.head, event.body)
    }

    /// Likewise, of an event that its owner keeps.
    func emit(_ event: inout Event) {
        emit(event.head, event.body)
    }

    /// Likewise, of its two parts: an event is large, and those that come by the thousand are never put together.
    func emit(_ head: Event.Head, _ body: borrowing Event.Body) {
        lineCount += 1
        let priority = body.priority
        counts[head.kind] += 1
        json.json.removeAll()
        json.json.beginObject()
        head.describe(body, line: lineCount, context, &json)
        json.json.endObject()
        for index in lines.indices {
            json.json.output.withBytes {
                lines[index].batch.append($0, terminator: UInt8(ascii: "\n"), head.kind, priority)
            }
            if lines[index].batch.bytes.count > Self.batchBytes { flush(&lines[index]) }
        }
        guard !journals.isEmpty || !subscribers.isEmpty else { return }
        var event = Event(head, copy body)
        event.origin.line = lineCount
        offerToJournals(event, priority)
        if !subscribers.isEmpty { json.json.output.withBytes { subscribers.offer(event, context, $0) } }
    }

    private func offerToJournals(_ event: borrowing Event, _ priority: UInt8) {
        for index in journals.indices {
            json.json.output.withBytes { JournalEncoding.encode(event, context, json: $0, &journal) }
            journal.finish(into: &journals[index].batch, kind: event.kind, priority: priority)
            if journals[index].batch.bytes.count > Self.batchBytes { flush(&journals[index]) }
        }
    }

    /// Events of the stream so far, of kinds that had any.
    var byKind: [(kind: EventKind, count: UInt64)] {
        EventKind.allCases.map { ($0, counts[$0]) }.filter { $0.1 > 0 }
    }

    /// Hands over everything that waits.
    func flush() {
        for index in lines.indices where !lines[index].batch.isEmpty { flush(&lines[index]) }
        for index in journals.indices where !journals[index].batch.isEmpty { flush(&journals[index]) }
        subscribers.flush()
    }

    /// Bytes that wait for the sink that has most.
    var waitingBytes: Int {
        var most = 0
        for target in lines { most = max(most, target.batch.bytes.count) }
        for target in journals { most = max(most, target.batch.bytes.count) }
        return most
    }

    private func flush(_ target: inout Target) {
        var batch = EventBatch()
        swap(&batch, &target.batch)
        // Moved, not copied: a second reference would make the consumer's emptying allocate anew.
        target.batch = target.consumer.deliver(consume batch)
    }
}

extension Event {
    /// See `Body`.
    package var priority: UInt8 { body.priority }
}

extension Event.Body {
    /// syslog priority (RFC 5424): what went wrong stands out in `journalctl -p`.
    @inline(__always)
    package var priority: UInt8 {
        switch self {
        case .gap: 4
        case .start, .stop: 5
        case .exit(let record): record.status & 0x7f == 11 || record.status & 0x7f == 6 ? 5 : 6
        case .socket(let socket): socket.record.event == SECD_SOCKET_FAILED ? 5 : 6
        case .file(let file): file.record.result < 0 ? 5 : 6
        case .policy(let policy): policy.priority
        case .credentials(let record): record.new.euid == 0 && record.old.euid != 0 ? 5 : 6
        default: 6
        }
    }
}

extension EventBatch {
    /// Appends an encoded event.
    mutating func append(_ span: RawSpan, terminator: UInt8?, _ kind: EventKind, _ priority: UInt8) {
        unsafe span.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
        if let terminator { bytes.append(terminator) }
        entries.append(Entry(end: bytes.count, kind: kind, priority: priority))
    }
}
