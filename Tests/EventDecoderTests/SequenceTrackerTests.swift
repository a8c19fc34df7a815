import EventDecoder
import TestSupport
import Testing

/// The proof that a stream is whole rests on this: what was received and what is missing must add
/// up to what was sent, whatever order the numbers come in.
@Suite struct SequenceTrackerTests {
    typealias Gap = SequenceTracker.Gap

    @Test func numbersInOrderLeaveNothing() {
        var tracker = SequenceTracker()
        for number in UInt64(1)...1000 { #expect(tracker.take(number) == nil) }
        expect(tracker, received: 1000, missing: 0, highest: 1000)
        #expect(tracker.close(through: 1000) == nil)
    }

    @Test(arguments: [[2, 1], [1, 3, 2], [3, 2, 1], [1, 5, 4, 3, 2], [2, 4, 1, 3]])
    func inversionsInsideTheWindowAreNoGap(_ numbers: [UInt64]) {
        var tracker = SequenceTracker()
        for number in numbers { #expect(tracker.take(number) == nil) }
        expect(tracker, received: UInt64(numbers.count), missing: 0, highest: numbers.max() ?? 0)
        #expect(tracker.next == UInt64(numbers.count) + 1)
    }

    @Test func aHoleIsAGapWhen65LaterNumbersHaveCome() {
        var tracker = SequenceTracker()
        _ = tracker.take(1)
        for number in UInt64(5)..<5 + 64 { #expect(tracker.take(number) == nil) }
        #expect(tracker.missing == 0)
        #expect(tracker.take(69) == Gap(first: 2, last: 4))
        expect(tracker, received: 66, missing: 3, highest: 69)
        #expect(tracker.take(70) == nil)
        #expect(tracker.next == 71)
    }

    @Test func theMissingNumberMayComeInTheLastMoment() {
        var tracker = SequenceTracker()
        for number in UInt64(2)..<2 + 64 { #expect(tracker.take(number) == nil) }
        #expect(tracker.take(1) == nil)
        expect(tracker, received: 65, missing: 0, highest: 65)
    }

    @Test func holesAreDeclaredOneByOne() {
        var tracker = SequenceTracker()
        var gaps: [Gap] = []
        // 2, 4, 6, … are lost.
        for number in stride(from: UInt64(1), through: 399, by: 2) {
            if let gap = tracker.take(number) { gaps.append(gap) }
        }
        #expect(gaps == (1...gaps.count).map { Gap(first: UInt64($0) * 2, last: UInt64($0) * 2) })
        while let gap = tracker.close(through: 400) { gaps.append(gap) }
        #expect(gaps.count == 200)
        expect(tracker, received: 200, missing: 200, highest: 400)
    }

    @Test func aNumberThatComesTwiceIsAStray() {
        var tracker = SequenceTracker()
        for number: UInt64 in [1, 2, 2, 5, 5, 1] { #expect(tracker.take(number) == nil) }
        #expect(tracker.strays == 3)
        #expect(tracker.highest == 5)
        #expect(tracker.next == 3)
    }

    @Test func aNumberBehindItsDeclaredGapIsAStray() {
        var tracker = SequenceTracker()
        #expect(tracker.close(through: 10) == Gap(first: 1, last: 10))
        #expect(tracker.take(4) == nil)
        #expect(tracker.strays == 1)
        #expect(tracker.missing == 10)
    }

    @Test func closingEndsBeforeTheNextNumberThatCame() {
        var tracker = SequenceTracker()
        for number: UInt64 in [1, 4, 8] { _ = tracker.take(number) }
        #expect(tracker.close(through: 10) == Gap(first: 2, last: 3))
        #expect(tracker.close(through: 10) == Gap(first: 5, last: 7))
        #expect(tracker.close(through: 10) == Gap(first: 9, last: 10))
        #expect(tracker.close(through: 10) == nil)
        expect(tracker, received: 3, missing: 7, highest: 10)
    }

    @Test func closingInTheMiddleOfAHoleLeavesItsRest() {
        var tracker = SequenceTracker()
        _ = tracker.take(10)
        #expect(tracker.close(through: 4) == Gap(first: 1, last: 4))
        #expect(tracker.take(5) == nil)
        #expect(tracker.close(through: 9) == Gap(first: 6, last: 9))
        expect(tracker, received: 2, missing: 8, highest: 10)
    }

    /// Numbers 1…n, some dropped, the others displaced by less than the window.
    @Test(arguments: 0..<50)
    func receivedAndMissingAddUpExactly(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = UInt64.random(in: 1...20_000, using: &random)
        let lossPerMille = [0, 1, 50, 500, 990][Int(seed % 5)]
        var sent: [(number: UInt64, arrival: UInt64)] = []
        var lost: Set<UInt64> = []
        for number in 1...count {
            if Int.random(in: 0..<1000, using: &random) < lossPerMille {
                lost.insert(number)
            } else {
                // Displaced by less than half the window, so that no hole is declared too early.
                sent.append((number, number + UInt64.random(in: 0..<32, using: &random)))
            }
        }
        sent.sort { $0.arrival < $1.arrival }
        var tracker = SequenceTracker()
        var declared: Set<UInt64> = []
        func book(_ gap: Gap) {
            for number in gap.first...gap.last { #expect(declared.insert(number).inserted) }
        }
        for (number, _) in sent {
            if let gap = tracker.take(number) { book(gap) }
        }
        while let gap = tracker.close(through: count) { book(gap) }
        #expect(declared == lost)
        #expect(tracker.strays == 0)
        expect(tracker, received: UInt64(sent.count), missing: UInt64(lost.count), highest: count)
        #expect(tracker.received + tracker.missing == count)
    }

    private func expect(
        _ tracker: SequenceTracker, received: UInt64, missing: UInt64, highest: UInt64,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(tracker.received == received, sourceLocation: location)
        #expect(tracker.missing == missing, sourceLocation: location)
        #expect(tracker.highest == highest, sourceLocation: location)
        #expect(tracker.strays == 0, sourceLocation: location)
    }
}
