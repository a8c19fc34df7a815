import AgentCore
import Testing

/// What programs in the kernel had no room for is said, because no gap in the stream shows it.
@Suite struct ProgramLossesTests {
    @Test func nothingLostIsNoProblem() {
        #expect(ProgramLosses.problems([:]) == [])
        #expect(ProgramLosses.problems(["storage_full": 0, "scratch_busy": 0, "no_process": 5]) == [])
    }

    @Test func eachKindOfLossIsASentenceWithItsNumber() {
        let problems = ProgramLosses.problems(["storage_full": 3, "scratch_busy": 41])
        #expect(problems.count == 2)
        #expect(problems.first?.hasPrefix("3 processes or sockets found no room") == true)
        #expect(problems.last?.hasPrefix("41 events found every buffer") == true)
        #expect(problems.allSatisfy { $0.contains("secctl verify") })
    }
}
