import AgentCore
import Testing

/// How long the reader sleeps, by what it read.
struct ReadingPaceTests {
    private static let start: UInt64 = 1_000_000_000_000
    private static let millisecond: UInt64 = 1_000_000

    @Test func aMachineWhereNothingHappensIsLookedAtAFewTimesASecond() {
        var pace = ReadingPace(from: 0)
        var now = Self.start
        _ = pace.watched(after: 1, at: now)
        var sleeps: [Int32] = []
        for _ in 0..<5 {
            now += Self.millisecond
            sleeps.append(pace.watched(after: 0, at: now))
        }
        #expect(sleeps == [64, 80, 80, 80, 80])
    }

    @Test func manyRecordsInAMillisecondAreReadEachMillisecond() {
        var pace = ReadingPace(from: 0)
        _ = pace.watched(after: 0, at: Self.start)
        #expect(pace.watched(after: 100, at: Self.start + Self.millisecond) == ReadingPace.busy)
        // The same rate, whatever the last sleep was.
        #expect(pace.watched(after: 800, at: Self.start + 9 * Self.millisecond) == ReadingPace.busy)
    }

    @Test func fewRecordsWaitForEachOther() {
        var pace = ReadingPace(from: 0)
        _ = pace.watched(after: 0, at: Self.start)
        #expect(pace.watched(after: 19, at: Self.start + Self.millisecond) == ReadingPace.watched)
        #expect(pace.watched(after: 20, at: Self.start + 2 * Self.millisecond) == ReadingPace.busy)
    }

    @Test func betweenBurstsItIsLookedEveryFewMilliseconds() {
        var pace = ReadingPace(from: 0)
        _ = pace.watched(after: 0, at: Self.start)
        let burst = Self.start + Self.millisecond
        #expect(pace.watched(after: 1000, at: burst) == ReadingPace.busy)
        #expect(!pace.isCalm)
        #expect(pace.watched(after: 0, at: burst + Self.millisecond) == ReadingPace.alert)
        #expect(
            pace.watched(after: 1, at: burst + ReadingPace.alertTime - Self.millisecond) == ReadingPace.alert)
        #expect(pace.watched(after: 1, at: burst + ReadingPace.alertTime) == ReadingPace.watched)
        #expect(pace.isCalm)
        #expect(pace.watched(after: 0, at: burst + ReadingPace.alertTime + 1) == 2 * ReadingPace.watched)
    }

    @Test func afterTheStartNobodyWaitsForTheFirstEvents() {
        var pace = ReadingPace(from: Self.start)
        #expect(
            pace.sleep(after: 0, at: Self.start + Self.millisecond, isWatched: false) == ReadingPace.alert)
        let end = Self.start + ReadingPace.startTime
        #expect(pace.sleep(after: 0, at: end - 1, isWatched: false) == ReadingPace.alert)
        #expect(pace.sleep(after: 0, at: end, isWatched: false) == ReadingPace.quiet)
    }

    @Test func whatTheReaderWasWokenForIsReadWhenItHasSettled() {
        #expect(ReadingPace.settling(after: 3 * Self.millisecond, of: ReadingPace.quiet) == 1)
        #expect(ReadingPace.settling(after: 0, of: ReadingPace.watchedIdle) == 1)
        // One that ended by itself, and those after which the next pass comes soon in any case.
        #expect(ReadingPace.settling(after: 32 * Self.millisecond, of: 32) == 0)
        #expect(ReadingPace.settling(after: 0, of: ReadingPace.alert) == 0)
        #expect(ReadingPace.settling(after: 0, of: ReadingPace.busy) == 0)
    }

    @Test func whereNobodyLooksOnRecordsWaitLonger() {
        var pace = ReadingPace(from: 0)
        _ = pace.sleep(after: 0, at: Self.start, isWatched: false)
        for (index, count) in [1, 0, 0, 19].enumerated() {
            let now = Self.start + UInt64(index + 1) * Self.millisecond
            #expect(pace.sleep(after: count, at: now, isWatched: false) == ReadingPace.quiet)
            #expect(pace.isCalm)
        }
        // Bursts are read as quickly, and who comes to look on finds it so at once.
        let burst = Self.start + 10 * Self.millisecond
        #expect(pace.sleep(after: 1000, at: burst, isWatched: false) == ReadingPace.busy)
        #expect(pace.sleep(after: 0, at: burst + 1, isWatched: false) == ReadingPace.alert)
        let calm = burst + ReadingPace.alertTime
        #expect(pace.sleep(after: 1, at: calm, isWatched: false) == ReadingPace.quiet)
        #expect(pace.watched(after: 1, at: calm + Self.millisecond) == ReadingPace.watched)
    }
}

extension ReadingPace {
    /// While somebody looks on.
    fileprivate mutating func watched(after count: Int, at now: UInt64) -> Int32 {
        sleep(after: count, at: now, isWatched: true)
    }
}
