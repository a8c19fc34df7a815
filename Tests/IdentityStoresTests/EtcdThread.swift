import Dispatch

/// Where tests wait for etcd. The store waits without giving its thread away, as the daemon's thread for it does; on
/// one of the few threads of the concurrency runtime the answer could not come meanwhile.
@globalActor
actor EtcdThread {
    static let shared = EtcdThread()

    private final class Executor: SerialExecutor {
        private let queue = DispatchQueue(label: "etcd tests")

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
        }
    }

    private static let executor = Executor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe Self.executor.asUnownedSerialExecutor() }
}
