import AgentCore
import Testing

/// When sinks are given what was read.
struct HandoverPaceTests {
    private static let start: UInt64 = 1_000_000_000_000
    private static let rest = HandoverPace.rest

    @Test func whatComesAfterAPauseDoesNotWait() {
        var pace = HandoverPace()
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start) == true)
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start + Self.rest) == true)
    }

    @Test func whatComesSoonAfterWaitsForMore() {
        var pace = HandoverPace()
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start) == true)
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start + 1) == false)
        #expect(pace.isDue(after: 9, waiting: 900, isCalm: true, at: Self.start + Self.rest - 1) == false)
        #expect(pace.isDue(after: 9, waiting: 1800, isCalm: true, at: Self.start + Self.rest) == true)
    }

    @Test func nothingWaitsWhenNoMoreComesOrMuchDoes() {
        var pace = HandoverPace()
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start) == true)
        #expect(pace.isDue(after: 0, waiting: 100, isCalm: true, at: Self.start + 1) == true)
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: false, at: Self.start + 2) == true)
        #expect(pace.isDue(after: 99, waiting: HandoverPace.enough, isCalm: true, at: Self.start + 3) == true)
    }

    @Test func passesWithoutAnythingDoNotCount() {
        var pace = HandoverPace()
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start) == true)
        #expect(pace.isDue(after: 0, waiting: 0, isCalm: true, at: Self.start + Self.rest - 1) == true)
        #expect(pace.isDue(after: 1, waiting: 100, isCalm: true, at: Self.start + Self.rest) == true)
    }
}
