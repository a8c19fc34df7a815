import Testing

/// The programs as a user has them: `secd` and `secctl` beside this test, run as root with files of their own.
///
/// One after another: a daemon watches the whole machine, and several that start at once only wait for the
/// kernel's verifier.
@Suite(
    "Daemon", .serialized,
    .enabled(if: Programs.areThere, "needs the built programs secd and secctl beside the test"),
    .enabled(if: Programs.canLoad, "needs root and a kernel that accepts BPF programs"))
enum DaemonSuite {}
