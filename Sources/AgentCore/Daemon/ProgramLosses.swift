/// What programs in the kernel could not tell because they had no room: no record was made, so no number of the stream
/// is missing either, and `secctl verify` cannot know of it.
package enum ProgramLosses {
    /// Sentences for an operator; none where nothing was lost.
    /// - Parameter counters: of the programs, by place.
    package static func problems(_ counters: [String: UInt64]) -> [String] {
        var problems: [String] = []
        if let count = counters["storage_full"], count > 0 {
            problems.append(
                "\(count) processes or sockets found no room in the kernel's tables, and were not told or without their ends; secctl verify does not show these"
            )
        }
        if let count = counters["scratch_busy"], count > 0 {
            problems.append(
                "\(count) events found every buffer of their processor taken, and were not told; secctl verify does not show these"
            )
        }
        return problems
    }
}
