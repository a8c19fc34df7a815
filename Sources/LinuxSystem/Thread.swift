import CLinuxShims
import Glibc
public import SystemPackage

/// A named thread of its own, for what blocks or must not wait for others.
///
/// Not a `Task`: a blocked thread of the cooperative pool is missing everywhere else.
/// It must be joined, or left to itself; its owner forgetting it is a broken invariant.
public struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t

    /// Starts a thread.
    ///
    /// Signals that arrive at the process are blocked in it, so that the thread that handles
    /// signals gets them; faults and `interruptSignal` are not.
    /// - Parameter name: shown by `top -H`; the kernel keeps 15 bytes.
    public init(name: String, _ body: sending @escaping () -> Void) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var previous = sigset_t()
        var blocked = Self.asynchronousSignals
        try SystemCall.check(unsafe pthread_sigmask(SIG_SETMASK, &blocked, &previous))
        var handle = pthread_t()
        let result = unsafe pthread_create(
            &handle, nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            }, start.toOpaque())
        _ = unsafe pthread_sigmask(SIG_SETMASK, &previous, nil)
        if result != 0 {
            unsafe start.release()
            throw Errno(rawValue: result)
        }
        self.handle = handle
    }

    deinit {
        // glibc's handle of a thread is the address of its descriptor: never 0.
        precondition(handle == 0, "a thread was dropped without join or detach")
    }

    /// Waits for the thread's end.
    public consuming func join() {
        let number = handle
        discard self
        _ = pthread_join(number, nil)
    }

    /// Leaves the thread to itself, for one that a foreign file system may keep from ending: it goes with the
    /// process.
    public consuming func detach() {
        let number = handle
        discard self
        _ = pthread_detach(number)
    }

    /// Makes a system call that blocks the thread return EINTR. The call must not have begun yet for
    /// this to be missed, so repeat it until the thread shows that it has noticed.
    public borrowing func interrupt() {
        _ = pthread_kill(handle, Self.interruptSignal)
    }

    /// SIGURG: ignored by default, and used by nothing else here (Go's runtime chose it for the same reasons).
    static let interruptSignal = SIGURG

    /// Makes `interrupt` work in this process: a handler that does nothing, so that calls are
    /// interrupted instead of restarted.
    public static func prepareInterruption() {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_handler = { _ in }
        _ = unsafe sigaction(interruptSignal, &action, nil)
    }

    /// Gives the calling thread the least share of the processor (nice 19).
    public static func lowerPriority() {
        secd_lower_priority()
    }

    /// Asks that the calling thread has its turn soon after it wakes, for less at a time (slices of 0.1 ms): for
    /// threads that pass on what others wait for. Its share of the processor is the same. Kernels before 6.12 do not
    /// know it, and nothing happens there.
    public static func requestShortSlices() {
        secd_request_short_slices()
    }

    private static var asynchronousSignals: sigset_t {
        var set = sigset_t()
        unsafe sigfillset(&set)
        for signal in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGPROF, interruptSignal] {
            unsafe sigdelset(&set, signal)
        }
        return set
    }
}

/// What a new thread needs, moved to it through the one pointer that pthread_create passes.
private final class ThreadStart {
    private let name: String
    private let body: () -> Void

    init(name: String, body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }

    func run() {
        // A longer name is refused (ERANGE), not cut.
        let short = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        _ = unsafe pthread_setname_np(pthread_self(), short)
        body()
    }
}
