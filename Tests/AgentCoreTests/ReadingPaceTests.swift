import AgentCore
import Testing

/// How long the reader sleeps, by what it read.
struct ReadingPaceTests {
    private static let start: UInt64 = 1_000_000_000_000
    private static let millisecond: UInt64 = 1_000_000

    @Test func aMachineWhereNothingHappensIsLookedAtAFewTimesASecond() {
        var pace = ReadingPace()
        var now = Self.start
        _ = pace.sleep(after: 1, at: now)
        var sleeps: [Int32] = []
        for _ in 0..<5 {
            now += Self.millisecond
            sleeps.append(pace.sleep(after: 0, at: now))
        }
        #expect(sleeps == [64, 80, 80, 80, 80])
    }

    @Test func manyRecordsInAMillisecondAreReadEachMillisecond() {
        var pace = ReadingPace()
        _ = pace.sleep(after: 0, at: Self.start)
        #expect(pace.sleep(after: 100, at: Self.start + Self.millisecond) == ReadingPace.busy)
        // The same rate, whatever the last sleep was.
        #expect(pace.sleep(after: 800, at: Self.start + 9 * Self.millisecond) == ReadingPace.busy)
    }

    @Test func fewRecordsWaitForEachOther() {
        var pace = ReadingPace()
        _ = pace.sleep(after: 0, at: Self.start)
        #expect(pace.sleep(after: 19, at: Self.start + Self.millisecond) == ReadingPace.quiet)
        #expect(pace.sleep(after: 20, at: Self.start + 2 * Self.millisecond) == ReadingPace.busy)
    }

    @Test func betweenBurstsItIsLookedEveryFewMilliseconds() {
        var pace = ReadingPace()
        _ = pace.sleep(after: 0, at: Self.start)
        let burst = Self.start + Self.millisecond
        #expect(pace.sleep(after: 1000, at: burst) == ReadingPace.busy)
        #expect(!pace.isCalm)
        #expect(pace.sleep(after: 0, at: burst + Self.millisecond) == ReadingPace.alert)
        #expect(
            pace.sleep(after: 1, at: burst + ReadingPace.alertTime - Self.millisecond) == ReadingPace.alert)
        #expect(pace.sleep(after: 1, at: burst + ReadingPace.alertTime) == ReadingPace.quiet)
        #expect(pace.isCalm)
        #expect(pace.sleep(after: 0, at: burst + ReadingPace.alertTime + 1) == 2 * ReadingPace.quiet)
    }
}
