import CLinuxShims
import Glibc

/// The signals that a daemon receives through a descriptor instead of a handler.
public enum DaemonSignals {
    static let handled = [SIGTERM, SIGINT, SIGHUP]

    /// Blocks them in the calling thread and in all that it starts. To be called before anything else.
    public static func block() {
        // A reader that goes away must not take the daemon with it.
        _ = signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in handled { unsafe sigaddset(&set, number) }
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }
}
