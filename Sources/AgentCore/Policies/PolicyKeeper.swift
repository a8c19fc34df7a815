package import AgentModel
import LinuxSystem
package import Logging
package import PolicyModel
import Synchronization
package import SystemPackage

/// The thread that owns the policies: it watches their files and does what the API asks, one after another.
package final class PolicyKeeper: @unchecked Sendable {
    // @unchecked: `store`, `watch` and `programs` are touched by the thread alone once it runs; the rest by the owner alone.

    private struct Control {
        var requests: [@Sendable (PolicyStore) -> Void] = []
        var isStopping = false
        /// Nobody will look at requests any more.
        var isClosed = false
    }

    private let store: PolicyStore
    private var watch: ConfiguredFileWatch
    private var programs: ProgramWatch
    private let control = Mutex(Control())
    private let wake: EventFD
    private var thread: LinuxSystem.Thread?
    /// Policies that a cluster had when this machine last asked, once it has started.
    package private(set) var keptOfCluster: Set<PolicyKey> = []

    /// Watches files from now on; nothing is read yet.
    /// - Throws: `Errno` where the kernel gives no descriptor.
    package init(_ options: PolicyOptions, runtime: any PolicyRuntime, logger: Logger) throws(Errno) {
        wake = try EventFD()
        // Before anything is read, so that no change is missed.
        watch = try ConfiguredFileWatch(
            ConfiguredFiles(options.paths + options.manifests, of: "policies"))
        programs = try ProgramWatch()
        store = PolicyStore(options, runtime: runtime, logger: logger)
    }

    /// Reads what is wanted, and lets run what can: when it returns, policies act. Then begins to follow files and to
    /// answer.
    /// - Throws: `Errno` where no thread can be made.
    package func start() throws(Errno) {
        store.start()
        keptOfCluster = store.clusterPolicies
        programs.follow(store.programs, binaries: store.binaries)
        thread = try LinuxSystem.Thread(name: "secd-policies") { [self] in run() }
    }

    /// Ends the thread; requests that wait are still done. Policies go on as they are.
    package func stop() {
        control.withLock { $0.isStopping = true }
        wake.signal()
        if let thread = thread.take() { thread.join() }
    }

    private func run() {
        while true {
            var descriptors: InlineArray<3, PollRequest> = [
                PollRequest(descriptor: wake.raw, wanted: .readable),
                PollRequest(descriptor: watch.raw, wanted: .readable),
                PollRequest(descriptor: programs.raw, wanted: .readable),
            ]
            // Nothing but a broken invariant can make this fail, and then the requests still wait.
            _ = try? Polling.wait(&descriptors, until: nil)
            wake.drain()
            // Taken first: a request finds every change of a file that was made before it.
            let (requests, isLast) = control.withLock { control in
                defer {
                    control.requests = []
                    control.isClosed = control.isStopping
                }
                return (control.requests, control.isStopping)
            }
            switch watch.take() {
            case .nothing: break
            case .files(let paths): store.refresh(paths)
            case .everything: store.refresh(nil)
            }
            programs.follow(store.programs, binaries: store.binaries)
            if programs.take() { store.refreshPrograms() }
            for request in requests { request(store) }
            programs.follow(store.programs, binaries: store.binaries)
            // A link that moved between the check and the watch sets off no event.
            if programs.hasMoved { wake.signal() }
            if isLast { return }
        }
    }

    /// Runs `body` on the thread; nil where it has ended.
    private func onThread<Answer: Sendable>(
        _ body: @escaping @Sendable (PolicyStore) -> Answer
    ) async -> Answer? {
        await withCheckedContinuation { continuation in
            let isAccepted = control.withLock { control in
                if control.isClosed { return false }
                control.requests.append { continuation.resume(returning: body($0)) }
                return true
            }
            if isAccepted { wake.signal() } else { continuation.resume(returning: nil) }
        }
    }

    private func change<Answer: Sendable>(
        _ body: @escaping @Sendable (PolicyStore) throws(PolicyChangeError) -> Answer
    ) async throws(PolicyChangeError) -> Answer {
        let result = await onThread { store -> Result<Answer, PolicyChangeError> in
            do throws(PolicyChangeError) {
                return .success(try body(store))
            } catch {
                return .failure(error)
            }
        }
        guard let result else { throw PolicyChangeError(.unavailable, "secd is stopping") }
        return try result.get()
    }

    // MARK: Questions and changes

    /// Every policy, wanted or running.
    package func statuses() async -> [PolicyStatus] { await onThread { $0.statuses } ?? [] }

    /// Sentences about what keeps policies from running.
    package func complaints() async -> [String] { await onThread { $0.complaints } ?? [] }

    /// Kernel memory of all policies together.
    package func kernelBytes() async -> UInt64 { await onThread { $0.runtime.kernelBytes } ?? 0 }

    /// Looks at all files again.
    package func reload() {
        control.withLock { $0.requests.append { $0.refresh(nil) } }
        wake.signal()
    }

    /// From now on `nodeSelector` is judged by these labels.
    package func adopt(nodeLabels: [String: String]) {
        control.withLock { $0.requests.append { $0.adopt(nodeLabels: nodeLabels) } }
        wake.signal()
    }

    /// Policies of a cluster have changed: `take` is called for the changes when the thread has time for them.
    package func adopt(_ take: @escaping @Sendable () -> [ClusterPolicyChange]) {
        control.withLock { $0.requests.append { $0.adopt(take()) } }
        wake.signal()
    }

    /// Makes what runs again: workloads have come that it has no class for.
    package func renew() {
        control.withLock { $0.requests.append { $0.renew() } }
        wake.signal()
    }

    /// Returns when all that was asked for before is done.
    /// - Returns: false where nothing is done any more.
    package func settle() async -> Bool { await onThread { _ in true } ?? false }

    /// As `PolicyStore.add`.
    package func add(_ addition: PolicyAddition) async throws(PolicyChangeError) -> [PolicyKey] {
        try await change { store throws(PolicyChangeError) in try store.add(addition) }
    }

    /// As `PolicyStore.delete`.
    package func delete(_ key: PolicyKey) async throws(PolicyChangeError) {
        try await change { store throws(PolicyChangeError) in try store.delete(key) }
    }

    /// As `PolicyStore.configure`.
    package func configure(
        _ key: PolicyKey, enabled: Bool?, mode: PolicyRunMode?
    ) async throws(PolicyChangeError) {
        try await change { store throws(PolicyChangeError) in
            try store.configure(key, enabled: enabled, mode: mode)
        }
    }
}
