public import Logging
import Synchronization
public import SystemPackage

/// All providers of a machine, asked side by side.
public final class WorkloadDirectory: @unchecked Sendable {
    // @unchecked: `threads` is set once, before any of them runs.

    /// Who is told; called on the threads of providers.
    public struct Listener: Sendable {
        /// Containers were found, or have changed.
        public var found: @Sendable ([FoundWorkload]) -> Void
        /// All providers have looked for this cgroup, and whether one of them may find it a moment later.
        public var answered: @Sendable (WorkloadQuestion, Bool) -> Void

        public init(
            found: @escaping @Sendable ([FoundWorkload]) -> Void,
            answered: @escaping @Sendable (WorkloadQuestion, Bool) -> Void
        ) {
            self.found = found
            self.answered = answered
        }
    }

    private struct Books {
        var open: [WorkloadQuestion: OpenQuestion] = [:]
        var states: [String: ProviderState] = [:]
    }

    private struct OpenQuestion {
        /// Providers that have not looked yet.
        var left: Int
        /// One that has may find it a moment later.
        var isEarly = false
    }

    private var threads: [ProviderThread] = []
    private let listener: Listener
    private let logger: Logger
    private let books = Mutex(Books())

    /// Makes the threads; nothing is asked yet.
    /// - Throws: `Errno` where the kernel gives no descriptor.
    public init(
        _ providers: [any WorkloadProvider], _ listener: Listener, logger: Logger
    ) throws(Errno) {
        self.listener = listener
        self.logger = logger
        for provider in providers {
            let name = provider.name
            threads.append(
                try ProviderThread(
                    provider,
                    ProviderThread.Reports(
                        found: listener.found, answered: { [weak self] in self?.count($0, isEarly: $1) },
                        state: { [weak self] in self?.note($0, of: name) })))
        }
    }

    /// Begins to follow what runs.
    /// - Throws: `Errno` where no thread can be made.
    public func start() throws(Errno) {
        for thread in threads { try thread.start() }
    }

    /// Ends all threads; each ends its call first, which takes some seconds at most.
    public func stop() {
        for thread in threads { thread.stop() }
    }

    /// Asks all providers about a cgroup; `answered` comes when the last has looked.
    public func ask(_ question: WorkloadQuestion) {
        let isNew = books.withLock { books in
            guard !threads.isEmpty, books.open[question] == nil else { return threads.isEmpty }
            books.open[question] = OpenQuestion(left: threads.count)
            return true
        }
        guard isNew else { return }
        if threads.isEmpty { return listener.answered(question, false) }
        for thread in threads { thread.ask(question) }
    }

    /// How each provider does, by name.
    public var states: [String: ProviderState] { books.withLock { $0.states } }

    private func count(_ question: WorkloadQuestion, isEarly: Bool) {
        let done: OpenQuestion? = books.withLock { books in
            guard var open = books.open[question] else { return nil }
            open.left -= 1
            open.isEarly = open.isEarly || isEarly
            books.open[question] = open.left > 0 ? open : nil
            return open.left > 0 ? nil : open
        }
        if let done { listener.answered(question, done.isEarly) }
    }

    private func note(_ state: ProviderState, of name: String) {
        let previous = books.withLock { $0.states.updateValue(state, forKey: name) }
        guard state != previous else { return }
        switch state {
        case .connected: logger.info("workloads: \(name) is followed")
        case .polled(let reason): logger.info("workloads: \(name) is followed by lists: \(reason)")
        case .partly(let reason): logger.warning("workloads: \(name) is followed, but \(reason)")
        case .standby(let reason):
            if previous != nil { logger.info("workloads: \(name) is not asked: \(reason)") }
        case .absent: if previous != nil { logger.notice("workloads: \(name) is gone") }
        case .failing(let reason): logger.warning("workloads: \(name): \(reason)")
        }
    }
}
