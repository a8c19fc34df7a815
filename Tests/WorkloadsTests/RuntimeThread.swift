import Dispatch

/// Where tests wait for a runtime. Providers wait without giving their thread away, as those of the daemon do; on one of
/// the few threads of the concurrency runtime the answer could not come meanwhile.
@globalActor
actor RuntimeThread {
    static let shared = RuntimeThread()

    private final class Executor: SerialExecutor {
        private let queue = DispatchQueue(label: "runtime tests")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }

    private static let executor = Executor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe Self.executor.asUnownedSerialExecutor() }
}
