import GRPCCore
import GRPCNIOTransportHTTP2Posix
import LinuxSystem
import Logging
import SecurityIdentity
import Synchronization

/// A connection to etcd that is made again whenever it breaks, with the node's lease and a watch of all identities.
///
/// A task connects, keeps the lease and follows changes; the owner's thread asks, and takes what came.
final class EtcdConnection: Sendable {
    /// What came since the last look.
    struct News {
        var events: [EtcdWatchAnswer.Event] = []
        /// Events were missed: all has to be read again.
        var needsList = false
        /// The lease ended, or the data is that of another cluster.
        var claimsLost = false
    }

    private struct State {
        var calls: EtcdCalls?
        var lease: UInt64 = 0
        var news = News(needsList: true)
        /// The last revision whose changes are known; 0 = none.
        var revision: UInt64 = 0
        var cluster: UInt64 = 0
        /// Of the session: takes the revision from which it is to watch.
        var watchStart: AsyncStream<UInt64>.Continuation?
        var problem: String? = "not connected yet"
        var task: Task<Void, Never>?
    }

    /// Changes that may wait for the owner.
    private static let mostEvents = 50_000
    /// Between signs of life of the lease.
    private static let heartbeat = Duration.seconds(5)
    private static let firstWait = Duration.milliseconds(100)
    private static let longestWait = Duration.seconds(10)

    private let options: EtcdOptions
    private let keys: EtcdKeys
    private let logger: Logger
    private let state = Mutex(State())

    init(_ options: EtcdOptions, _ keys: EtcdKeys, logger: Logger) {
        self.options = options
        self.keys = keys
        self.logger = logger
    }

    func start() {
        let task = Task.detached { [self] in await run() }
        state.withLock { $0.task = task }
    }

    func stop() { state.withLock { $0.task.take() }?.cancel() }

    /// What is wrong; nil while connected.
    var problem: String? { state.withLock { $0.problem } }

    /// The lease of this node; 0 = there is none now.
    var lease: UInt64 { state.withLock { $0.lease } }

    // MARK: For the owner's thread

    /// Asks, and waits for the answer. Blocks the caller for some seconds at most.
    func ask(_ method: EtcdCalls.Method, _ request: [UInt8]) throws(IdentityStoreError) -> [UInt8] {
        guard let calls = state.withLock({ $0.calls }) else {
            throw .unavailable(problem ?? "etcd is not connected")
        }
        let answer = EtcdAnswerBox()
        let task = Task.detached {
            do {
                answer.set(.success(try await calls.ask(method, request)))
            } catch {
                answer.set(.failure(.unavailable("etcd: \(Self.sentence(error))")))
            }
        }
        guard let result = answer.wait(nanoseconds: 2 * 2_000_000_000) else {
            task.cancel()
            throw .unavailable("etcd does not answer")
        }
        return try result.get()
    }

    /// What came since the last call; nil where nothing can be read because there is no connection.
    func takeNews() -> News {
        state.withLock { state in
            defer { state.news = News(needsList: state.news.needsList && state.calls == nil) }
            var news = state.news
            // What cannot be read now is read later.
            if state.calls == nil { news.needsList = false }
            return news
        }
    }

    /// All identities were read as they were at a revision: follow what comes after it.
    func hasListed(at revision: UInt64) {
        state.withLock { state in
            state.revision = revision
            _ = state.watchStart?.yield(revision + 1)
        }
    }

    /// Reading all of them has failed: it has to be done again.
    func couldNotList() { state.withLock { $0.news.needsList = true } }

    // MARK: The task

    private func run() async {
        var turn = 0
        var wait = Self.firstWait
        while !Task.isCancelled {
            let endpoint = options.endpoints[turn % options.endpoints.count]
            var reason = "the connection ended"
            do {
                let transport = try options.transport(to: endpoint)
                try await withGRPCClient(transport: transport) { client in
                    try await session(EtcdCalls(client: client), endpoint) { wait = Self.firstWait }
                }
            } catch {
                reason = Self.sentence(error)
            }
            close("\(endpoint): \(reason)")
            turn += 1
            // Not all nodes at once when etcd comes back.
            let jitter = Double.random(in: 0.5...1)
            try? await Task.sleep(for: wait * jitter)
            wait = min(wait * 2, Self.longestWait)
        }
    }

