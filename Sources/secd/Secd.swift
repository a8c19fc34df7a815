import AgentCore
import ArgumentParser
import Glibc

/// The daemon. Everything is in `AgentCore`, where tests reach it.
@main
struct Secd {
    static func main() {
        // First, on the only thread that exists yet: threads inherit what is blocked.
        DaemonSignals.block()
        Task.detached {
            await DaemonCommand.main()
            exit(0)
        }
        // Not an async main: libdispatch would park the main thread in a sigsuspend with every signal
        // unblocked (`_dispatch_sigsuspend`), and SIGHUP would end the daemon instead of reloading it.
        while true { pause() }
    }
}
