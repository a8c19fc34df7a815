import LinuxSystem
import Synchronization
import SystemPackage

/// The thread of a sink, and how it ends.
struct SinkThread: ~Copyable, Sendable {
    private let thread: Mutex<ThreadOwner>
    /// Signalled by the thread when it is done.
    private let done: DoneSignal

    init(name: String, _ body: sending @escaping () -> Void) throws(Errno) {
        let done = DoneSignal(event: try EventFD())
        let thread = try Thread(name: name) {
            body()
            done.event.signal()
        }
        self.done = done
        self.thread = Mutex(ThreadOwner(thread: thread))
    }

    /// Waits for the end; past `deadline` (CLOCK_MONOTONIC, nanoseconds) system calls that hold the
    /// thread are interrupted until it gives up.
    borrowing func join(interruptAfter deadline: UInt64) {
        let thread = thread.withLock { $0.take() }
        guard let thread else { return }
        var wait = deadline
        while (try? done.event.wait(until: wait)) != true {
            thread.interrupt()
            wait = MonotonicClock.now + 20_000_000
        }
        thread.join()
    }
}

private final class DoneSignal: Sendable {
    let event: EventFD
    init(event: consuming EventFD) { self.event = event }
}

private struct ThreadOwner: ~Copyable, Sendable {
    private var thread: Thread?

    init(thread: consuming Thread) { self.thread = consume thread }

    mutating func take() -> Thread? { thread.take() }
}
