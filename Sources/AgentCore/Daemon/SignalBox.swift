import Glibc
import LinuxSystem
import Synchronization
import SystemPackage

/// Waits for signals and tells the service manager that the worker lives.
final class SignalBox: Sendable {
    private let signals: SignalFD
    private let thread = Mutex<LinuxSystem.Thread?>(nil)

    init(_ signals: consuming SignalFD) {
        self.signals = signals
    }

    /// Keeps the thread that runs `serve`.
    func keep(_ thread: consuming LinuxSystem.Thread) {
        var kept: LinuxSystem.Thread? = consume thread
        self.thread.withLock { $0 = kept.take() }
    }

    /// Waits for the thread's end, after `serve` has returned.
    func join() {
        if let thread = thread.withLock({ $0.take() }) { thread.join() }
    }

    /// Serves until SIGTERM or SIGINT; returns its name.
    /// - Parameters:
    ///   - watchdog: nanoseconds between signs of life, or nil.
    ///   - reload: returns what the service manager is told.
    func serve(_ daemon: Daemon, watchdog: UInt64?, reload: () -> String) -> String {
        while true {
            let deadline = watchdog.map { MonotonicClock.now + $0 }
            var requests: InlineArray<1, PollRequest> = [
                PollRequest(descriptor: signals.raw, wanted: .readable)
            ]
            let woken = (try? Polling.wait(&requests, until: deadline)) ?? true
            // Only a worker that still makes passes earns the sign of life.
            if !woken {
                if daemon.engine.answers(within: 1_000_000_000) { ServiceNotifier.alive() }
                continue
            }
            while let number = signals.next() {
                switch number {
                case SIGHUP:
                    ServiceNotifier.reloading()
                    ServiceNotifier.ready(reload())
                case SIGTERM: return "SIGTERM"
                case SIGINT: return "SIGINT"
                default: break
                }
            }
        }
    }
}
