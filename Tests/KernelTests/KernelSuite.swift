import Testing

/// Everything that needs the real kernel: load the sensors, do it, expect the event.
///
/// One after another: the tests share an engine and a machine. `SECD_TEST_SCALE` makes counts smaller.
@Suite(
    "Kernel", .serialized,
    .enabled(if: Kernel.canLoadPrograms, "needs root and a kernel that accepts BPF programs"))
enum KernelSuite {}
