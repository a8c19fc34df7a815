import AgentModel
import ControlAPI
import EventFilters
import EventModel
import LinuxSystem
import Synchronization
import TextEncoding

/// Everybody who listens through the API. Each has a queue of its own, bounded in batches; whoever
/// does not read loses events, is told how many, and slows nobody.
///
/// The list changes on the worker's thread alone (`EventPipeline.perform`).
final class Subscribers {
    /// Batches that may wait for one subscriber; with `batchBytes` this bounds its memory to 16 MiB.
    private static let queuedBatches = 64
    private static let batchBytes = 256 * 1024
    /// Bytes that are held back for a subscriber whose queue is full before events are lost.
    private static let heldBytes = 4 << 20
    /// Between two batches for a subscriber, nanoseconds: a message for each pass of the worker would cost
    /// more than the events. The first event after a pause goes at once.
    private static let interval: UInt64 = 25_000_000

    private final class Subscriber {
        let id: UInt64
        let subscription: Subscription
        let filters: FilterSet
        let fields: FieldMask?
        let continuation: AsyncStream<EventBatch>.Continuation
        var batch = EventBatch()
        var window: AggregationWindow?
        /// When it got its last batch.
        var handed: UInt64 = 0
        var events: UInt64 = 0
        var lost: UInt64 = 0
        var pendingLoss: UInt64 = 0

        init(
            id: UInt64, _ subscription: Subscription, _ filters: FilterSet, _ fields: FieldMask?,
            _ continuation: AsyncStream<EventBatch>.Continuation
        ) {
            self.id = id
            self.subscription = subscription
            self.filters = filters
            self.fields = fields
            self.continuation = continuation
            window = subscription.aggregation.map(AggregationWindow.init)
        }

        /// Takes an encoded event; one that says nothing new in its window is counted.
        func take(_ bytes: RawSpan, _ event: borrowing Event) {
            if window != nil, let key = AggregationKey(event) {
                if window?.count(key) == true { return }
                window?.add(key, bytes.array, kind: event.kind, priority: event.priority, at: BootClock.now)
            } else {
                batch.append(bytes, terminator: nil, event.kind, event.priority)
            }
        }
    }

    private let context: EncodingContext
    private var list: [Subscriber] = []
    private var nextID: UInt64 = 1
    private var protobuf = ProtobufVisitor(capacity: 64 * 1024)

    init(context: EncodingContext) {
        self.context = context
    }

    var isEmpty: Bool { list.isEmpty }

    /// Adds a subscriber; returns its number for `remove`.
    func add(
        _ subscription: Subscription, _ filters: FilterSet, _ fields: FieldMask?,
        _ continuation: AsyncStream<EventBatch>.Continuation
    ) -> UInt64 {
        let id = nextID
        nextID += 1
        list.append(Subscriber(id: id, subscription, filters, fields, continuation))
        return id
    }

    func remove(_ id: UInt64) {
        list.removeAll { $0.id == id }
    }

    /// Ends all subscriptions, after what waits was handed over.
    func finish() {
        for subscriber in list {
            subscriber.window?.drain(into: &subscriber.batch)
            if !subscriber.batch.isEmpty || subscriber.pendingLoss > 0 { hand(subscriber) }
            subscriber.continuation.finish()
        }
        list.removeAll()
    }

    /// Offers an event to everybody whose filters it passes.
    func offer(_ event: borrowing Event, _ context: EncodingContext, _ line: RawSpan) {
        let subject = EventSubject(event, line: line)
        var encoded = false
        for subscriber in list where subscriber.filters.passes(subject) {
            switch (subscriber.subscription.format, subscriber.fields?.level(for: event.kind)) {
            case (.json, nil):
                subscriber.batch.append(line, terminator: nil, event.kind, event.priority)
            case (.json, let level?):
                var json = JSONVisitor()
                json.json.beginObject()
                event.describe(selecting: level, context, &json)
                json.json.endObject()
                subscriber.batch.append(json.json.output.bytes, terminator: nil, event.kind, event.priority)
            case (.protobuf, nil):
                if !encoded {
                    protobuf.protobuf.removeAll()
                    event.describe(context, &protobuf)
                    encoded = true
                }
                protobuf.protobuf.output.withBytes { subscriber.take($0, event) }
            case (.protobuf, let level?):
                var masked = ProtobufVisitor()
                event.describe(selecting: level, context, &masked)
                subscriber.take(masked.protobuf.output.bytes, event)
            }
            if subscriber.batch.bytes.count > Self.batchBytes { hand(subscriber) }
        }
    }

    /// Hands over what has waited long enough; also the word on a loss that no event follows.
    func flush() {
        if list.isEmpty { return }
        let now = BootClock.now
        for subscriber in list {
            if subscriber.window?.isOver(at: now) == true {
                subscriber.window?.drain(into: &subscriber.batch)
            }
            guard !subscriber.batch.isEmpty || subscriber.pendingLoss > 0 else { continue }
            guard now >= subscriber.handed + Self.interval else { continue }
            subscriber.handed = now
            hand(subscriber)
        }
    }

    private func hand(_ subscriber: Subscriber) {
        var batch = EventBatch()
        swap(&batch, &subscriber.batch)
        batch.lostBefore = subscriber.pendingLoss
        let count = UInt64(batch.entries.count)
        switch subscriber.continuation.yield(batch) {
        case .enqueued:
            subscriber.events += count
            subscriber.pendingLoss = 0
        case .dropped(let refused):
            if refused.bytes.count < Self.heldBytes {
                // A short pause of the client: small batches grow together until its queue has a place.
                subscriber.batch = refused
            } else {
                subscriber.lost += count
                subscriber.pendingLoss += count
            }
        case .terminated: break
        @unknown default: break
        }
    }

    /// Everybody, for the status page.
    var status: [SubscriberStatus] {
        list.map {
            SubscriberStatus(
                id: $0.id, peer: $0.subscription.peer, events: $0.events, lost: $0.lost,
                queueBytes: UInt64($0.batch.bytes.count))
        }
    }

    /// The stream of a subscription: the oldest batches stay, newer ones are refused when it is full.
    static func stream() -> (AsyncStream<EventBatch>, AsyncStream<EventBatch>.Continuation) {
        AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(queuedBatches))
    }
}
