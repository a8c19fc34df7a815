import EventModel
import Export
import LinuxSystem
import Testing

@Suite struct BatchQueueTests {
    @Test func batchesComeOutInOrderAndTheirMemoryGoesRound() throws {
        let queue = try BatchQueue(limitBytes: 1 << 20)
        var spare = queue.push(batch(0..<3))
        for round in 0..<100 {
            guard case .batch(let taken) = queue.next(until: 0) else { return #expect(Bool(false)) }
            #expect(taken.entries.count == 3)
            queue.recycle(taken)
            for number in 0..<3 { append(round * 3 + number, width: 0, to: &spare) }
            let before = spare.bytes.capacity
            spare = queue.push(spare)
            // From the second round on, every batch has been used before.
            if round > 4 { #expect(spare.bytes.capacity > 0 && before > 0) }
        }
    }

    @Test func aBacklogIsPutTogether() throws {
        let queue = try BatchQueue(limitBytes: 1 << 20)
        for number in 0..<100 { _ = queue.push(batch(number..<number + 1)) }
        guard case .batch(let taken) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(taken.entries.count == 100)
        for index in 0..<100 {
            #expect(
                String(decoding: taken.bytes[taken.range(of: index)], as: UTF8.self) == "{\"n\":\(index)}\n")
        }
    }

    @Test func lossIsCountedExactlyAndStaysInItsPlace() throws {
        let queue = try BatchQueue(limitBytes: 256 << 10)
        var accepted = 0
        // 100 events of 1 KiB each: the third batch does not fit.
        for number in 0..<5 {
            _ = queue.push(batch(number * 100..<number * 100 + 100, width: 1024))
            if queue.account.lost == 0 { accepted += 1 }
        }
        #expect(accepted == 2)
        #expect(queue.account.lost == 300)
        guard case .batch(let first) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(first.entries.count == 200)
        _ = queue.push(batch(500..<501))
        guard case .gap(let gap) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(gap.lostEvents == 300)
        #expect(gap.cause == .queueFull)
        #expect(gap.firstTime > 0 && gap.firstTime <= gap.lastTime)
        guard case .batch(let second) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(second.entries.count == 1)
        guard case .timedOut = queue.next(until: 0) else { return #expect(Bool(false)) }
    }

    @Test func aGapAtTheEndIsReportedWithoutALaterBatch() throws {
        let queue = try BatchQueue(limitBytes: 64 << 10)
        _ = queue.push(batch(0..<60, width: 1000))
        _ = queue.push(batch(60..<120, width: 1000))
        guard case .batch = queue.next(until: 0) else { return #expect(Bool(false)) }
        guard case .gap(let gap) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(gap.lostEvents == 60)
    }

    @Test func whatUpstreamLostIsAGapToo() throws {
        let queue = try BatchQueue(limitBytes: 1 << 20)
        var late = batch(0..<1)
        late.lostBefore = 7
        _ = queue.push(late)
        guard case .gap(let gap) = queue.next(until: 0) else { return #expect(Bool(false)) }
        #expect(gap.lostEvents == 7)
    }

    @Test func aBatchLargerThanTheQueueIsTakenWhenItIsAlone() throws {
        let queue = try BatchQueue(limitBytes: 1024)
        _ = queue.push(batch(0..<10, width: 1000))
        #expect(queue.account.lost == 0)
        _ = queue.push(batch(10..<11))
        #expect(queue.account.lost == 1)
    }

    @Test func aClosedQueueDrainsThenEnds() throws {
        let queue = try BatchQueue(limitBytes: 1 << 20)
        _ = queue.push(batch(0..<2))
        queue.close(drainUntil: MonotonicClock.now + 10_000_000_000)
        _ = queue.push(batch(2..<5))
        #expect(queue.account.lost == 3)
        guard case .batch = queue.next(until: nil), case .gap = queue.next(until: nil),
            case .closed = queue.next(until: nil)
        else { return #expect(Bool(false)) }
    }

    @Test func aQueueOutOfTimeCountsWhatItDrops() throws {
        let queue = try BatchQueue(limitBytes: 1 << 20)
        _ = queue.push(batch(0..<9))
        queue.close(drainUntil: 0)
        guard case .closed = queue.next(until: nil) else { return #expect(Bool(false)) }
        #expect(queue.account == (0, 9))
    }

    @Test func aWaitingConsumerIsWokenAcrossThreads() throws {
        let queue = try BatchQueue(limitBytes: 16 << 20)
        let total = 200_000
        let producer = try Thread(name: "producer") {
            var spare = EventBatch()
            for number in 0..<total {
                append(number, width: 0, to: &spare)
                if number % 7 == 6 || number == total - 1 { spare = queue.push(spare) }
            }
            queue.close(drainUntil: .max)
        }
        var next = 0
        consuming: while true {
            switch queue.next(until: nil) {
            case .batch(let taken):
                for index in taken.entries.indices {
                    let line = String(
                        decoding: taken.bytes[taken.range(of: index)].dropFirst(5).dropLast(2), as: UTF8.self)
                    if Int(line) != next { #expect(Int(line) == next) }
                    next += 1
                }
                queue.recycle(taken)
            case .gap(let gap): next += Int(gap.lostEvents)
            case .closed: break consuming
            case .woken, .timedOut: break
            }
        }
        producer.join()
        #expect(next == total)
    }
}
