public import EventModel

/// The open window of one subscriber: the first of events that say the same waits here while the others
/// are counted, and goes out at the end with their number (`aggregation_info`).
public struct AggregationWindow: Sendable {
    /// Bytes that wait at most, beside the number of events.
    private static let mostBytes = 4 << 20

    private struct Entry {
        let message: [UInt8]
        let kind: EventKind
        let priority: UInt8
        var count: UInt64 = 1
    }

    private let spec: AggregationSpec
    private var entries: [Entry] = []
    private var places: [AggregationKey: Int] = [:]
    private var bytes = 0
    /// When the window ends, on the caller's clock.
    private var end: UInt64 = 0

    public init(_ spec: AggregationSpec) {
        self.spec = spec
    }

    /// Whether nothing waits.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether its events must go out now.
    public func isOver(at now: UInt64) -> Bool {
        !entries.isEmpty && (now >= end || entries.count >= spec.capacity || bytes >= Self.mostBytes)
    }

    /// Counts an event that is here already. False = it is new: `add` it.
    public mutating func count(_ key: AggregationKey) -> Bool {
        guard let place = places[key] else { return false }
        entries[place].count += 1
        return true
    }

    /// Keeps the first of its kind: an encoded `GetEventsResponse`.
    public mutating func add(
        _ key: AggregationKey, _ message: [UInt8], kind: EventKind, priority: UInt8, at now: UInt64
    ) {
        if entries.isEmpty { end = now + spec.window }
        places[key] = entries.count
        entries.append(Entry(message: message, kind: kind, priority: priority))
        bytes += message.count
    }

    /// Ends the window: its events, in the order of their first, with their numbers.
    public mutating func drain(into batch: inout EventBatch) {
        for entry in entries {
            batch.bytes += entry.message
            Self.appendInfo(entry.count, to: &batch.bytes)
            batch.entries.append(
                EventBatch.Entry(end: batch.bytes.count, kind: entry.kind, priority: entry.priority))
        }
        entries.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
        bytes = 0
    }

    /// `aggregation_info` (1002) with its `count` (1): parts of a message may be put one behind another.
    private static func appendInfo(_ count: UInt64, to bytes: inout [UInt8]) {
        var number: [UInt8] = [1 << 3]
        appendVarint(count, to: &number)
        appendVarint(1002 << 3 | 2, to: &bytes)
        appendVarint(UInt64(number.count), to: &bytes)
        bytes += number
    }

    private static func appendVarint(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
