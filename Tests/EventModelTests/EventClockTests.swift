import EventModel
import Testing
import TextEncoding

@Suite struct EventClockTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start = 1_800_000_000 * second

    @Test func aClockThatIsSetForwardIsFollowedAtOnce() {
        var clock = EventClock(offset: Self.start)
        #expect(clock.time(5).nanoseconds == Self.start + 5)
        clock.follow(offset: Self.start + 3600 * Self.second, at: 10)
        #expect(clock.time(11).nanoseconds == Self.start + 3600 * Self.second + 11)
        #expect(clock.ahead(at: 11) == 0)
    }

    @Test func aClockThatIsSetBackIsCaughtUpWithAndTimesNeverGoBack() {
        var clock = EventClock(offset: Self.start)
        var last: UInt64 = 0
        let step = 100 * Self.second
        var ahead: [UInt64] = []
        // Measured once a second; ten events in each; the wall clock goes back by 100 s after 20 s.
        for second in UInt64(0)..<260 {
            let wall = Self.start - (second >= 20 ? step : 0)
            clock.follow(offset: wall, at: second * Self.second)
            ahead.append(clock.ahead(at: second * Self.second))
            for tenth in UInt64(0)..<10 {
                let boot = second * Self.second + tenth * Self.second / 10
                let time = clock.time(boot).nanoseconds
                #expect(time > last)
                last = time
                #expect(time == wall + boot + clock.ahead(at: boot))
            }
        }
        // Right again after twice the step, and exact.
        #expect(ahead[19] == 0 && ahead[20] == step)
        #expect(ahead[219] == Self.second / 2 && ahead[220] == 0)
        #expect(clock.time(300 * Self.second).nanoseconds == Self.start - step + 300 * Self.second)
    }

    @Test func theClocksJitterIsNoStep() {
        var clock = EventClock(offset: Self.start)
        var last: UInt64 = 0
        for second in UInt64(1)..<100 {
            clock.follow(offset: Self.start + second % 3 * 200, at: second * Self.second)
            for boot in [second * Self.second, second * Self.second + 1, second * Self.second + 1000] {
                let time = clock.time(boot).nanoseconds
                #expect(time >= last)
                last = time
            }
        }
        #expect(clock.ahead(at: 100 * Self.second) == 0)
    }
}
