import AgentCore
import CEventABI
import EventDecoder
import EventModel
import PolicyEngine
import PolicyModel
import ProcessTree
import Testing

/// Calls that the kernel counted, on their way to events.
@Suite struct CallCountTests {
    private static let second: UInt64 = 1_000_000_000
    private static let counter: UInt32 = 70

    private let tree = ProcessTree(
        context: EncodingContext(nodeName: "node", clusterName: "", stream: "00000001", bootOffset: 0))

    /// What a record shows of a key; `label` stands for its arguments.
    private static func shown(_ key: UInt64, label: String, interval: UInt64 = 10) -> PolicyCount {
        var event = PolicyEvent(
            hook: PolicyHook(.function("f"), mechanism: "kprobe", effect: .observe), matches: [],
            generation: 1)
        event.error = UInt32(label.utf8.count)
        return PolicyCount(
            key: PolicyCountKey(counter: counter, values: (key, 0)), event: event,
            interval: interval * Self.second)
    }

    private static func epoch(_ calls: [UInt64: UInt64], rest: UInt64 = 0) -> CallCounter.Epoch {
        var epoch = CallCounter.Epoch()
        epoch.calls = calls.map {
            (secd_policy_count_key(values: ($0.key, 0), counter: counter, reserved: 0), $0.value)
        }
        if rest > 0 { epoch.rest = [(counter, rest)] }
        return epoch
    }

    private static func span(_ from: UInt64, _ to: UInt64) -> Range<UInt64> { from * second..<to * second }

    /// The rule without arguments, which is told where no record says more.
    private static var counts: CallCounts {
        var counts = CallCounts()
        counts.learn([shown(0, label: "")])
        return counts
    }

    @Test func aKeyIsToldWhenItsIntervalIsOverWithAllThatWasCounted() {
        var counts = Self.counts
        counts.learn(Self.shown(1, label: "a"), of: nil, tree)

        let early = counts.take(Self.epoch([1: 3]), Self.span(0, 5), isLast: false, tree)
        let due = counts.take(Self.epoch([1: 4]), Self.span(5, 10), isLast: false, tree)
        let after = counts.take(Self.epoch([:]), Self.span(10, 20), isLast: false, tree)

        #expect(early.isEmpty && after.isEmpty)
        #expect(due.map(\.event.count) == [7])
        #expect(due.map(\.event.interval) == [10 * Self.second])
        #expect(due.map(\.event.error) == [1])
        #expect(due.map(\.time) == [10 * Self.second])
    }

    @Test func withTheLastSpanEverythingIsTold() {
        var counts = Self.counts
        counts.learn(Self.shown(1, label: "a"), of: nil, tree)
        counts.learn(Self.shown(2, label: "ab"), of: nil, tree)

        let due = counts.take(Self.epoch([1: 3, 2: 1]), Self.span(0, 1), isLast: true, tree)

        #expect(due.map(\.event.count).sorted() == [1, 3])
        #expect(due.map(\.event.error).sorted() == [1, 2])
    }

    @Test func aKeyWhoseRecordDoesNotComeIsToldWithoutArgumentsTwoSecondsLater() {
        var counts = Self.counts

        let due = [(0, 10), (10, 11), (11, 12)].map { from, to in
            counts.take(Self.epoch(from == 0 ? [1: 5] : [:]), Self.span(from, to), isLast: false, tree)
        }

        #expect(due.map(\.count) == [0, 0, 1])
        #expect(due.last?.first?.event.count == 5 && due.last?.first?.event.error == 0)
    }

    @Test func callsWithoutRoomAreToldAtOnceAsOne() {
        var counts = Self.counts

        let due = counts.take(Self.epoch([:], rest: 3616), Self.span(0, 1), isLast: false, tree)

        #expect(due.map(\.event.count) == [3616])
        #expect(due.first?.event.arguments.isEmpty == true && due.first?.process == nil)
    }

    @Test func callsOfARuleThatNobodyKnowsAreNoEvent() {
        var counts = CallCounts()

        #expect(
            counts.take(Self.epoch([1: 5], rest: 2), Self.span(0, 100), isLast: true, tree).isEmpty)
    }

    @Test func theProcessStaysKnownUntilItsCountIsTold() throws {
        var image = ProcessImage()
        image.head.image = secd_image(start_ns: 5, pid: 7, reserved: 0)
        image.head.flags = SECD_IMAGE_SEEDED
        tree.seed(image)
        let process = try #require(tree.find(image.head.image))
        let before = process.references
        var counts = Self.counts

        counts.learn(Self.shown(1, label: "a"), of: process, tree)
        // The same key again brings no second process.
        counts.learn(Self.shown(1, label: "a"), of: process, tree)
        #expect(process.references == before + 1)
        let due = counts.take(Self.epoch([1: 2]), Self.span(0, 10), isLast: false, tree)

        #expect(due.first?.process === process)
        #expect(process.references == before)
    }
}
