import CEventABI
import EventFilters
import EventModel
import EventReference
import TestSupport
import Testing

@Suite struct AggregationTests {
    private let samples = SampleEvents()

    private func sample(_ kind: EventKind) throws -> Event {
        try #require(samples.onePerKind.first { $0.kind == kind })
    }

    /// The sample of a socket event with another record.
    private func socket(_ kind: EventKind, _ change: (inout secd_socket) -> Void) throws -> Event {
        var event = try sample(kind)
        guard case .socket(var socket) = event.body else { throw NoSocket() }
        change(&socket.record)
        event.body = .socket(socket)
        return event
    }

    private struct NoSocket: Error {}

    @Test func oneConnectIsLikeAnotherToTheSamePeer() throws {
        let key = try #require(AggregationKey(sample(.socketConnect)))
        let again = try socket(.socketConnect) {
            $0.cookie += 1
            $0.local_port += 1
            $0.head.time_ns += 1000
        }
        #expect(AggregationKey(again) == key)
        let elsewhere = try socket(.socketConnect) { $0.remote_port += 1 }
        #expect(try #require(AggregationKey(elsewhere)) != key)
        let failed = try socket(.socketConnect) { $0.event = UInt16(SECD_SOCKET_FAILED) }
        #expect(try #require(AggregationKey(failed)) != key)
        var other = try sample(.socketConnect)
        other.head.process = other.process?.parent
        #expect(try #require(AggregationKey(other)) != key)
    }

    @Test func acceptsOfOnePeerAreAlikeWhateverItsPort() throws {
        let key = try #require(AggregationKey(sample(.socketAccept)))
        #expect(try AggregationKey(socket(.socketAccept) { $0.remote_port += 1 }) == key)
        #expect(try AggregationKey(socket(.socketAccept) { $0.local_port += 1 }) != key)
    }

    @Test(arguments: EventKind.allCases) func whatIsAggregated(_ kind: EventKind) throws {
        let aggregated: Set<EventKind> = [
            .socketCreate, .socketConnect, .socketAccept, .socketDatagram, .fileOpen, .fileCreate,
            .fileDelete,
            .fileRename, .fileLink, .fileChmod, .fileChown, .fileMap,
        ]
        #expect((AggregationKey(try sample(kind)) != nil) == aggregated.contains(kind))
    }

    @Test func aWindowTellsTheFirstWithTheNumber() throws {
        let connect = try sample(.socketConnect)
        let key = try #require(AggregationKey(connect))
        let otherKey = try #require(AggregationKey(sample(.socketAccept)))
        let message = connect.wire(samples.context)
        var window = AggregationWindow(try AggregationSpec(window: 1000))
        #expect(!window.count(key) && !window.isOver(at: .max))
        window.add(key, message, kind: .socketConnect, priority: 6, at: 5000)
        #expect(window.count(key) && window.count(key) && !window.count(otherKey))
        window.add(otherKey, message, kind: .socketAccept, priority: 6, at: 5900)
        #expect(!window.isOver(at: 5999) && window.isOver(at: 6000))
        var batch = EventBatch()
        window.drain(into: &batch)
        #expect(batch.entries.map(\.kind) == [.socketConnect, .socketAccept])
        let counts = try (0..<2).map { index in
            let fields = try #require(WireMessage(batch.bytes[batch.range(of: index)]))
            return try #require(fields.message(1002)).varint(1)
        }
        #expect(counts == [3, 1])
        #expect(Array(batch.bytes[..<message.count]) == message)
        #expect(window.isEmpty && !window.count(key))
    }

    @Test func aFullWindowEndsEarly() throws {
        let key = try #require(AggregationKey(sample(.socketConnect)))
        var window = AggregationWindow(try AggregationSpec(window: 1000, capacity: 1))
        window.add(key, [], kind: .socketConnect, priority: 6, at: 0)
        #expect(window.isOver(at: 1))
    }

    @Test(arguments: [0, -1, 3_600_000_000_001] as [Int64])
    func windowsThatAreNone(_ nanoseconds: Int64) {
        let error = #expect(throws: FilterError.self) { try AggregationSpec(window: nanoseconds) }
        #expect(error?.field == "aggregation_options.window_size")
    }

    @Test func usualWindow() throws {
        #expect(try AggregationSpec().window == 15_000_000_000)
    }
}
