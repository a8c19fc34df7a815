import EventModel

/// Everybody who listens through the API.
final class Subscribers {
    var isEmpty: Bool { true }
    init(context: EncodingContext) {}
    func offer(_ event: borrowing Event, _ context: EncodingContext, _ line: RawSpan) {}
    func flush() {}
}
