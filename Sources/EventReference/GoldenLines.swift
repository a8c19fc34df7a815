public import EventModel
import TextEncoding

/// One line of every kind, from the samples.
enum GoldenLines {
    static func text() -> String {
        let samples = SampleEvents()
        return samples.onePerKind.map { $0.line(samples.context) + "\n" }.joined()
    }
}

extension Event {
    /// The event as one JSON line, without its newline.
    public func line(_ context: EncodingContext) -> String {
        var visitor = JSONVisitor()
        visitor.json.beginObject()
        describe(context, &visitor)
        visitor.json.endObject()
        return String(decoding: visitor.json.output.copyToArray(), as: UTF8.self)
    }

    /// The event as a message that is wire-compatible with `tetragon.GetEventsResponse`.
    public func wire(_ context: EncodingContext) -> [UInt8] {
        var visitor = ProtobufVisitor()
        describe(context, &visitor)
        return visitor.protobuf.output.copyToArray()
    }
}
