import Testing

/// Everything that needs the real kernel: load the sensors, do it, expect the event.
///
/// One after another: the tests share an engine and a machine. `SECD_TEST_SCALE` makes counts smaller.
@Suite(
    "Kernel", .serialized, EmptyCaptures(),
    .enabled(if: Kernel.canLoadPrograms, "needs root and a kernel that accepts BPF programs"))
enum KernelSuite {}

/// Every test begins with captures in which nothing is.
struct EmptyCaptures: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    @concurrent func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        if testCase != nil { Capture.forgetAll() }
        try await function()
    }
}