    private func close(_ problem: String) {
        let wasConnected = state.withLock { state in
            defer {
                state.calls = nil
                state.watchStart?.finish()
                state.watchStart = nil
                state.problem = problem
            }
            return state.calls != nil
        }
        if wasConnected { logger.notice("etcd: connection lost: \(problem)") }
    }

    /// One connection, from the lease to the first thing that fails.
    private func session(
        _ calls: EtcdCalls, _ endpoint: EtcdOptions.Endpoint, established: () -> Void
    ) async throws {
        try await keepLease(calls)
        var range = EtcdRequest.Range(prefix: keys.identities)
        range.countsOnly = true
        let answer = EtcdRangeAnswer(try await calls.ask(.range, range.message))
        let (starts, start) = AsyncStream<UInt64>.makeStream()
        open(calls, answer.header, start)
        established()
        logger.info("etcd: connected to \(endpoint)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.heartbeat)
                    try await self.keepLease(calls)
                }
            }
            group.addTask {
                for await revision in starts { try await self.watch(calls, from: revision) }
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func open(_ calls: EtcdCalls, _ header: EtcdHeader, _ start: AsyncStream<UInt64>.Continuation) {
        state.withLock { state in
            // Another cluster, or one that was set back: what was known of it counts no more.
            let isOther =
                state.cluster != 0 && (state.cluster != header.cluster || header.revision < state.revision)
            if isOther {
                state.news.claimsLost = true
                state.revision = 0
            }
            state.cluster = header.cluster
            state.calls = calls
            state.problem = nil
            state.watchStart = start
            if state.revision == 0 || state.news.needsList {
                state.news.needsList = true
            } else {
                start.yield(state.revision + 1)
            }
        }
    }

    /// Keeps the lease of this node alive; takes a new one where it has ended.
    private func keepLease(_ calls: EtcdCalls) async throws {
        let lease = self.lease
        if lease != 0 {
            let answer = EtcdLeaseAnswer(
                try await calls.askOnce(.keepAlive, EtcdRequest.keepAlive(lease: lease)))
            if answer.seconds > 0 { return }
        }
        let granted = EtcdLeaseAnswer(
            try await calls.ask(.grant, EtcdRequest.grant(seconds: options.leaseSeconds)))
        guard granted.lease != 0 else {
            throw RPCError(code: .unavailable, message: "no lease was granted")
        }
        if lease != 0 { logger.notice("etcd: the lease of this node ended, there is a new one") }
        state.withLock { state in
            state.lease = granted.lease
            state.news.claimsLost = true
        }
    }

    /// Follows changes until they cannot be followed any more.
    private func watch(_ calls: EtcdCalls, from revision: UInt64) async throws {
        try await calls.follow(.watch, EtcdRequest.watch(prefix: keys.identities, from: revision)) {
            [self] bytes in
            take(EtcdWatchAnswer(bytes))
        }
        // Where changes were missed, the owner reads all and says from where on to watch.
        let isMissing = state.withLock { $0.news.needsList }
        if !isMissing { throw RPCError(code: .unavailable, message: "the watch ended") }
    }

    /// Returns whether to go on.
    private func take(_ answer: EtcdWatchAnswer) -> Bool {
        state.withLock { state in
            if answer.compactRevision != 0 || answer.isCanceled {
                // Compacted: changes since then are gone.
                state.news.needsList = answer.compactRevision != 0
                return false
            }
            guard state.news.events.count + answer.events.count <= Self.mostEvents else {
                state.news.events = []
                state.news.needsList = true
                return false
            }
            state.news.events += answer.events
            let newest = answer.events.map(\.pair.revision).max() ?? 0
            state.revision = max(state.revision, newest)
            return true
        }
    }

    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? RPCError else { return "\(error)" }
        return error.message.isEmpty ? "\(error.code)" : error.message
    }
}

/// An answer that a thread waits for.
private final class EtcdAnswerBox: Sendable {
    private let result = Mutex<Result<[UInt8], IdentityStoreError>?>(nil)
    private let done: EventFD?

    init() { done = try? EventFD() }

    func set(_ answer: Result<[UInt8], IdentityStoreError>) {
        result.withLock { $0 = answer }
        done?.signal()
    }

    func wait(nanoseconds: UInt64) -> Result<[UInt8], IdentityStoreError>? {
        _ = try? done?.wait(until: MonotonicClock.now &+ nanoseconds)
        return result.withLock { $0 }
    }
}
