import AgentCore
import ArgumentParser

/// The daemon. Everything is in `AgentCore`, where tests reach it.
@main
struct Secd {
    static func main() async {
        // First, on the only thread that exists yet: threads inherit what is blocked.
        DaemonSignals.block()
        await DaemonCommand.main()
    }
}
