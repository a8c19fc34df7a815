import EventModel
import Export
import TextEncoding

/// Encodes the gaps that sinks report about themselves. Called on the sinks' threads, so nothing of
/// the worker is used: a gap is rare, and has a context of its own.
struct SinkGaps: Sendable {
    var nodeName: String
    var clusterName: String
    var stream: String

    /// A JSON line with its newline.
    func line(_ gap: SinkGap, sink: String) -> [UInt8] {
        let context = self.context
        var visitor = JSONVisitor()
        visitor.json.beginObject()
        event(gap, sink).describe(context, &visitor)
        visitor.json.endObject()
        return visitor.json.output.copyToArray() + [UInt8(ascii: "\n")]
    }

    /// The fields of a journal entry.
    func journalEntry(_ gap: SinkGap) -> [UInt8] {
        let context = self.context
        var visitor = JSONVisitor()
        visitor.json.beginObject()
        let event = event(gap, "journald")
        event.describe(context, &visitor)
        visitor.json.endObject()
        var journal = JournalFieldWriter()
        visitor.json.output.withBytes { JournalEncoding.encode(event, context, json: $0, &journal) }
        return journal.finish(kind: .streamGap, priority: event.priority)
    }

    private var context: EncodingContext {
        EncodingContext(nodeName: nodeName, clusterName: clusterName, stream: stream, bootOffset: 0)
    }

    private func event(_ gap: SinkGap, _ sink: String) -> Event {
        let cause: StreamGap.Cause =
            switch gap.cause {
            case .queueFull: .sinkFull
            case .refused: .sinkRefused
            case .receiverRestarted: .sinkRestarted
            }
        let stream = StreamGap(
            cause: cause, count: gap.lostEvents, sink: sink, from: UnixTime(nanoseconds: gap.firstTime),
            to: UnixTime(nanoseconds: gap.lastTime))
        return Event(
            kind: .streamGap, time: UnixTime(nanoseconds: gap.lastTime), process: nil, body: .gap(stream),
            origin: Origin(ring: nil))
    }
}
